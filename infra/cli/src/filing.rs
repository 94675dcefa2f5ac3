//! Filings with authorities: what each command asks of the console, and how a filing is written out.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tocsin_domain::id::{IncidentId, ObligationId};
use tocsin_filings::{
    Envelope, Filing, Form, MailAddress, mailbox, schema, to_html, to_json, to_mail, to_text,
};

use crate::args::OfTenant;
use crate::chromium::{Chromium, ChromiumError};
use crate::command::{Written, answered, console, print, written};
use crate::console::Role;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub enum OfFiling {
    /// List the forms that ship, or print one's JSON Schema
    Forms {
        /// Print the JSON Schema of what `export` writes for this form
        #[arg(long, value_name = "FORM")]
        schema: Option<String>,
    },
    /// List an incident's filings, each with its hash and how far it is
    List {
        incident: IncidentId,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Show a form as it would be filled now, and what a complete filing would need
    Draft {
        #[command(flatten)]
        duty: OfDuty,
        #[arg(long)]
        form: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Answer questions that nobody else can: 60=g, or 62="in words" (responders, counsel)
    Answer {
        #[command(flatten)]
        duty: OfDuty,
        #[arg(long)]
        form: String,
        /// A question and its answer; of several options, with commas between; nothing after = takes the answer back
        #[arg(value_name = "QUESTION=ANSWER", required = true)]
        answers: Vec<String>,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Freeze what is known and answered as the duty's next filing (responders, counsel)
    Prepare {
        #[command(flatten)]
        duty: OfDuty,
        #[arg(long)]
        form: String,
        #[arg(long = "as", value_name = "COMPLETENESS")]
        completeness: Complete,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Approve a filing with this very hash (approvers)
    Approve {
        #[command(flatten)]
        filing: Numbered,
        #[arg(long)]
        hash: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Enter that it was filed; the duty is met by that (responders)
    Submit {
        #[command(flatten)]
        filing: Numbered,
        /// When it was filed
        #[arg(long, value_name = "INSTANT")]
        at: Timestamp,
        /// Where: the portal, or the address
        #[arg(long)]
        how: String,
        /// Why it comes after its due instant; only where it does
        #[arg(long, value_name = "WHY")]
        late_because: Option<String>,
        /// The later phase of the duty that it is, by how its words begin
        #[arg(long, value_name = "TEXT")]
        phase: Option<String>,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Enter the number that the authority gave (responders)
    Acknowledge {
        #[command(flatten)]
        filing: Numbered,
        /// The authority's own number
        #[arg(long, value_name = "TEXT")]
        given: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Write a filing out: as structured data, as text for a portal, as a page or a PDF, or as a mail to the authority
    ///
    /// A PDF is drawn by Chromium, Chrome or Edge: by that of TOCSIN_CHROMIUM, else by one on the path. A mail is a draft that
    /// you send: it has the text, the structured data and, where there is one of those, the PDF.
    Export {
        #[command(flatten)]
        filing: Numbered,
        #[arg(long = "as", value_name = "FORMAT", default_value = "json")]
        format: Format,
        /// The file to write; standard output without it
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        #[command(flatten)]
        mail: OfMail,
        #[command(flatten)]
        of: OfTenant,
    },
}

/// The head of a mail.
#[derive(Debug, Clone, clap::Args)]
pub struct OfMail {
    /// For a mail: who writes it
    #[arg(long, value_name = "ADDRESS")]
    pub mail_from: Option<MailAddress>,
    /// For a mail: another address than the form knows of the authority, such as that of a Land
    #[arg(long, value_name = "ADDRESS")]
    pub mail_to: Option<MailAddress>,
}

/// A duty of an incident.
#[derive(Debug, Clone, clap::Args)]
pub struct OfDuty {
    /// The incident's id, as `incident list` prints it
    pub incident: IncidentId,
    /// The duty's id, as `incident show --json` prints it
    pub obligation: ObligationId,
}

/// A filing of a duty.
#[derive(Debug, Clone, clap::Args)]
pub struct Numbered {
    #[command(flatten)]
    pub duty: OfDuty,
    /// The filing's number, as `filing list` prints it
    #[arg(long)]
    pub number: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Complete {
    Complete,
    /// More follows
    Incomplete,
    /// What was filed before was wrong
    Withdrawal,
}

impl Complete {
    fn as_str(self) -> &'static str {
        match self {
            Complete::Complete => "complete",
            Complete::Incomplete => "incomplete",
            Complete::Withdrawal => "withdrawal",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Json,
    Text,
    Html,
    Pdf,
    /// A mail of RFC 5322, where the authority takes one
    Eml,
}

impl OfDuty {
    /// Under the incident's path.
    fn path(&self, rest: &str) -> String {
        format!("duties/{}/filings{rest}", self.obligation)
    }
}

impl Numbered {
    fn path(&self, step: &str) -> String {
        self.duty.path(&format!("/{}/{step}", self.number))
    }
}

pub async fn run(command: OfFiling) -> Result<(), Failure> {
    match command {
        OfFiling::Forms { schema: None } => print(&forms(shipped()?)),
        OfFiling::Forms { schema: Some(key) } => print(&format!("{:#}\n", schema(form(&key)?))),
        OfFiling::List { incident, of: OfTenant { tenant, json, connection } } => {
            let answer = console(&connection).await?.filings(&tenant, incident, "filings").await?;
            answered(&answer, json, list)
        }
        OfFiling::Draft { duty, form: key, of: OfTenant { tenant, json, connection } } => {
            let path = duty.path(&format!("/draft/{}", form(&key)?.key));
            let answer = console(&connection).await?.filings(&tenant, duty.incident, &path).await?;
            answered(&answer, json, draft)
        }
        OfFiling::Answer { duty, form: key, answers, reason, of } => {
            let body = json!({ "form": key, "answers": said(form(&key)?, &answers)?, "reason": reason });
            step(&of, duty.incident, (&duty.path("/answers"), Role::ResponderOrCounsel), &body).await
        }
        OfFiling::Prepare { duty, form, completeness, reason, of } => {
            let body = json!({ "form": form, "completeness": completeness.as_str(), "reason": reason });
            step(&of, duty.incident, (&duty.path(""), Role::ResponderOrCounsel), &body).await
        }
        OfFiling::Approve { filing, hash, of } => {
            let path = filing.path("approve");
            step(&of, filing.duty.incident, (&path, Role::Approver), &json!({ "hash": hash })).await
        }
        OfFiling::Submit { filing, at, how, late_because, phase, of } => {
            let mut body = json!({ "at": at, "how": how });
            if let Some(why) = late_because {
                body["late_because"] = json!(why);
            }
            if let Some(phase) = phase {
                body["phase"] = json!(phase);
            }
            step(&of, filing.duty.incident, (&filing.path("submit"), Role::Responder), &body).await
        }
        OfFiling::Acknowledge { filing, given, of } => {
            let path = filing.path("acknowledge");
            step(&of, filing.duty.incident, (&path, Role::Responder), &json!({ "number": given })).await
        }
        OfFiling::Export { filing, format, to, mail, of } => {
            written(export(&filing, format, mail, &of).await?, to.as_deref())
        }
    }
}

async fn export(
    wanted: &Numbered,
    format: Format,
    mail: OfMail,
    OfTenant { tenant, connection, .. }: &OfTenant,
) -> Result<Written, Failure> {
    let console = console(connection).await?;
    let incident = wanted.duty.incident;
    let (form, filing) = wanted_of(&console.filings(tenant, incident, "filings").await?, wanted)?;
    Ok(match format {
        Format::Json => Written::Text(format!("{:#}\n", to_json(form, &filing))),
        Format::Text => Written::Text(to_text(form, &filing)),
        Format::Html => Written::Text(to_html(form, &filing)),
        Format::Pdf => Written::Drawn("a PDF", Chromium::required()?.pdf(&to_html(form, &filing))?),
        Format::Eml => {
            let from = mail.mail_from.ok_or(Failure::NoSender)?;
            let to = match mail.mail_to {
                Some(to) => to,
                None => mailbox(form, &place_of(&console.incident(tenant, incident).await?, wanted)?)?,
            };
            Written::Drawn("a mail", mailed(form, &filing, &Envelope { from, to, at: now() })?)
        }
    })
}

/// What cannot be a mail is said before anything is drawn.
fn mailed(form: &Form, filing: &Filing, envelope: &Envelope) -> Result<Vec<u8>, Failure> {
    let without = to_mail(form, filing, envelope, None)?;
    match Chromium::look()? {
        Some(chromium) => {
            let pdf = chromium.pdf(&to_html(form, filing))?;
            Ok(to_mail(form, filing, envelope, Some(pdf))?)
        }
        None => {
            eprintln!("tocsin: the mail has no PDF: {}", ChromiumError::None);
            Ok(without)
        }
    }
}

/// Of whose authority the duty is.
fn place_of(shown: &Value, wanted: &Numbered) -> Result<String, Failure> {
    let id = json!(wanted.duty.obligation);
    let mut duties = shown["duties"].as_array().into_iter().flatten().map(|duty| &duty["duty"]);
    let found = duties.find(|duty| duty["id"] == id).and_then(|duty| duty["jurisdiction"].as_str());
    found.map(str::to_owned).ok_or(Failure::NoDuty)
}

#[expect(
    clippy::disallowed_methods,
    reason = "infra may ask what time it is: a mail says when it was written"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn step(of: &OfTenant, incident: IncidentId, to: (&str, Role), body: &Value) -> Result<(), Failure> {
    let OfTenant { tenant, json, connection } = of;
    let answer = console(connection).await?.step_of_filing(tenant, incident, to, body).await?;
    answered(&answer, *json, |answer| match answer.get("filing") {
        Some(filing) => line(filing),
        None => "answered\n".to_owned(),
    })
}

/// `QUESTION=ANSWER`, each as its question takes it.
fn said(form: &Form, answers: &[String]) -> Result<Map<String, Value>, Failure> {
    let one = |answer: &String| {
        let (id, said) = answer.split_once('=').ok_or_else(|| Failure::Answer(answer.clone()))?;
        let takes = form.question(id).map(|question| question.takes);
        Ok((id.to_owned(), as_taken(takes, said)))
    };
    answers.iter().map(one).collect()
}

/// The console says what does not fit.
fn as_taken(takes: Option<tocsin_filings::Kind>, said: &str) -> Value {
    use tocsin_filings::Kind;
    if said.is_empty() {
        return Value::Null;
    }
    match takes {
        Some(Kind::Number) => said.parse::<u64>().map_or_else(|_| json!(said), |number| json!(number)),
        Some(Kind::Choices) => json!(said.split(',').map(str::trim).collect::<Vec<_>>()),
        Some(Kind::Places) => {
            let place = |part: &str| {
                let (place, number) = part.split_once(':')?;
                Some((place.trim().to_owned(), json!(number.trim().parse::<u64>().ok()?)))
            };
            let places: Option<Map<String, Value>> = said.split(',').map(place).collect();
            places.map_or_else(|| json!(said), Value::Object)
        }
        Some(Kind::Text | Kind::Instant | Kind::Day | Kind::YesNo | Kind::Choice) | None => json!(said),
    }
}

/// The filing that is wanted of the console's answer, and its form.
fn wanted_of(answer: &Value, wanted: &Numbered) -> Result<(&'static Form, Filing), Failure> {
    let filings = answer.get("filings").cloned().unwrap_or_default();
    let filings: Vec<Filing> = serde_json::from_value(filings).map_err(|_| Failure::OtherVersion)?;
    let filing = filings
        .into_iter()
        .find(|filing| filing.obligation == wanted.duty.obligation && filing.number == wanted.number)
        .ok_or(Failure::NoFiling(wanted.number))?;
    let form = form(&filing.filled.form)?;
    if form.version == filing.filled.version { Ok((form, filing)) } else { Err(Failure::OtherVersion) }
}

fn shipped() -> Result<&'static [Form], Failure> {
    tocsin_filings::forms().map_err(|error| Failure::Forms(error.to_string()))
}

fn form(key: &str) -> Result<&'static Form, Failure> {
    shipped()?.iter().find(|form| form.key == key).ok_or_else(|| Failure::NoForm(key.to_owned()))
}

fn forms(forms: &[Form]) -> String {
    let line = |form: &Form| {
        let regimes: Vec<&str> = form.regimes.iter().map(String::as_str).collect();
        format!(
            "{}: {} ({}; {} questions; {}) for {}\n",
            form.key,
            form.name,
            form.language,
            form.questions().count(),
            form.confidence,
            regimes.join(", ")
        )
    };
    forms.iter().map(line).collect()
}

fn list(answer: &Value) -> String {
    let filings: Vec<String> = answer["filings"].as_array().into_iter().flatten().map(line).collect();
    if filings.is_empty() { "no filings\n".to_owned() } else { filings.concat() }
}

/// One filing, and how far it is.
fn line(filing: &Value) -> String {
    let Ok(filing) = serde_json::from_value::<Filing>(filing.clone()) else {
        return format!("{filing:#}\n");
    };
    let state = match (&filing.approved, &filing.submitted, &filing.acknowledged) {
        (_, _, Some(known)) => format!("acknowledged as {}", known.number),
        (_, Some(submission), None) => format!("submitted {} by {}", submission.at, submission.how),
        (Some(act), None, None) => format!("approved {}", act.at),
        (None, None, None) => format!("prepared {}", filing.prepared.at),
    };
    format!("{} {} {}: {state}; hash {}\n", filing.obligation, filing.number, filing.filled.form, filing.hash)
        .chars()
        .filter(|sign| !sign.is_control() || *sign == '\n')
        .collect()
}

fn draft(answer: &Value) -> String {
    let lacks = answer["lacks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known = answer["filled"]["answers"]
        .as_array()
        .map_or(0, |answers| answers.iter().filter(|answer| !answer["value"].is_null()).count());
    let lines: String = lacks.iter().filter_map(Value::as_str).map(|lack| format!("- {lack}\n")).collect();
    format!("{known} questions are answered; a complete filing lacks {}:\n{lines}", lacks.len())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use tocsin_domain::id::SignalId;
    use tocsin_filings::{Act, Completeness, Dossier, Given, fill};

    use super::*;

    #[test]
    fn words_become_what_the_question_takes() {
        let form = form("edpb-art33").unwrap();
        let words = |text: &str| said(form, &[text.to_owned()]).map(Value::Object);
        for (text, want) in [
            ("60=g", json!({ "60": "g" })),
            ("62=a leak = a loss", json!({ "62": "a leak = a loss" })),
            ("70=a, s", json!({ "70": ["a", "s"] })),
            ("68=1200", json!({ "68": 1200 })),
            ("68=many", json!({ "68": "many" })),
            ("122=DE: 7, FR:5", json!({ "122": { "DE": 7, "FR": 5 } })),
            ("60=", json!({ "60": null })),
        ] {
            assert_eq!(words(text).unwrap(), want, "{text}");
        }
        assert!(words("60").is_err());
    }

    #[test]
    fn the_place_of_a_duty_says_whose_authority_it_is() {
        let wanted = Numbered {
            duty: OfDuty {
                incident: "0".repeat(32).parse().unwrap(),
                obligation: "a".repeat(32).parse().unwrap(),
            },
            number: 1,
        };
        let duty = |id: &str, place: &str| json!({ "duty": { "id": id.repeat(32), "jurisdiction": place } });
        let shown = json!({ "duties": [duty("b", "FR"), duty("a", "AT")] });
        assert_eq!(place_of(&shown, &wanted).unwrap(), "AT");
        assert!(matches!(place_of(&json!({ "duties": [duty("b", "FR")] }), &wanted), Err(Failure::NoDuty)));
    }

    #[test]
    fn a_mail_has_the_data_and_the_pdf_of_a_machine_that_can_draw_one() {
        let form = form("edpb-art33").unwrap();
        let tenant = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        let of = (incident, ObligationId::of(incident, "eu-gdpr-authority", "AT", "the authority"));
        let act = Act { by: "arn:person".to_owned(), at: "2026-11-24T09:00:00Z".parse().unwrap() };
        let filled = fill(form, &Dossier::new(TimeZone::UTC), &Given::new()).unwrap();
        let prepared =
            Filing::prepare(of, None, Completeness::Incomplete, (form, filled), act.clone()).unwrap();
        let envelope = Envelope {
            from: "privacy@shop.example".parse().unwrap(),
            to: mailbox(form, "AT").unwrap(),
            at: act.at,
        };
        assert!(matches!(mailed(form, &prepared, &envelope), Err(Failure::Mail(_))));
        let hash = prepared.hash.clone();
        let mail = mailed(form, &prepared.approve(&hash, act).unwrap(), &envelope).unwrap();
        let mail = String::from_utf8(mail).unwrap();
        assert!(mail.contains("To: <dsb@dsb.gv.at>\r\n") && mail.contains("application/json"), "{mail:.500}");
        assert_eq!(mail.contains("application/pdf"), Chromium::look().unwrap().is_some());
    }
}
