//! The command line. What stands here as documentation is the command's own help.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args as ArgGroup, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::id::{IncidentId, ObligationId, TenantId};
use tocsin_law::severity::{Identification, Loss};
use tocsin_law::{Risk, UnknownKey};

use crate::counsel::RuleArgument;
use crate::facts::{Answered, Named};
use crate::filing::OfFiling;
use crate::notice::Notice;
use crate::register::Register;
use crate::template::OfTemplate;
use crate::tenant::SecretFile;
use crate::verification::Verification;

/// From a security signal to lawful, delivered and provable breach notices, in your own AWS account.
///
/// Commands that ask the console sign their requests with your AWS credentials; what you may do is decided by
/// the roles in the tenant's settings. Exit codes: 0 done, 1 the answer is "no" (a broken log, a refused
/// request), 2 wrong usage or no connection.
#[derive(Debug, Parser)]
#[command(name = "tocsin", version, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Put a merchant's settings and secrets
    #[command(subcommand)]
    Tenant(Tenant),
    /// See incidents, approve their plans, stop and release them
    #[command(subcommand)]
    Incident(Incident),
    /// See to the contacts that take webhooks
    #[command(subcommand)]
    Partner(Partner),
    /// File with authorities: answer, prepare, approve, submit, export
    #[command(subcommand)]
    Filing(OfFiling),
    /// Write out the register of breaches that the GDPR asks for (Article 33(5))
    #[command(subcommand)]
    Register(Register),
    /// Look at the notices that ship
    #[command(subcommand)]
    Notice(Notice),
    /// Write a merchant's own letters, which go before those that ship
    #[command(subcommand)]
    Template(OfTemplate),
    /// Hand letters to the print house, and take in what came of them
    #[command(subcommand)]
    Letters(Letters),
    /// Publish how readers check that a notice is real, and check what is published
    #[command(subcommand)]
    Verification(Verification),
    /// Take the audit log out, and prove that it is whole
    #[command(subcommand)]
    Audit(Audit),
    /// See how each channel does in each region (administrators)
    ///
    /// Counted at least once each: a provider's event that came twice may count twice.
    Health {
        /// Over so many hours
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=744))]
        hours: u32,
        #[command(flatten)]
        of: OfInstallation,
    },
    /// See the queues, what failed five times in them, and try that again (administrators)
    #[command(subcommand)]
    Dlq(Dlq),
    /// Say what the product would do with an input, and do nothing
    ///
    /// Reads JSON Lines from standard input and writes one JSON line for each, with the same "id". A line that
    /// cannot be read is answered with an "error", and the next one is read. Asks no network and no clock.
    Explain {
        /// What the lines hold
        suite: Suite,
    },
    /// Look at the law that this version ships, and confirm its rules
    #[command(subcommand)]
    Law(Law),
}

