//! The demo from beginning to end.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tocsin_law::{Confidence, RulePack};
use tocsin_local::cloud::Cloud;
use tocsin_local::deploy::{Deployed, Installation, binaries_in, deploy};
use tocsin_local::emulator::{Emulator, EmulatorOptions, Policies};
use tocsin_local::front_door::FrontDoor;
use tocsin_local::mailbox_provider::{MailboxProvider, Weather};
use tocsin_local::people::{Population, TenantSize, populate};
use tocsin_local::{Bytes, Method};

use crate::Trouble;
use crate::checks::{self, Unsigned};
use crate::command::Operator;
use crate::doubts;
use crate::figures;
use crate::killer::Killer;
use crate::merchants::{
    ADMINISTRATOR, APPROVER, COUNSEL, RESPONDER, SENDER_DOMAINS, SHOP, SHOP_DOMAIN, WEBSITE, arn,
    manifest_key, shop, website,
};
use crate::messages;
use crate::options::Options;
use crate::screen::{Screen, Stage};
use crate::table;
use crate::truth;

pub const HOME: &str = "eu-central-1";
pub const FURTHER: [&str; 2] = ["us-east-1", "ap-southeast-2"];
pub const FUNCTIONS: [&str; 11] = [
    "console",
    "dispatch",
    "inbox",
    "intake-siem",
    "intake-webhook",
    "plan",
    "receipts",
    "scope",
    "send",
    "triage",
    "watch",
];

/// Longer than any stage takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a doubt waits for evidence. In life a quarter of an hour.
const SETTLE_SECONDS: u32 = 20;

/// How often the tick that seals the log is tried.
const SEALING_TRIES: usize = 5;

/// Everything that runs.
pub struct Scene {
    pub mailboxes: MailboxProvider,
    pub deployed: Deployed,
    pub emulator: Emulator,
    pub approver: Operator,
    pub responder: Operator,
    /// Of the shop, and of the website.
    pub populations: Vec<Population>,
}

impl Scene {
    pub fn cloud(&self) -> &Cloud {
        self.emulator.cloud()
    }

    pub fn regions() -> impl Iterator<Item = &'static str> {
        std::iter::once(HOME).chain(FURTHER)
    }
}

/// Tells the story; `true` when every check held.
pub async fn tell(options: &Options) -> Result<bool, Trouble> {
    let mut screen = Screen::new();
    println!("Tocsin on this machine: {} customers, seed {}\n", options.people, options.seed);
    let binaries = build(&mut screen).await?;
    let scene = set_the_scene(options, &binaries, &mut screen).await?;
    // Before anything is on its way: a message that was taken already keeps its long time.
    let killer = Killer::of(options, &scene).await?;
    let unsigned = strangers_knock(&scene, &mut screen).await?;
    let incident = something_happens(&scene, &killer, &mut screen).await?;
    let planned = follow_to_the_plan(&scene, &incident, &killer, &mut screen).await?;
    if !approval(options, &scene, &incident, &planned).await? {
        println!("\nNot approved: nothing was sent.");
        return Ok(false);
    }
    follow_to_the_end(&scene, &incident, &killer, &mut screen).await?;
    seal(&scene, &killer, &mut screen).await?;
    killer.says(&scene)?;
    println!("\n{}", scene.approver.do_it(&["incident", "show", "--tenant", SHOP, &incident]).await?);
    if let Some(file) = &options.table {
        table::write(file, &show(&scene, &incident).await?)?;
    }
    let mut held = checks::all(&scene, &incident, &unsigned, &killer).await?;
    if options.figures {
        held &= figures::print(&screen, &scene, &planned).await?;
    }
    if options.keep {
        keep(&scene, &incident).await?;
    }
    Ok(held)
}

/// Builds the functions and the operator's command, in release.
async fn build(screen: &mut Screen) -> Result<PathBuf, Trouble> {
    let stage = screen.stage("build", "cargo build --release");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut arguments = vec!["build".to_owned(), "--release".to_owned(), "--quiet".to_owned()];
    for package in FUNCTIONS {
        // By path: a crate of the same name may stand among the dependencies.
        let manifest = project().join("functions").join(package);
        arguments.extend(["-p".to_owned(), format!("path+file://{}#0.1.0", manifest.display())]);
    }
    arguments.extend(["-p".to_owned(), "tocsin-cli".to_owned()]);
    let built = tokio::process::Command::new(cargo).args(&arguments).current_dir(project()).status().await?;
    if !built.success() {
        return Err("the functions do not build; cargo's own message stands above".into());
    }
    screen.end(stage, "ten functions and the command `tocsin`");
    Ok(release_folder())
}

