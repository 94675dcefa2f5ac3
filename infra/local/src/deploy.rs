//! Deploys the real templates: `template.yaml` in the home region, `infra/regional.yaml` in each further one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderMap;
use zip::result::ZipError;

use crate::bundle::{self, Bundle};
use crate::cloud::{ACCOUNT, Cloud, CloudError, rows_of, text_of, unreadable};
use crate::grants;
use crate::http::Ask;

const HOME_TEMPLATE: &str = "template.yaml";
const REGIONAL_TEMPLATE: &str = "infra/regional.yaml";
const COMPLETE_WITHIN: Duration = Duration::from_secs(120);

/// What to deploy, and where.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The folder with `template.yaml`.
    pub project: PathBuf,
    /// For each function, its binary for this machine.
    pub binaries: BTreeMap<String, PathBuf>,
    /// The templates' parameter `Prefix`.
    pub prefix: String,
    pub home_region: String,
    /// The regions beside the home region.
    pub further_regions: Vec<String>,
    /// The ARN of the operator who may put tenants: the templates' parameter `Administrators`.
    pub administrator: String,
    /// Mails a second and region: the templates' parameter `SendRate`.
    pub send_rate: u32,
    /// Text messages a second and region: the templates' parameter `TextRate`.
    pub text_rate: u32,
    /// The templates' parameter `SettleSeconds`.
    pub settle_seconds: u32,
}