#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Put a tenant's settings; new ones replace the old ones as a whole (administrators)
    Put {
        /// The settings, in TOML or JSON
        file: PathBuf,
        /// A secret: a file with one key a line, newest first, or - for standard input
        ///
        /// NAME is webhook-shopify, webhook-stripe, webhook-adyen or webhook-generic, for what comes in; inbox-shopify
        /// (the app's own secret) or inbox-magento (whsec_ and base64), for pages that show the inbox; partner-CONTACT
        /// (whsec_ and base64), for what goes to a contact's webhook; alert- and the name that a target of alerts gives in
        /// the settings. Secrets that are not named stay as they are. Put the new key before the old one, and take the old one out when nothing is signed
        /// with it any more.
        #[arg(long = "secret", value_name = "NAME=PATH")]
        secrets: Vec<SecretFile>,
        #[command(flatten)]
        connection: Connection,
        /// Print the console's answer as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Incident {
    /// List a tenant's incidents, oldest first
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Show one incident: scope, plan, waves, and each duty with its due instant and coverage
    Show {
        /// Its id, as `list` prints it
        incident: IncidentId,
        /// Show why each duty is owed or not, with its citation; those not owed among them
        #[arg(long)]
        reasons: bool,
        /// Show how much time is left at this instant (RFC 3339, such as 2026-11-23T12:00:00Z)
        #[arg(long, value_name = "INSTANT")]
        at: Option<Timestamp>,
        /// Colour the states
        #[arg(long)]
        colour: bool,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Approve the plan with this very hash, as `show` prints it (approvers)
    Approve {
        /// Its id, as `list` prints it
        incident: IncidentId,
        #[arg(long)]
        hash: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Hand nothing more over until a release; prints the chunks that had been handed over (responders)
    Hold {
        #[command(flatten)]
        halt: Halt,
    },
    /// Let a held incident go on (responders)
    Release {
        #[command(flatten)]
        halt: Halt,
    },
    /// Read the evidence anew and make a new plan, after a manifest, a setting or a letter was mended (responders)
    ///
    /// Only before a plan is approved. What was read and planned before is not in force any more.
    Rescope {
        #[command(flatten)]
        halt: Halt,
    },
    /// Make a new version of an approved plan; prints the chunks that had been handed over (responders)
    ///
    /// Nothing more goes out until the new version is approved. Whoever was not told yet gets their first notice under it.
    Amend {
        /// What those get who were told already, where it says something else now
        #[arg(long)]
        to_those_told: ToThoseTold,
        /// Read the evidence anew, too
        #[arg(long)]
        read_anew: bool,
        #[command(flatten)]
        halt: Halt,
    },
    /// State facts that were found out, and that no signal and no setting says (responders, counsel)
    ///
    /// A plan that waits for approval is made anew from them. One that goes out goes on as it was approved: amend it. What
    /// changes of the duties stands beside the new plan, and waits for approval with it.
    Facts {
        #[command(flatten)]
        facts: Box<StatedFacts>,
        #[command(flatten)]
        halt: Halt,
    },
    /// Let a wave go on that was paused for its bounces, refusals or complaints, or because of its canary (responders)
    ///
    /// What bounced, was refused or was complained about until now is not held against it again, and it waits for no canary
    /// any more.
    Resume {
        /// The wave's number, as the incident's attention names it
        #[arg(long)]
        wave: u32,
        #[command(flatten)]
        halt: Halt,
    },
    /// End the doubt about a chunk that may or may not have been sent (responders)
    Settle {
        /// The chunk, as the incident's attention names it
        chunk: ChunkRef,
        /// What you found out: at the provider, or from the people it was for
        #[arg(long = "as", value_name = "FINDING")]
        finding: Finding,
        /// With `--as sent`: only these of its notices were sent, by their places in it, which the provider's log has as
        /// the tag index; the others that are in doubt were not
        #[arg(long, value_delimiter = ',', value_name = "PLACES")]
        only: Option<Vec<u32>>,
        /// How you found out; it stands in the audit log beside your name
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Enter that a duty was done by hand, with its proof (responders)
    ///
    /// A duty that stands on the desk is then met by your word. The state of a duty that notices fulfil stays what their
    /// receipts say; your word stands beside it, such as that of a substitute notice.
    Done {
        /// Its id, as `list` prints it
        incident: IncidentId,
        /// The duty's id, as `show --json` prints it
        obligation: ObligationId,
        /// What was done; it stands in the audit log beside your name
        #[arg(long)]
        what: String,
        /// When (RFC 3339, such as 2026-11-23T12:00:00Z)
        #[arg(long, value_name = "INSTANT")]
        at: Timestamp,
        /// Where it can be looked up: an address on the web, or the acknowledgement's number
        #[arg(long, value_name = "URL or NUMBER")]
        proof: String,
        /// A file that shows it; its SHA-256 is kept, and not the file
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The later phase of the duty that it was, by how its words begin
        #[arg(long, value_name = "TEXT")]
        phase: Option<String>,
        #[command(flatten)]
        of: OfTenant,
    },
    /// End an incident for good; prints the chunks that had been handed over (responders)
    Cancel {
        #[command(flatten)]
        halt: Halt,
    },
}

/// What is stated. What is not named stays as it was.
#[derive(Debug, ArgGroup)]
#[group(required = true, multiple = true)]
pub struct StatedFacts {
    /// To people: none, risk or high
    #[arg(long, value_parser = of_key::<Risk>)]
    pub risk: Option<Risk>,
    /// Significant or serious harm is likely
    #[arg(long, value_name = "YES or NO")]
    pub significant_harm: Option<YesOrNo>,
    /// It was done for an improper purpose, such as unauthorised access
    #[arg(long, value_name = "YES or NO")]
    pub improper_purpose: Option<YesOrNo>,
    /// A significant incident in the sense of NIS2
    #[arg(long, value_name = "YES or NO")]
    pub significant_incident: Option<YesOrNo>,
    /// All of the affected data was encrypted
    #[arg(long, value_name = "YES or NO")]
    pub encrypted: Option<YesOrNo>,
    /// The key was taken, or is believed to have been
    #[arg(long, value_name = "YES or NO")]
    pub key_compromised: Option<YesOrNo>,
    /// The data is still there in a backup
    #[arg(long, value_name = "YES or NO")]
    pub backup: Option<YesOrNo>,
    /// The data is held for others
    #[arg(long, value_name = "YES or NO")]
    pub processor: Option<YesOrNo>,
    /// Since when law enforcement holds the notices back
    #[arg(long, value_name = "INSTANT")]
    pub hold_from: Option<Timestamp>,
    /// When it ceased to
    #[arg(long, value_name = "INSTANT", requires = "hold_from")]
    pub hold_lifted: Option<Timestamp>,
    /// An instant that a law counts from, as in determination=2026-11-23T12:00:00Z
    #[arg(long = "clock", value_name = "CLOCK=INSTANT")]
    pub clocks: Vec<Named>,
    /// When the authority of a place was notified, as in MY=2026-11-23T12:00:00Z
    #[arg(long = "authority-notified", value_name = "PLACE=INSTANT")]
    pub authority_notified: Vec<Named>,
    /// When that was done in a place which opens its law's exception for want of risk, as in US-AK=2026-11-23T12:00:00Z
    #[arg(long = "exception-opened", value_name = "PLACE=INSTANT")]
    pub exceptions_opened: Vec<Named>,
    /// Counsel's answer where a rule asks counsel: whether it is owed, as in cn-incident-4h=no (counsel)
    #[arg(long = "counsel", value_name = "RULE=YES or NO")]
    pub counsel: Vec<Answered>,
    /// Take back what was stated: risk, key_compromised, law_enforcement_hold, clocks.determination, ...
    #[arg(long, value_name = "FACT")]
    pub take_back: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum YesOrNo {
    Yes,
    No,
}

/// What people get who were told under an earlier version of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ToThoseTold {
    /// What they were told was wrong
    Correction,
    /// What they were told was right, and there is more
    FollowUp,
    /// They are not concerned
    Withdrawal,
}

impl ToThoseTold {
    pub fn as_str(self) -> &'static str {
        match self {
            ToThoseTold::Correction => "correction",
            ToThoseTold::FollowUp => "follow-up",
            ToThoseTold::Withdrawal => "withdrawal",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Letters {
    /// Write an incident's letters that were not exported yet into one file, one JSON object a line (responders)
    ///
    /// Each line has "reference", "name", "address", "language", "subject" and "text". The file holds personal data. It is a
    /// machine's: names and addresses stand in it to the letter, those that begin with = or @ too, so no program for tables
    /// should take them for more than text. What is
    /// exported at once is a batch with a number; each letter is in one.
    Export {
        /// The incident's id, as `incident list` prints it
        #[arg(long, value_name = "INCIDENT")]
        incident: IncidentId,
        /// A batch that was exported before, once more, instead of new letters
        #[arg(long, value_name = "NUMBER")]
        batch: Option<u32>,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Take in the print house's proof of posting (responders)
    Posted {
        #[command(flatten)]
        import: Import,
    },
    /// Take in what the post brought back (responders)
    Returned {
        #[command(flatten)]
        import: Import,
    },
}

#[derive(Debug, ArgGroup)]
pub struct Import {
    /// The incident's id, as `incident list` prints it
    #[arg(long, value_name = "INCIDENT")]
    pub incident: IncidentId,
    /// CSV with the columns reference and at (RFC 3339), and detail if there is one
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub of: OfTenant,
}

#[derive(Debug, Subcommand)]
pub enum Partner {
    /// Post again what a contact's endpoint took in a while, or refused for good (responders)
    ///
    /// Each notice goes under the id that it had, so that a partner who has it can drop it.
    Resend {
        /// The contact's name in the tenant's settings
        #[arg(long, value_name = "NAME")]
        contact: String,
        /// From this instant on (RFC 3339, such as 2026-11-23T12:00:00Z)
        #[arg(long, value_name = "INSTANT")]
        from: Timestamp,
        /// Up to this instant
        #[arg(long, value_name = "INSTANT")]
        to: Timestamp,
        /// Why; it stands in the audit log beside your name
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: OfTenant,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Finding {
    /// The provider sent it
    Sent,
    /// The provider did not send it: it goes again, as it is
    NotSent,
    /// Nobody can tell: it goes again, marked as a copy
    Again,
}

impl Finding {
    pub fn as_str(self) -> &'static str {
        match self {
            Finding::Sent => "sent",
            Finding::NotSent => "not-sent",
            Finding::Again => "again",
        }
    }
}

#[derive(Debug, ArgGroup)]
pub struct Halt {
    /// Its id, as `list` prints it
    pub incident: IncidentId,
    /// Why; it stands in the audit log beside your name
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub of: OfTenant,
}

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Write a tenant's sealed log to a file, and verify it (auditors, administrators)
    ///
    /// What happened in the last minute or so may not be sealed yet.
    Export {
        /// Whose log; "tocsin" is the installation's own
        #[arg(long, value_name = "TENANT")]
        tenant: TenantId,
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
    /// Verify an exported log; needs the file and nothing else
    Verify {
        file: PathBuf,
        /// The head as it is known from elsewhere: a shorter log that is whole in itself has another one
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Dlq {
    /// List every queue of every region, what died in it, and how far its last redrive is
    List {
        #[command(flatten)]
        of: OfInstallation,
    },
    /// Show some of what lies in a queue's dead-letter queue; it stays there
    ///
    /// Messages of ours hold ids and are shown whole. A finding or a delivery event may hold personal data: of those,
    /// the size, the hash and what is wrong with it are shown.
    Show {
        /// The queue, as `list` prints it
        queue: String,
        /// How many at most
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        #[command(flatten)]
        of: OfInstallation,
    },
    /// Move everything from a queue's dead-letter queue back to the queue
    ///
    /// Safe at any later time: what was done meanwhile is found done, and nothing is sent twice. SQS counts a finding
    /// that is moved back as sent now: where one opens an incident, its clocks start at the redrive. `show` says when
    /// it was sent first.
    Redrive {
        /// The queue, as `list` prints it
        queue: String,
        /// At most so many messages a second
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=500))]
        rate: Option<u32>,
        /// Why; it stands in the installation's audit log beside your name
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: OfInstallation,
    },
}

/// The installation, seen through the console.
#[derive(Debug, ArgGroup)]
pub struct OfInstallation {
    /// Print the console's answer as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub connection: Connection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// {"id", "facts"}: what is owed, to whom, by when, and why
    Law,
    /// {"id", "source", "request", "secrets", "now"}: whether the request is authentic
    Webhook,
    /// {"id", "body"}: what a SIEM's message would become
    Signal,
    /// {"id", "body"}: what a provider's event says about a delivery
    Receipt,
}

fn of_key<T: FromStr<Err = UnknownKey>>(key: &str) -> Result<T, UnknownKey> {
    key.parse()
}

#[derive(Debug, Subcommand)]
pub enum Law {
    /// List what a lawyer should look at in the rules; exit code 1 when there is anything
    Lint {
        /// Read the rules from this folder, which holds rules, calendars and data-categories.toml, and not those shipped
        folder: Option<PathBuf>,
    },
    /// Show for which places there are rules, toward whom, how well each text is known and how old the sources are
    Coverage,
    /// Propose how severe a breach is for its people, by ENISA's method, with the arithmetic; a person decides
    Severity {
        /// The kinds of data, as the settings name them: name,email,iban
        #[arg(long, value_delimiter = ',', required = true)]
        data: Vec<String>,
        /// none; bounded: to known recipients; unbounded: to nobody knows whom
        #[arg(long, default_value = "unbounded", value_parser = of_key::<Loss>)]
        confidentiality: Loss,
        /// none; bounded: altered, and it can be put right; unbounded: altered for good
        #[arg(long, default_value = "none", value_parser = of_key::<Loss>)]
        integrity: Loss,
        /// none; bounded: away for a time; unbounded: lost for good
        #[arg(long, default_value = "none", value_parser = of_key::<Loss>)]
        availability: Loss,
        /// Nobody meant it
        #[arg(long)]
        accident: bool,
        /// All of it was encrypted, and the key is safe
        #[arg(long)]
        encrypted: bool,
        /// How easily people are identified: negligible, limited, significant, maximum; without it, it follows from the data
        #[arg(long, value_parser = of_key::<Identification>)]
        identification: Option<Identification>,
    },
    /// Show what an incident would owe under the law of one day and under that of another
    Diff {
        /// The first day, such as 2025-12-31
        #[arg(long)]
        from: Date,
        /// The second day
        #[arg(long)]
        to: Date,
        /// The incident's facts as JSON, as `explain law` takes them, or - for standard input; without it, one person in
        /// every place
        #[arg(long, value_name = "FILE")]
        facts: Option<PathBuf>,
    },
    /// Confirm rules whose text is not verified (counsel)
    ///
    /// A plan that rests on such a rule is approved only when counsel has confirmed it, for this tenant and in this version:
    /// beforehand, or when an incident's plan asks for it.
    Confirm {
        /// Rules, each with the first day of the version, as in us-tx-ag@2023-09-01; without one, the newest version
        #[arg(value_name = "RULE[@FROM]", required_unless_present = "incident")]
        rules: Vec<RuleArgument>,
        /// All that the plan of this incident waits for, instead of rules by name
        #[arg(long, value_name = "INCIDENT", conflicts_with = "rules")]
        incident: Option<IncidentId>,
        /// On what grounds; it stands in the audit log beside your name
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// List what counsel has confirmed for a tenant
    Confirmed {
        #[command(flatten)]
        of: OfTenant,
    },
}

/// One tenant, seen through the console.
#[derive(Debug, ArgGroup)]
pub struct OfTenant {
    /// The merchant
    #[arg(long, value_name = "TENANT")]
    pub tenant: TenantId,
    /// Print the console's answer as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub connection: Connection,
}

/// Which console.
#[derive(Debug, ArgGroup)]
pub struct Connection {
    /// The console's address, an output of the deployed stack
    #[arg(long, env = "TOCSIN_CONSOLE", value_name = "URL")]
    pub console: Option<String>,
    /// The home region, in which the console runs
    #[arg(long, env = "AWS_REGION")]
    pub region: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Args::command().debug_assert();
    }

    #[test]
    fn ids_are_checked_before_anything_is_asked() {
        let hold = |tenant: &str, incident: &str| {
            let line =
                ["tocsin", "incident", "hold", "--tenant", tenant, incident, "--reason", "counsel asks"];
            Args::try_parse_from(line).is_ok()
        };
        assert!(hold("shop", "0123456789abcdef0123456789abcdef"));
        assert!(!hold("shop/../other", "0123456789abcdef0123456789abcdef"));
        assert!(!hold("shop", "1"));
    }
}