async fn set_the_scene(options: &Options, binaries: &Path, screen: &mut Screen) -> Result<Scene, Trouble> {
    let stage = screen.stage("cloud", "starting the local cloud");
    let door = FrontDoor::build().await?;
    let emulator = Emulator::start(&EmulatorOptions {
        name: "demo".to_owned(),
        state: project().join("target/local"),
        home_region: HOME.to_owned(),
        policies: Policies::Checked,
        environment: door.environment(),
    })
    .await?;
    let weather = Weather { lost_answers: options.lose_answers, ..Weather::usual(options.seed) };
    let mailboxes = door.open(emulator.cloud(), weather);
    screen.end(
        stage,
        &format!("emulator on loopback, signatures and IAM policies checked ({})", emulator.log().display()),
    );

    let stage = screen.stage("deploy", "template.yaml and infra/regional.yaml");
    let installation = Installation {
        project: project(),
        binaries: binaries_in(binaries, &FUNCTIONS),
        prefix: "tocsin".to_owned(),
        home_region: HOME.to_owned(),
        further_regions: FURTHER.map(str::to_owned).to_vec(),
        administrator: arn(ADMINISTRATOR),
        send_rate: 10_000,
        text_rate: 10_000,
        settle_seconds: SETTLE_SECONDS,
    };
    let deployed = deploy(emulator.cloud(), &installation).await?;
    screen.end(stage, &format!("three regions; webhooks at {}", deployed.api_url));

    let cloud = emulator.cloud();
    let sign_in = async |name: &str| -> Result<Operator, Trouble> {
        let credentials = cloud.create_operator(&deployed, name).await?;
        Ok(Operator::new(&binaries.join("tocsin"), &deployed.api_url, HOME, credentials))
    };
    let (administrator, approver, responder) =
        (sign_in(ADMINISTRATOR).await?, sign_in(APPROVER).await?, sign_in(RESPONDER).await?);
    let counsel = sign_in(COUNSEL).await?;
    let stage = screen.stage("tenants", "two merchants and their customers");
    let populations = settle_in(options, cloud, &deployed, &administrator).await?;
    for tenant in [SHOP, WEBSITE] {
        confirm_rules(&counsel, tenant).await?;
    }
    let people: usize = populations.iter().map(|population| population.people.len()).sum();
    let places = populations.first().map_or(0, |shop| shop.residences().len());
    screen.end(stage, &format!("{SHOP} and {WEBSITE}: {people} customers in {places} jurisdictions"));
    Ok(Scene { mailboxes, deployed, emulator, approver, responder, populations })
}

async fn settle_in(
    options: &Options,
    cloud: &Cloud,
    deployed: &Deployed,
    administrator: &Operator,
) -> Result<Vec<Population>, Trouble> {
    let affected = options.people as usize;
    let populations = populate(
        options.seed,
        &[
            TenantSize { tenant: SHOP.to_owned(), affected, unaffected: affected / 5 },
            TenantSize { tenant: WEBSITE.to_owned(), affected: affected / 2, unaffected: 0 },
        ],
    );
    for region in Scene::regions() {
        for domain in SENDER_DOMAINS {
            cloud.verify_sender(region, domain).await?;
        }
    }
    for population in &populations {
        let manifest = Bytes::from(population.manifest.clone());
        cloud.put_object(HOME, &deployed.vault, &manifest_key(&population.tenant), manifest).await?;
    }
    let folder = project().join("target/local");
    let secret = folder.join("demo-shopify-secret");
    std::fs::write(&secret, messages::SHOP_SECRET)?;
    for (tenant, settings) in [(SHOP, shop()), (WEBSITE, website())] {
        let file = folder.join(format!("demo-{tenant}.json"));
        std::fs::write(&file, serde_json::to_vec_pretty(&settings)?)?;
        let (file, secret) = (file.display().to_string(), format!("webhook-shopify={}", secret.display()));
        let mut arguments = vec!["tenant", "put", file.as_str()];
        if tenant == SHOP {
            arguments.extend(["--secret", secret.as_str()]);
        }
        administrator.do_it(&arguments).await?;
    }
    Ok(populations)
}