/// The deployed stacks.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// The outputs of each region's stack, by region.
    pub outputs: BTreeMap<String, BTreeMap<String, String>>,
    pub home_region: String,
    /// The id of the HTTP API.
    pub api: String,
    /// Where the HTTP API answers; a path such as `/webhooks/{tenant}/{source}` goes behind it.
    pub api_url: String,
    /// The vault's bucket.
    pub vault: String,
    /// For each function, the SHA-256 of its zip, which stands in the path of its processes.
    packages: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    #[error(transparent)]
    Cloud(#[from] CloudError),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("no binary was given for the function {0}")]
    NoBinary(String),
    #[error("the binary of {function} does not fit into a zip: {source}")]
    NotZipped { function: String, source: ZipError },
    #[error("the stack {stack} in {region} is {status}:\n{reasons}")]
    Failed { stack: String, region: String, status: String, reasons: String },
    #[error("the stack {stack} in {region} was not complete within {} seconds", COMPLETE_WITHIN.as_secs())]
    Slow { stack: String, region: String },
    #[error("the stack in {region} has no output {output}")]
    NoOutput { region: String, output: &'static str },
    #[error("the processes of {function} cannot be listed or ended: {source}")]
    NoProcess { function: String, source: std::io::Error },
}

/// Packages the functions, makes the stacks of all regions, and waits until they are complete.
pub async fn deploy(cloud: &Cloud, installation: &Installation) -> Result<Deployed, DeployError> {
    let packages = package(installation)?;
    let mut outputs = BTreeMap::new();
    for region in &installation.further_regions {
        let stack = format!("{}-{region}", installation.prefix);
        let template = upload(cloud, installation, &packages, region, REGIONAL_TEMPLATE, "").await?;
        let parameters = regional_parameters(installation);
        outputs.insert(region.clone(), create(cloud, region, &stack, &template, &parameters).await?);
    }
    let home = &installation.home_region;
    let nested = expand_regional(cloud, installation, &packages).await?;
    let template = upload(cloud, installation, &packages, home, HOME_TEMPLATE, &nested).await?;
    let parameters = common_parameters(installation);
    outputs.insert(home.clone(), create(cloud, home, &installation.prefix, &template, &parameters).await?);
    grants::add_what_the_emulator_asks(cloud).await?;
    deployed(cloud, home, outputs, packages)
}

/// The release binaries of a folder such as `target/release`, by function, for the functions named.
pub fn binaries_in(folder: &Path, functions: &[&str]) -> BTreeMap<String, PathBuf> {
    functions.iter().map(|function| ((*function).to_owned(), folder.join(function))).collect()
}

impl Deployed {
    pub(crate) fn api_ask(&self, method: Method, path: &str, body: Bytes) -> Ask {
        let target = format!("{}{path}", api_path(&self.api));
        Ask { method, target, headers: HeaderMap::new(), body }
    }

    /// The ids of the running processes of a function, in all regions.
    pub async fn processes(&self, function: &str) -> Result<Vec<u32>, DeployError> {
        let Some(package) = self.packages.get(function) else { return Ok(Vec::new()) };
        let ps = run(function, "ps", &["-axo".to_owned(), "pid=,args=".to_owned()]).await?;
        let path = format!("/{package}/bootstrap");
        let of_the_function = ps.lines().filter(|line| line.ends_with(&path));
        Ok(of_the_function.filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect())
    }

    /// Kills the running processes of a function, in all regions, as a crash would; gives how many there were.
    /// The next event starts a new one. What the killed ones had taken from a queue comes back when its
    /// visibility timeout has passed: see [`Cloud::set_visibility`].
    pub async fn kill(&self, function: &str) -> Result<usize, DeployError> {
        let processes = self.processes(function).await?;
        if processes.is_empty() {
            return Ok(0);
        }
        let ids = processes.iter().map(u32::to_string);
        run(function, "kill", &[vec!["-9".to_owned()], ids.collect()].concat()).await?;
        Ok(processes.len())
    }
}

/// Runs a command about a function's processes; gives what it said.
async fn run(function: &str, command: &str, arguments: &[String]) -> Result<String, DeployError> {
    let output = tokio::process::Command::new(command).args(arguments).output().await;
    let output = output.map_err(|source| DeployError::NoProcess { function: function.to_owned(), source })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where the emulator serves an HTTP API beside its host of its own.
fn api_path(api: &str) -> String {
    format!("/_aws/execute-api/{api}/$default")
}

fn deployed(
    cloud: &Cloud,
    home: &str,
    outputs: BTreeMap<String, BTreeMap<String, String>>,
    packages: BTreeMap<String, Bundle>,
) -> Result<Deployed, DeployError> {
    let output = |name: &'static str| {
        let found = outputs.get(home).and_then(|of_home| of_home.get(name)).cloned();
        found.ok_or_else(|| DeployError::NoOutput { region: home.to_owned(), output: name })
    };
    let api = output("ApiId")?;
    let vault = output("Vault")?;
    // The output ApiUrl has a host under `localhost`, which not every resolver knows; this is the same API.
    let api_url = format!("{}{}", cloud.endpoint(), api_path(&api));
    let packages = packages.into_iter().map(|(function, bundle)| (function, bundle.sha256)).collect();
    let home_region = home.to_owned();
    Ok(Deployed { outputs, home_region, api, api_url, vault, packages })
}

fn package(installation: &Installation) -> Result<BTreeMap<String, Bundle>, DeployError> {
    let home = read_template(installation, HOME_TEMPLATE)?;
    let regional = read_template(installation, REGIONAL_TEMPLATE)?;
    let named: BTreeSet<&str> =
        bundle::functions(&home).into_iter().chain(bundle::functions(&regional)).collect();
    let mut packages = BTreeMap::new();
    for function in named {
        let path =
            installation.binaries.get(function).ok_or_else(|| DeployError::NoBinary(function.to_owned()))?;
        let binary =
            std::fs::read(path).map_err(|source| DeployError::File { path: path.clone(), source })?;
        let bundle = Bundle::of(&binary)
            .map_err(|source| DeployError::NotZipped { function: function.to_owned(), source })?;
        packages.insert(function.to_owned(), bundle);
    }
    Ok(packages)
}

/// Uploads a template and the code it names, as `sam package` does; gives the template's URL.
async fn upload(
    cloud: &Cloud,
    installation: &Installation,
    packages: &BTreeMap<String, Bundle>,
    region: &str,
    path: &str,
    nested: &str,
) -> Result<String, DeployError> {
    let bucket = format!("{}-packages-{ACCOUNT}-{region}", installation.prefix);
    create_bucket(cloud, region, &bucket).await?;
    let template = read_template(installation, path)?;
    for function in bundle::functions(&template) {
        let bundle = packages.get(function).ok_or_else(|| DeployError::NoBinary(function.to_owned()))?;
        cloud.put_object(region, &bucket, &bundle.key(), bundle.zip.clone()).await?;
    }
    let code = |function: &str| {
        let key = packages.get(function).map(Bundle::key).unwrap_or_default();
        format!("s3://{bucket}/{key}")
    };
    let packaged = bundle::rewrite(&template, code, nested);
    cloud.put_object(region, &bucket, path, Bytes::from(packaged)).await?;
    Ok(format!("{}/{bucket}/{path}", cloud.endpoint()))
}

async fn create_bucket(cloud: &Cloud, region: &str, bucket: &str) -> Result<(), DeployError> {
    let place = format!(
        "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
    );
    // The oldest region is the one that may not be named.
    let body = if region == "us-east-1" { Bytes::new() } else { Bytes::from(place) };
    match cloud.call("CreateBucket", "s3", region, Method::PUT, format!("/{bucket}"), body).await {
        Ok(_) => Ok(()),
        Err(CloudError::Refused { message, .. }) if message.contains("BucketAlreadyOwnedByYou") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The stand-in for the SAM transform of nested templates, which AWS does and the emulator does not: has the
/// emulator expand the regional template in a change set that is never carried out, and uploads what came out.
async fn expand_regional(
    cloud: &Cloud,
    installation: &Installation,
    packages: &BTreeMap<String, Bundle>,
) -> Result<String, DeployError> {
    let region = &installation.home_region;
    let url = upload(cloud, installation, packages, region, REGIONAL_TEMPLATE, "").await?;
    let stack = format!("{}-expansion", installation.prefix);
    let names = [("StackName", stack.as_str()), ("ChangeSetName", "expansion")];
    let mut parameters = stack_parameters(&stack, &url, &regional_parameters(installation));
    parameters.push(("ChangeSetName".to_owned(), "expansion".to_owned()));
    parameters.push(("ChangeSetType".to_owned(), "CREATE".to_owned()));
    formation(cloud, region, "CreateChangeSet", &borrowed(&parameters)).await?;
    loop_until(|| async {
        let answer = formation(cloud, region, "DescribeChangeSet", &names).await?;
        Ok(text_of(&answer, "Status")
            .filter(|status| !status.contains("PROGRESS") && !status.contains("PENDING")))
    })
    .await?
    .ok_or_else(|| DeployError::Slow { stack: stack.clone(), region: region.clone() })?;
    let processed =
        [("StackName", stack.as_str()), ("ChangeSetName", "expansion"), ("TemplateStage", "Processed")];
    let answer = formation(cloud, region, "GetTemplate", &processed).await?;
    let template = text_of(&answer, "TemplateBody").ok_or_else(|| unreadable("GetTemplate"))?;
    formation(cloud, region, "DeleteStack", &[("StackName", stack.as_str())]).await?;
    let bucket = format!("{}-packages-{ACCOUNT}-{region}", installation.prefix);
    cloud.put_object(region, &bucket, "regional.json", Bytes::from(template)).await?;
    Ok(format!("{}/{bucket}/regional.json", cloud.endpoint()))
}

async fn create(
    cloud: &Cloud,
    region: &str,
    stack: &str,
    template: &str,
    parameters: &[(&str, String)],
) -> Result<BTreeMap<String, String>, DeployError> {
    let parameters = stack_parameters(stack, template, parameters);
    formation(cloud, region, "CreateStack", &borrowed(&parameters)).await?;
    let description = loop_until(|| async {
        let answer = formation(cloud, region, "DescribeStacks", &[("StackName", stack)]).await?;
        let done = text_of(&answer, "StackStatus").is_some_and(|status| !status.ends_with("IN_PROGRESS"));
        Ok(done.then_some(answer))
    })
    .await?
    .ok_or_else(|| DeployError::Slow { stack: stack.to_owned(), region: region.to_owned() })?;
    let status = text_of(&description, "StackStatus").unwrap_or_default();
    if status != "CREATE_COMPLETE" {
        let reasons = failures(cloud, region, stack).await?;
        return Err(DeployError::Failed {
            stack: stack.to_owned(),
            region: region.to_owned(),
            status,
            reasons,
        });
    }
    let outputs = rows_of(&description, "Outputs");
    let pair = |row: BTreeMap<String, String>| {
        Some((row.get("OutputKey")?.clone(), row.get("OutputValue")?.clone()))
    };
    Ok(outputs.into_iter().filter_map(pair).collect())
}

/// Which resources failed, and why, the first failure first.
async fn failures(cloud: &Cloud, region: &str, stack: &str) -> Result<String, DeployError> {
    let answer = formation(cloud, region, "DescribeStackEvents", &[("StackName", stack)]).await?;
    let events = rows_of(&answer, "StackEvents");
    let failed = events
        .iter()
        .rev()
        .filter(|event| event.get("ResourceStatus").is_some_and(|status| status.ends_with("FAILED")));
    let field = |event: &BTreeMap<String, String>, name: &str| event.get(name).cloned().unwrap_or_default();
    let lines: Vec<String> = failed
        .map(|event| {
            format!("  {}: {}", field(event, "LogicalResourceId"), field(event, "ResourceStatusReason"))
        })
        .collect();
    Ok(lines.join("\n"))
}

async fn formation(
    cloud: &Cloud,
    region: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<String, CloudError> {
    cloud.query("cloudformation", region, action, parameters).await
}

/// Asks until there is an answer, or the time is over.
async fn loop_until<T, F>(mut ask: impl FnMut() -> F) -> Result<Option<T>, CloudError>
where
    F: Future<Output = Result<Option<T>, CloudError>>,
{
    let end = Instant::now() + COMPLETE_WITHIN;
    while Instant::now() < end {
        if let Some(answer) = ask().await? {
            return Ok(Some(answer));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(None)
}

fn common_parameters(installation: &Installation) -> Vec<(&'static str, String)> {
    let mut regions = vec![installation.home_region.as_str()];
    regions.extend(installation.further_regions.iter().map(String::as_str));
    // The emulator runs what this machine can run; the parameter only says so.
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    vec![
        ("Prefix", installation.prefix.clone()),
        ("Regions", regions.join(",")),
        ("Administrators", installation.administrator.clone()),
        ("SendRate", installation.send_rate.to_string()),
        ("TextRate", installation.text_rate.to_string()),
        // The emulator writes no delivery logs of texts.
        ("TextLogs", "false".to_owned()),
        ("SettleSeconds", installation.settle_seconds.to_string()),
        // The emulator's mailbox counts every mail, and the demo's figures are of people alone.
        ("CanaryMinutes", "0".to_owned()),
        ("Architecture", architecture.to_owned()),
    ]
}

fn regional_parameters(installation: &Installation) -> Vec<(&'static str, String)> {
    let mut parameters = common_parameters(installation);
    parameters.push(("HomeRegion", installation.home_region.clone()));
    parameters
}

fn stack_parameters(stack: &str, template: &str, parameters: &[(&str, String)]) -> Vec<(String, String)> {
    let mut all = vec![
        ("StackName".to_owned(), stack.to_owned()),
        ("TemplateURL".to_owned(), template.to_owned()),
        ("Capabilities.member.1".to_owned(), "CAPABILITY_IAM".to_owned()),
        ("Capabilities.member.2".to_owned(), "CAPABILITY_AUTO_EXPAND".to_owned()),
    ];
    for (number, (name, value)) in (1..).zip(parameters) {
        all.push((format!("Parameters.member.{number}.ParameterKey"), (*name).to_owned()));
        all.push((format!("Parameters.member.{number}.ParameterValue"), value.clone()));
    }
    all
}

fn borrowed(parameters: &[(String, String)]) -> Vec<(&str, &str)> {
    parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn read_template(installation: &Installation, path: &str) -> Result<String, DeployError> {
    let path = installation.project.join(path);
    std::fs::read_to_string(&path).map_err(|source| DeployError::File { path, source })
}
