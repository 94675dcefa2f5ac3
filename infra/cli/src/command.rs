//! What each command does.

use std::fs;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tocsin_domain::id::{IncidentId, TenantId};
use tocsin_law::{Facts, RulePack, severity};

use crate::args::{
    Audit, Command, Connection, Dlq, Halt, Import, Incident, Law, Letters, OfInstallation, OfTenant, Partner,
    Tenant,
};
use crate::console::{Console, ConsoleError};
use crate::counsel::RuleArgument;
use crate::failure::Failure;
use crate::show::Options;
use crate::tenant::SecretFile;
use crate::{
    audit, counsel, explain, facts, filing, law, letters, notice, register, show, template, tenant,
    verification,
};

pub async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Tenant(Tenant::Put { file, secrets, connection, json }) => {
            let settings = fs::read_to_string(&file).map_err(Failure::reading(&file))?;
            let secrets = secrets.iter().map(read_secret).collect::<Result<Vec<_>, _>>()?;
            let body = tenant::body(&settings, &secrets)?;
            let answer = console(&connection).await?.put_tenant(&body).await?;
            answered(&answer, json, |_| "put\n".to_owned())
        }
        Command::Incident(command) => incident(command).await,
        Command::Partner(Partner::Resend { contact, from, to, reason, of }) => {
            let OfTenant { tenant, json, connection } = of;
            let range = (from, to);
            let answer = console(&connection).await?.resend(&tenant, &contact, range, &reason).await?;
            answered(&answer, json, show::resent)
        }
        Command::Filing(command) => filing::run(command).await,
        Command::Register(command) => register::run(command).await,
        Command::Notice(command) => notice::run(command),
        Command::Template(command) => template::run(command).await,
        Command::Letters(command) => letters(command).await,
        Command::Verification(command) => verification::run(command).await,
        Command::Audit(command) => audit(command).await,
        Command::Dlq(command) => dlq(command).await,
        Command::Health { hours, of: OfInstallation { json, connection } } => {
            let answer = console(&connection).await?.health(hours).await?;
            answered(&answer, json, show::health)
        }
        Command::Explain { suite } => {
            quietly(explain::lines(explain::of(suite), io::stdin().lock(), io::stdout().lock()))
        }
        Command::Law(command) => of_law(command).await,
    }
}