/// Counsel confirms, beforehand, every rule whose text is not verified: no plan waits for it then.
async fn confirm_rules(counsel: &Operator, tenant: &str) -> Result<(), Trouble> {
    let rules = RulePack::shipped().rules().filter(|rule| rule.confidence != Confidence::Verified);
    let rules: Vec<String> = rules.map(|rule| format!("{}@{}", rule.id, rule.effective_from)).collect();
    let mut arguments = vec!["law", "confirm", "--tenant", tenant, "--reason", "read at its source"];
    arguments.extend(rules.iter().map(String::as_str));
    counsel.do_it(&arguments).await?;
    Ok(())
}

/// A webhook without a signature, one that nobody can read, and a message of no known kind.
async fn strangers_knock(scene: &Scene, screen: &mut Screen) -> Result<Unsigned, Trouble> {
    let stage = screen.stage("strangers", "an unsigned webhook, a malformed one, a malformed finding");
    let body = messages::webhook_body();
    let before = checks::traces(scene).await?;
    let status = post(scene, &body, None).await?;
    let unsigned = Unsigned { status, before, after: checks::traces(scene).await? };
    let malformed = post(scene, messages::MALFORMED_BODY, Some(messages::MALFORMED_BODY)).await?;
    scene.cloud().send_message(HOME, "tocsin-siem", messages::MALFORMED_FINDING).await?;
    // Its end is waited for: who is killed between parking a message and saying so parks it twice, and the check
    // that counts what was parked would not know why.
    until(async || {
        let depth = scene.cloud().queue_depth(HOME, "tocsin-siem").await?;
        Ok((depth.waiting + depth.in_flight == 0).then_some(()))
    })
    .await?;
    screen.end(stage, &format!("answered {status} and {malformed}; the finding is parked"));
    Ok(unsigned)
}

