//! The AWS emulator as a process of ours: ministack, on a free port of loopback, ended when we end.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderMap;

use crate::cloud::{ACCOUNT, Cloud};
use crate::http::Ask;
use crate::python::{self, PythonError};

const SUPERVISOR: &str = include_str!("supervise.py");
const READY_WITHIN: Duration = Duration::from_secs(60);
/// What the emulator and the functions see of our environment; above all, no AWS profile and no proxy.
const INHERITED: [&str; 4] = ["PATH", "LANG", "LC_ALL", "TZ"];

/// How to start the emulator.
#[derive(Clone, Debug)]
pub struct EmulatorOptions {
    /// Names the log, such as `demo`: the log of the run before is overwritten.
    pub name: String,
    /// The folder for the Python environment, logs and scratch files, such as `target/local`.
    pub state: PathBuf,
    /// The region of whoever does not name one.
    pub home_region: String,
    /// Whether signatures and IAM policies are checked.
    pub policies: Policies,
    /// Further variables of the emulator's own environment. Every function process inherits them.
    pub environment: Vec<(String, String)>,
}

/// Whether the emulator checks signatures and IAM policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policies {
    Checked,
    Ignored,
}

#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    #[error(transparent)]
    Python(#[from] PythonError),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("no port of loopback is free: {0}")]
    NoPort(io::Error),
    #[error("the emulator ended at once with {status}; its log is {}", log.display())]
    Ended { status: ExitStatus, log: PathBuf },
    #[error("the emulator was not ready within {} seconds; its log is {}", READY_WITHIN.as_secs(), log.display())]
    NotReady { log: PathBuf },
}

/// The running emulator. Dropping it ends it and every function it runs; so does the end of this process,
/// however it comes.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    cloud: Cloud,
    log: PathBuf,
    scratch: PathBuf,
}

impl Emulator {
    /// Installs the emulator where that was not done before, starts it, and waits until it answers.
    pub async fn start(options: &EmulatorOptions) -> Result<Emulator, EmulatorError> {
        let python = python::environment(&options.state).await?;
        let port = free_port().map_err(EmulatorError::NoPort)?;
        let log = options.state.join(format!("{}.log", options.name));
        let scratch = options.state.join(format!("{}-{port}", options.name));
        fs::create_dir_all(&scratch).map_err(at(&scratch))?;
        let child = spawn(&python, options, port, &log, &scratch)?;
        let cloud = Cloud::of_root(&format!("127.0.0.1:{port}"));
        let mut emulator = Emulator { child, cloud, log, scratch };
        emulator.wait_until_ready().await?;
        Ok(emulator)
    }

    /// Calls the emulator as the account's root.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Where the emulator, and with it every function, logs.
    pub fn log(&self) -> &Path {
        &self.log
    }

    async fn wait_until_ready(&mut self) -> Result<(), EmulatorError> {
        let end = Instant::now() + READY_WITHIN;
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(EmulatorError::Ended { status, log: self.log.clone() });
            }
            if self.is_ready().await {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(EmulatorError::NotReady { log: self.log.clone() })
    }

    async fn is_ready(&self) -> bool {
        let target = "/_ministack/ready".to_owned();
        let ask = Ask { method: Method::GET, target, headers: HeaderMap::new(), body: Bytes::new() };
        self.cloud.http().ask(ask).await.is_ok_and(|answer| answer.status.is_success())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The supervisor reads this pipe and kills its process group when it ends.
        drop(self.child.stdin.take());
        // Nothing can be done about a failure here: the process is ending.
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

fn spawn(
    python: &Path,
    options: &EmulatorOptions,
    port: u16,
    log: &Path,
    scratch: &Path,
) -> Result<Child, EmulatorError> {
    let out = File::create(log).map_err(at(log))?;
    let err = out.try_clone().map_err(at(log))?;
    let mut command = Command::new(python);
    command.args(["-c", SUPERVISOR]).stdin(Stdio::piped()).stdout(out).stderr(err);
    // A process group of its own: Ctrl-C at the terminal reaches us alone, and we end it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.env_clear();
    command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.env("HOME", scratch).env("TMPDIR", scratch).env("PYTHONUNBUFFERED", "1");
    command.envs([
        // Its default is every interface.
        ("BIND_HOST", "127.0.0.1".to_owned()),
        ("GATEWAY_PORT", port.to_string()),
        // Without it the functions would call the real AWS.
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("MINISTACK_ACCOUNT_ID", ACCOUNT.to_owned()),
        ("MINISTACK_REGION", options.home_region.clone()),
        ("AUTH", (options.policies == Policies::Checked).to_string()),
        // Listeners on fixed ports that nobody here needs.
        ("IOT_MTLS_ENABLED", "0".to_owned()),
        ("SFTP_ENABLED", "0".to_owned()),
    ]);
    command.envs(options.environment.iter().map(|(name, value)| (name, value)));
    command.spawn().map_err(at(python))
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> EmulatorError {
    let path = path.to_owned();
    move |source| EmulatorError::File { path, source }
}