async fn of_law(command: Law) -> Result<(), Failure> {
    match command {
        Law::Lint { folder } => {
            let written =
                folder.map(|folder| law::read(&folder).map_err(Failure::reading(&folder))).transpose()?;
            let written = written.transpose()?;
            let remarks = written.as_ref().unwrap_or_else(|| RulePack::shipped()).lint();
            print(&law::lint(&remarks))?;
            if remarks.is_empty() { Ok(()) } else { Err(Failure::Remarks(remarks.len())) }
        }
        Law::Coverage => print(&law::coverage(RulePack::shipped(), today())?),
        Law::Severity {
            data,
            confidentiality,
            integrity,
            availability,
            accident,
            encrypted,
            identification,
        } => {
            let circumstances = severity::Circumstances {
                identification,
                confidentiality,
                integrity,
                availability,
                malicious: !accident,
                unintelligible: encrypted,
            };
            let data = data.into_iter().collect();
            let proposal = severity::assess(RulePack::shipped(), &data, &circumstances);
            print(&proposal.arithmetic.iter().map(|step| format!("{step}\n")).collect::<String>())
        }
        Law::Diff { from, to, facts } => {
            let facts = facts.as_deref().map(read_facts).transpose()?;
            print(&law::diff(RulePack::shipped(), facts, from, to)?)
        }
        Law::Confirm { rules, incident, reason, of: OfTenant { tenant, json, connection } } => {
            let console = console(&connection).await?;
            let rules = match incident {
                Some(incident) => counsel::asked_by(&console.incident(&tenant, incident).await?)?,
                None => rules.into_iter().map(|RuleArgument(rule)| rule).collect(),
            };
            if rules.is_empty() {
                let nothing = "nothing of this incident's plan waits for counsel\n";
                return answered(&json!({ "confirmed": [] }), json, |_| nothing.to_owned());
            }
            let answer = console.confirm(&tenant, &rules, &reason).await?;
            answered(&answer, json, show::confirmed)
        }
        Law::Confirmed { of: OfTenant { tenant, json, connection } } => {
            let answer = console(&connection).await?.confirmed(&tenant).await?;
            answered(&answer, json, show::confirmed)
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "infra may ask what day it is: the age of a source is told by it"
)]
fn today() -> Date {
    Timestamp::now().to_zoned_datetime(TimeZone::UTC).date()
}

/// `{"id", "facts"}`, or the facts alone.
fn read_facts(file: &Path) -> Result<Facts, Failure> {
    let text =
        if file == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let text = text.map_err(Failure::reading(file))?;
    let unreadable = |error: serde_json::Error| Failure::UnreadableFacts(error.to_string());
    let mut line: Value = serde_json::from_str(&text).map_err(unreadable)?;
    let facts = line.get_mut("facts").map(Value::take).unwrap_or(line);
    serde_json::from_value(facts).map_err(unreadable)
}

async fn incident(command: Incident) -> Result<(), Failure> {
    match command {
        Incident::List { of: OfTenant { tenant, json, connection } } => {
            let incidents = console(&connection).await?.incidents(&tenant).await?;
            answered(&json!({ "incidents": incidents }), json, |_| show::incidents(&incidents))
        }
        Incident::Show { incident, reasons, at, colour, of: OfTenant { tenant, json, connection } } => {
            let answer = console(&connection).await?.incident(&tenant, incident).await?;
            answered(&answer, json, |answer| show::incident(answer, Options { reasons, at, colour }))
        }
        Incident::Approve { incident, hash, of: OfTenant { tenant, json, connection } } => {
            let answer = console(&connection).await?.approve(&tenant, incident, &hash).await?;
            answered(&answer, json, show::approved)
        }
        Incident::Hold { halt } => stop(halt, Console::hold).await,
        Incident::Release { halt } => stop(halt, Console::release).await,
        Incident::Cancel { halt } => stop(halt, Console::cancel).await,
        Incident::Rescope { halt: Halt { incident, reason, of: OfTenant { tenant, json, connection } } } => {
            let answer = console(&connection).await?.rescope(&tenant, incident, &reason).await?;
            answered(&answer, json, |_| {
                "the evidence is read anew; a new plan will wait for approval\n".to_owned()
            })
        }
        Incident::Amend {
            to_those_told,
            read_anew,
            halt: Halt { incident, reason, of: OfTenant { tenant, json, connection } },
        } => {
            let console = console(&connection).await?;
            let answer = console.amend(&tenant, incident, to_those_told.as_str(), read_anew, &reason).await?;
            answered(&answer, json, show::amended)
        }
        Incident::Facts {
            facts,
            halt: Halt { incident, reason, of: OfTenant { tenant, json, connection } },
        } => {
            let console = console(&connection).await?;
            let answer = console.state(&tenant, incident, &facts::statement(&facts), &reason).await?;
            answered(&answer, json, show::stated)
        }
        Incident::Done { incident, obligation, what, at, proof, file, phase, of } => {
            let OfTenant { tenant, json, connection } = of;
            let sha256 = file.as_deref().map(sha256_of).transpose()?;
            let body = json!({ "what": what, "at": at, "place": proof, "sha256": sha256, "phase": phase });
            let answer = console(&connection).await?.done(&tenant, incident, obligation, body).await?;
            answered(&answer, json, show::done)
        }
        Incident::Resume {
            wave,
            halt: Halt { incident, reason, of: OfTenant { tenant, json, connection } },
        } => {
            let answer = console(&connection).await?.resume(&tenant, incident, wave, &reason).await?;
            answered(&answer, json, |_| format!("wave {wave} goes on within a minute or so\n"))
        }
        Incident::Settle { chunk, finding, only, reason, of: OfTenant { tenant, json, connection } } => {
            let found = (finding.as_str(), only.as_deref());
            let answer = console(&connection).await?.settle(&tenant, chunk, found, &reason).await?;
            answered(&answer, json, show::settled)
        }
    }
}

async fn stop(
    Halt { incident, reason, of: OfTenant { tenant, json, connection } }: Halt,
    act: impl AsyncFn(&Console, &TenantId, IncidentId, &str) -> Result<Value, ConsoleError>,
) -> Result<(), Failure> {
    let console = console(&connection).await?;
    let answer = act(&console, &tenant, incident, &reason).await?;
    answered(&answer, json, show::halted)
}

async fn letters(command: Letters) -> Result<(), Failure> {
    match command {
        Letters::Export { incident, batch, out, of: OfTenant { tenant, json, connection } } => {
            let console = console(&connection).await?;
            let answer = console.export_letters(&tenant, incident, batch).await?;
            // Said before the letters are read: whatever fails from here on, they are asked for again by the number.
            answered(&answer, json, show::exported)?;
            let lines = console.letters_of(&tenant, incident, &answer).await?;
            fs::write(&out, lines).map_err(Failure::writing(&out))
        }
        Letters::Posted { import } => take_in(import, "posted").await,
        Letters::Returned { import } => take_in(import, "returned").await,
    }
}

/// As many requests as the console's limit asks for. What was recorded before one fails stays recorded, and does no harm
/// when it is sent again.
async fn take_in(import: Import, what: &str) -> Result<(), Failure> {
    let Import { incident, file, of: OfTenant { tenant, json, connection } } = import;
    let said = letters::read(&fs::read(&file).map_err(Failure::reading(&file))?)?;
    let console = console(&connection).await?;
    let (mut recorded, mut unknown, mut refused) = (0, Vec::new(), Vec::new());
    for said in said.chunks(letters::AT_ONCE) {
        let answer = console.take_in_letters(&tenant, incident, what, said).await?;
        recorded += answer["recorded"].as_u64().unwrap_or_default();
        unknown.extend(answer["unknown"].as_array().cloned().unwrap_or_default());
        refused.extend(answer["refused"].as_array().cloned().unwrap_or_default());
    }
    let answer = json!({ "recorded": recorded, "unknown": unknown, "refused": refused });
    answered(&answer, json, show::taken_in)
}

async fn audit(command: Audit) -> Result<(), Failure> {
    match command {
        Audit::Export { tenant, out, connection } => {
            let log = console(&connection).await?.audit_log(&tenant).await?;
            fs::write(&out, &log).map_err(Failure::writing(&out))?;
            let verdict = audit::verify(log.as_bytes(), None);
            let head = verdict.map_err(|error| Failure::Audit { file: out, error })?;
            print(&format!("{}\n", audit::summary(&head)))
        }
        Audit::Verify { file, head } => {
            let log = fs::read(&file).map_err(Failure::reading(&file))?;
            let verdict = audit::verify(&log, head.as_deref());
            let head = verdict.map_err(|error| Failure::Audit { file, error })?;
            print(&format!("{}\n", audit::summary(&head)))
        }
    }
}

async fn dlq(command: Dlq) -> Result<(), Failure> {
    match command {
        Dlq::List { of: OfInstallation { json, connection } } => {
            let answer = console(&connection).await?.queues().await?;
            answered(&answer, json, show::queues)
        }
        Dlq::Show { queue, limit, of: OfInstallation { json, connection } } => {
            let answer = console(&connection).await?.dead_letters(&queue, limit).await?;
            answered(&answer, json, show::dead_letters)
        }
        Dlq::Redrive { queue, rate, reason, of: OfInstallation { json, connection } } => {
            let answer = console(&connection).await?.redrive(&queue, rate, &reason).await?;
            answered(&answer, json, show::redriven)
        }
    }
}

pub async fn console(connection: &Connection) -> Result<Console, Failure> {
    // A variable that is set to nothing is not set.
    let given = |setting: &Option<String>| setting.clone().filter(|text| !text.trim().is_empty());
    let url = given(&connection.console).ok_or(Failure::NoConsole)?;
    let region = given(&connection.region).ok_or(Failure::NoRegion)?;
    Ok(Console::new(&url, &region).await?)
}

fn read_secret(SecretFile { name, path }: &SecretFile) -> Result<(String, String), Failure> {
    let text = match path {
        Some(path) => fs::read_to_string(path).map_err(Failure::reading(path))?,
        None => {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text)?;
            text
        }
    };
    Ok((name.clone(), text))
}