/// Posts a webhook to the shop's path; signed over `signed` where that is given.
async fn post(scene: &Scene, body: &str, signed: Option<&str>) -> Result<u16, Trouble> {
    let signature = signed.map(messages::signature).transpose()?;
    let headers = messages::headers(signature.as_deref());
    let headers: Vec<(&'static str, &str)> =
        headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = format!("/webhooks/{SHOP}/shopify");
    let body = Bytes::from(body.to_owned());
    let answer =
        scene.cloud().call_api_unsigned(&scene.deployed, Method::POST, &path, &headers, body).await?;
    Ok(answer.status.as_u16())
}

/// The finding and the webhook come in; the incident's id.
async fn something_happens(scene: &Scene, killer: &Killer, screen: &mut Screen) -> Result<String, Trouble> {
    let stage = screen.stage("signals", "a GuardDuty finding and a Shopify webhook");
    #[expect(clippy::disallowed_methods, reason = "the demo plays the world, which has a clock")]
    let now = Timestamp::now();
    scene.cloud().send_message(HOME, "tocsin-siem", &messages::finding(now)?).await?;
    let body = messages::webhook_body();
    let opened = until(async || {
        let list = async || scene.approver.ask(&["incident", "list", "--tenant", SHOP, "--json"]).await;
        let list = killer.beside(scene, "console", list).await?;
        Ok(list["incidents"][0]["id"].as_str().map(str::to_owned))
    });
    let incident = killer.during(scene, &["intake-siem", "triage"], opened).await?;
    let status = killer
        .beside(scene, "intake-webhook", async || answered(post(scene, &body, Some(&body)).await?))
        .await?;
    screen.end(stage, &format!("S3 exfiltration from {SHOP_DOMAIN}'s exports; webhook answered {status}"));
    println!("  {:<12} {incident}", "incident");
    Ok(incident)
}

/// The status, unless it says that the function behind the API did not answer.
fn answered(status: u16) -> Result<u16, Trouble> {
    if status >= 500 { Err(format!("the webhook was answered {status}").into()) } else { Ok(status) }
}

/// Waits until people are found and the plan stands, and shows what is owed.
async fn follow_to_the_plan(
    scene: &Scene,
    incident: &str,
    killer: &Killer,
    screen: &mut Screen,
) -> Result<Value, Trouble> {
    let mut stage: Option<Stage> = None;
    let stands = until(async || {
        let shown = killer.beside(scene, "console", async || show(scene, incident).await).await?;
        let slices = shown["slices"].as_array().cloned().unwrap_or_default();
        let read = slices.iter().filter(|slice| !slice["counted"].is_null()).count() as u64;
        let slice_count = slices.len().max(1) as u64;
        stage.get_or_insert_with(|| screen.counted("people", "slices read", slice_count)).at(read);
        match shown["incident"]["stage"].as_str() {
            Some("awaiting-approval") => Ok(Some(shown)),
            Some("blocked") => Err(format!("the plan is blocked: {}", shown["incident"]["attention"]).into()),
            Some(_) | None => Ok(None),
        }
    });
    let shown = killer.during(scene, &["triage", "scope", "plan"], stands).await?;
    let scope = &shown["plan"]["scope"];
    if let Some(stage) = stage {
        let said = format!(
            "{} people from {} rows, {} bad rows listed in {}",
            scope["people"], scope["rows"], scope["rejected"], scope["reject_files"]
        );
        screen.end(stage, &said);
    }
    let duties = shown["duties"].as_array().map_or(0, |duties| duties.len());
    let owed = count(&shown, |duty| duty["duty"]["owed"] == "yes");
    println!("  {:<12} {owed} owed of {duties} considered", "obligations");
    for duty in shown["duties"].as_array().into_iter().flatten().filter(|duty| duty["duty"]["owed"] == "yes")
    {
        let due = match duty["duty"]["due"].as_str() {
            Some(instant) => format!("{}Z", instant.get(..19).unwrap_or(instant)),
            None => text(&duty["duty"]["due_rule"]).to_owned(),
        };
        let reason = duty["duty"]["reasons"][0].as_str().unwrap_or_default();
        println!(
            "    {:<24} {:<6} due {due:<34} {reason}",
            text(&duty["duty"]["regime"]),
            text(&duty["duty"]["jurisdiction"])
        );
    }
    let waves = shown["plan"]["waves"].as_array().cloned().unwrap_or_default();
    let chunks: u64 = waves.iter().filter_map(|wave| wave["chunks"].as_u64()).sum();
    println!("  {:<12} {} waves, {chunks} chunks", "plan", waves.len());
    Ok(shown)
}

/// Asks for the approval of exactly these bytes, and gives it through the operator's command.
async fn approval(
    options: &Options,
    scene: &Scene,
    incident: &str,
    planned: &Value,
) -> Result<bool, Trouble> {
    let hash = text(&planned["plan"]["hash"]);
    let arguments = ["incident", "approve", "--tenant", SHOP, incident, "--hash", hash];
    println!("  {:<12} tocsin {}", "approval", arguments.join(" "));
    if !options.yes {
        print!("\nApprove this plan as {}? [y/N] ", arn(APPROVER));
        std::io::stdout().flush()?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        if !line.trim().eq_ignore_ascii_case("y") {
            return Ok(false);
        }
    }
    scene.approver.do_it(&arguments).await?;
    Ok(true)
}

/// Ticks until every chunk is settled and every event has come in.
async fn follow_to_the_end(
    scene: &Scene,
    incident: &str,
    killer: &Killer,
    screen: &mut Screen,
) -> Result<(), Trouble> {
    let shop = scene.populations.first().ok_or("no shop")?;
    let first = show(scene, incident).await?;
    let chunks: u64 = first["chunks"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
    let handing = screen.counted("chunks", "handed over", chunks);
    let mut settled = 0;
    let handed_over = until(async || {
        // What failed is made up for by the next tick.
        for function in ["dispatch", "watch"] {
            let _ = killer.beside(scene, function, async || tick(scene, function).await).await;
        }
        // A look at an incident reads every chunk and receipt of it: looking all the time slows what is looked at.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let shown = killer.beside(scene, "console", async || show(scene, incident).await).await?;
        if scene.mailboxes.outstanding() == 0 && events_waiting(scene).await? == 0 {
            settled += doubts::settle(scene, &shown).await?;
        }
        let of = |state: &str| shown["chunks"][state].as_u64().unwrap_or(0);
        let ended = of("accepted") + of("standing-by");
        let moved: u64 = shown["duties"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|duty| duty["coverage"]["moved"].as_u64())
            .sum();
        handing.at(ended);
        handing.says(format!("handed over {}, {moved} by another channel", shown["chunks"]));
        Ok((ended == chunks && moved >= truth::moved(shop) as u64).then_some(()))
    });
    killer.during(scene, &["send", "receipts"], handed_over).await?;
    screen.end(
        handing,
        &format!("{chunks} chunks handed over, {} mails accepted", scene.mailboxes.accepted().len()),
    );
    if settled > 0 {
        println!("  {:<12} {settled} chunks in doubt, by a responder who asked the provider", "settled");
    }
    let receipts = screen.stage("receipts", "events of the mailbox provider");
    let taken_in = until(async || {
        let waiting = events_waiting(scene).await?;
        let published: usize = scene.mailboxes.published().values().sum();
        receipts.says(format!("{published} events published, {waiting} still on the queues"));
        Ok((scene.mailboxes.outstanding() == 0 && waiting == 0).then_some(()))
    });
    killer.during(scene, &["receipts"], taken_in).await?;
    let events: usize = scene.mailboxes.published().values().sum();
    screen.end(receipts, &format!("{events} events of the mailbox provider taken in"));
    Ok(())
}

/// Seals the audit log. A tick that fails leaves leaves out of the log, so it is tried again.
async fn seal(scene: &Scene, killer: &Killer, screen: &mut Screen) -> Result<(), Trouble> {
    let stage = screen.stage("audit", "sealing the log");
    let mut sealed = killer.beside(scene, "watch", async || tick(scene, "watch").await).await;
    for _ in 1..SEALING_TRIES {
        if sealed.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        sealed = tick(scene, "watch").await;
    }
    sealed?;
    screen.end(stage, "the log is sealed");
    Ok(())
}

/// What the schedule does each minute, now.
async fn tick(scene: &Scene, function: &str) -> Result<(), Trouble> {
    // The emulator's own schedule may run the same function at this instant: the steps allow that.
    scene.cloud().invoke(HOME, &format!("tocsin-{function}"), &json!({})).await?;
    Ok(())
}

/// How many messages the senders and the receipts still have before them.
async fn events_waiting(scene: &Scene) -> Result<u64, Trouble> {
    let mut waiting = 0;
    for region in Scene::regions() {
        for queue in [format!("tocsin-notices-{region}"), format!("tocsin-receipts-{region}")] {
            let depth = scene.cloud().queue_depth(region, &queue).await?;
            waiting += depth.waiting + depth.in_flight;
        }
    }
    Ok(waiting)
}

pub async fn show(scene: &Scene, incident: &str) -> Result<Value, Trouble> {
    scene.approver.ask(&["incident", "show", "--tenant", SHOP, incident, "--json"]).await
}

fn count(shown: &Value, test: impl Fn(&Value) -> bool) -> usize {
    shown["duties"].as_array().into_iter().flatten().filter(|duty| test(duty)).count()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Asks again and again until there is an answer.
async fn until<T>(mut ask: impl AsyncFnMut() -> Result<Option<T>, Trouble>) -> Result<T, Trouble> {
    let began = std::time::Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(format!("nothing more happened within {} seconds", PATIENCE.as_secs()).into())
}

async fn keep(scene: &Scene, incident: &str) -> Result<(), Trouble> {
    let cloud = scene.cloud().endpoint();
    println!("\nEverything keeps running until Ctrl-C.");
    println!("  mail       {cloud}/_ministack/ses/messages");
    println!("  texts      {cloud}/_ministack/sns/sms-messages");
    println!("  webhooks   {}/webhooks/{SHOP}/shopify", scene.deployed.api_url);
    println!("  console    export TOCSIN_CONSOLE={} AWS_REGION={HOME}", scene.deployed.api_url);
    println!("  operators  {}", scene.approver.environment());
    println!("  incident   target/release/tocsin incident show --tenant {SHOP} {incident}");
    println!("  log        {}", scene.emulator.log().display());
    tokio::signal::ctrl_c().await?;
    Ok(())
}

pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// Beside the demo's own binary: where this build puts its release binaries.
fn release_folder() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|binary| binary.parent().map(Path::to_owned));
    beside.unwrap_or_else(|| project().join("target/release"))
}
