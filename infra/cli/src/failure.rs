//! Why a command did not do what it was asked, in one sentence for standard error.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tocsin_filings::MailError;
use tocsin_law::{FactsError, LoadError};

use crate::audit::AuditError;
use crate::chromium::ChromiumError;
use crate::console::ConsoleError;
use crate::letters::BadRow;
use crate::tenant::TenantError;
use crate::verification::Doubt;

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("which console? Set --console or TOCSIN_CONSOLE to its address, an output of the deployed stack")]
    NoConsole,
    #[error("which region? Set --region or AWS_REGION to the home region, in which the console runs")]
    NoRegion,
    #[error(transparent)]
    Console(#[from] ConsoleError),
    #[error(transparent)]
    Letters(#[from] BadRow),
    #[error(transparent)]
    Tenant(#[from] TenantError),
    #[error("{}: {error}", .file.display())]
    Audit { file: PathBuf, error: AuditError },
    #[error("{} cannot be {verb}: {error}", .file.display())]
    File { file: PathBuf, verb: &'static str, error: io::Error },
    #[error("standard input or output broke off: {0}")]
    Pipe(#[from] io::Error),
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error("the facts cannot be read: {0}")]
    UnreadableFacts(String),
    #[error(transparent)]
    Law(#[from] LoadError),
    #[error("{0:?} is no answer: write QUESTION=ANSWER, such as 60=g")]
    Answer(String),
    #[error("the letters: {0}")]
    Letter(String),
    #[error("there is no form {0:?}: see tocsin filing forms")]
    NoForm(String),
    #[error("the shipped forms cannot be read: {0}")]
    Forms(String),
    #[error("the duty has no filing {0}: see tocsin filing list")]
    NoFiling(u32),
    #[error("the filing is of another version of this program: use the one that prepared it")]
    OtherVersion,
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error("the duty is not in the incident's plan any more: name the authority's address with --mail-to")]
    NoDuty,
    #[error("who writes the mail? Name an address with --mail-from")]
    NoSender,
    #[error(transparent)]
    Chromium(#[from] ChromiumError),
    #[error("{0} is nothing to read in a terminal: name a file with --to")]
    NotForTerminals(&'static str),
    #[error("{0:?} is no kind of data that the letters have words for: {1}")]
    NoKindOfData(String, String),
    #[error(transparent)]
    Verification(#[from] Doubt),
    #[error("remarks on the law: {0}; a lawyer should look at them")]
    Remarks(usize),
}

impl Failure {
    pub fn reading(file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File { file: file.to_owned(), verb: "read", error }
    }

    pub fn writing(file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::File { file: file.to_owned(), verb: "written", error }
    }

    /// 1 where the answer is "no", 2 where there is none.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.is_no() { 1 } else { 2 })
    }

    fn is_no(&self) -> bool {
        match self {
            Failure::Console(error) => error.is_refusal(),
            Failure::Audit { .. } | Failure::Mail(_) | Failure::Verification(_) | Failure::Remarks(_) => true,
            Failure::Law(_)
            | Failure::NoDuty
            | Failure::NoSender
            | Failure::Chromium(_)
            | Failure::NotForTerminals(_)
            | Failure::NoKindOfData(..)
            | Failure::UnreadableFacts(_)
            | Failure::NoConsole
            | Failure::NoRegion
            | Failure::Letters(_)
            | Failure::Tenant(_)
            | Failure::File { .. }
            | Failure::Pipe(_)
            | Failure::Answer(_)
            | Failure::Letter(_)
            | Failure::NoForm(_)
            | Failure::Forms(_)
            | Failure::NoFiling(_)
            | Failure::OtherVersion
            | Failure::Facts(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_is_told_from_no_answer() {
        let file = PathBuf::from("log");
        let broken = AuditError::Broken(tocsin_audit::Broken::CutOff);
        assert!(Failure::Audit { file: file.clone(), error: broken }.is_no());
        assert!(Failure::Console(ConsoleError::Conflict("late".to_owned())).is_no());
        assert!(!Failure::Console(ConsoleError::Again).is_no());
        assert!(!Failure::reading(&file)(io::ErrorKind::NotFound.into()).is_no());
        assert!(!Failure::NoConsole.is_no());
    }
}