fn sha256_of(file: &Path) -> Result<String, Failure> {
    Ok(hex::encode(Sha256::digest(fs::read(file).map_err(Failure::reading(file))?)))
}

pub fn answered(answer: &Value, json: bool, readable: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
    if json { print(&format!("{answer:#}\n")) } else { print(&readable(answer)) }
}

pub fn print(text: &str) -> Result<(), Failure> {
    quietly(io::stdout().lock().write_all(text.as_bytes()))
}

/// What a command makes for a file.
pub enum Written {
    Text(String),
    /// Bytes that nobody reads in a terminal, and what they are.
    Drawn(&'static str, Vec<u8>),
}

/// Into the file, or to standard output without one.
pub fn written(what: Written, to: Option<&Path>) -> Result<(), Failure> {
    let bytes = match (what, to) {
        (Written::Drawn(what, _), None) if io::stdout().is_terminal() => {
            return Err(Failure::NotForTerminals(what));
        }
        (Written::Drawn(_, bytes), _) => bytes,
        (Written::Text(text), _) => text.into_bytes(),
    };
    match to {
        Some(path) => fs::write(path, bytes).map_err(Failure::writing(path)),
        None => quietly(io::stdout().lock().write_all(&bytes)),
    }
}

/// A reader that has seen enough, such as `head`, is no failure.
fn quietly(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}
