//! What a merchant publishes so that readers can check that a notice is real: made, signed, and checked again.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tocsin_domain::id::TenantId;
use tocsin_verification::{
    Book, Broken, Checked, Files, KEYS, Ledger, MANIFEST, NoReference, SIGNATURE, START_PAGE, Signed, check,
    pages,
};

use crate::args::OfTenant;
use crate::command::{answered, console, print};
use crate::console::{Console, ConsoleError, Published, PublishedWave};
use crate::failure::Failure;

/// How many waves are read at once.
const WAVES_AT_ONCE: usize = 8;

#[derive(Debug, Subcommand)]
pub enum Verification {
    /// Write what is to be published of a tenant's notices, of all incidents together, and have it signed (responders,
    /// approvers)
    ///
    /// Of every notice that was or may have been sent, and of those that may go under an approved plan. The files hold no
    /// personal data, and no reference but as a hash.
    Site {
        /// A folder, made where there is none
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Have the key made that signs from now on (administrators)
    ///
    /// The console makes it and keeps it in Secrets Manager; nobody sees it. The one before it stays published. Prints the
    /// thumbprint by which others know the key (RFC 7638).
    Key {
        /// Why; it stands in the audit log beside your name
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Check such a folder, as it was written or as it was fetched from the merchant's host; asks nobody
    Check {
        folder: PathBuf,
        /// Say also whether this reference is the merchant's
        reference: Option<String>,
        /// The thumbprint of the only key to believe, as you know it from elsewhere
        #[arg(long, value_name = "THUMBPRINT")]
        key: Option<String>,
    },
}

/// Why published files are not to be believed, or a reference is not.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("the reference is not the merchant's: no notice bears it")]
    NotOurs,
    #[error(transparent)]
    NoReference(#[from] NoReference),
}

pub async fn run(command: Verification) -> Result<(), Failure> {
    match command {
        Verification::Site { to, of: OfTenant { tenant, json, connection } } => {
            let console = console(&connection).await?;
            let (files, page) = site(&console, &tenant).await?;
            let checked = check(|path| files.get(path).cloned(), None).map_err(Doubt::Broken)?;
            write(&to, &files)?;
            answered(&summary(&checked, &to), json, |_| written(&checked, &to, &page))
        }
        Verification::Key { reason, of: OfTenant { tenant, json, connection } } => {
            let answer = console(&connection).await?.make_verification_key(&tenant, &reason).await?;
            answered(&answer, json, made)
        }
        Verification::Check { folder, reference, key } => {
            print(&looked_at(&folder, reference.as_deref(), key.as_deref())?)
        }
    }
}

/// Every file, and the address of the page that readers know.
async fn site(console: &Console, tenant: &TenantId) -> Result<(Files, String), Failure> {
    let Published { issuer, notices, waves, key: _ } = console.published(tenant).await?;
    let mut ledger = Ledger::of(notices);
    let read = stream::iter(&waves)
        .map(|wave| async move { Ok((wave.notice, prints(console, tenant, wave).await?)) });
    let read: Vec<_> =
        read.buffered(WAVES_AT_ONCE).try_collect::<Vec<_>>().await.map_err(Failure::Console)?;
    for (notice, prints) in read {
        prints.into_iter().for_each(|print| ledger.add(notice, print));
    }
    let Book { draft, shards } = ledger.close();
    let pages = pages(&issuer, &draft.notices).map_err(|defect| Failure::Letter(defect.to_string()))?;
    let Signed { manifest, signature, keys } = console.sign_manifest(tenant, json!(draft)).await?;
    let mut files = shards;
    files.extend(pages);
    files.extend(
        [(MANIFEST, manifest), (SIGNATURE, signature), (KEYS, keys)]
            .map(|(path, text)| (path.to_owned(), text.into_bytes())),
    );
    Ok((files, issuer.page))
}

/// Page by page.
async fn prints(
    console: &Console,
    tenant: &TenantId,
    wave: &PublishedWave,
) -> Result<Vec<tocsin_verification::Print>, ConsoleError> {
    let (mut prints, mut from) = (Vec::new(), Some(0));
    while let Some(first) = from {
        let page = console.prints(tenant, wave, first).await?;
        prints.extend(page.prints);
        from = page.next;
    }
    Ok(prints)
}

/// The manifest goes last, so that a folder that is half written is not taken for a whole one.
fn write(folder: &Path, files: &Files) -> Result<(), Failure> {
    let (last, first): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| *path == MANIFEST);
    for (path, bytes) in first.into_iter().chain(last) {
        let path = folder.join(path);
        let parent = path.parent().ok_or_else(|| Failure::writing(&path)(ErrorKind::InvalidInput.into()))?;
        fs::create_dir_all(parent).map_err(Failure::writing(parent))?;
        fs::write(&path, bytes).map_err(Failure::writing(&path))?;
    }
    Ok(())
}

fn summary(checked: &Checked, folder: &Path) -> Value {
    let Checked { manifest, key, .. } = checked;
    json!({
        "folder": folder, "notices": manifest.notices.len(), "references": manifest.references.count,
        "files": manifest.files.len() + 3, "issued_at": manifest.issued_at, "key": key,
    })
}

fn written(checked: &Checked, folder: &Path, page: &str) -> String {
    let host = &checked.manifest.issuer.host;
    format!(
        "{}upload the folder .well-known in {} to the root of https://{host}, the manifest last\n\
         readers check at https://{host}/{START_PAGE}: let {page} lead there\n\
         make it again after each approval, and before the notices go: hold, approve, publish, release\n",
        said_of(checked),
        folder.display(),
    )
}

fn said_of(checked: &Checked) -> String {
    let Checked { manifest, key, .. } = checked;
    format!(
        "{}: {} notices with {} references, {} files, as of {}\nsigned by the key {key}\n",
        manifest.issuer.name,
        manifest.notices.len(),
        manifest.references.count,
        manifest.files.len() + 3,
        manifest.issued_at,
    )
}

/// What a folder says; more where a reference is asked for.
fn looked_at(folder: &Path, reference: Option<&str>, key: Option<&str>) -> Result<String, Doubt> {
    let checked = check(|path| fs::read(folder.join(path)).ok(), key)?;
    let found = reference.map_or_else(|| Ok(String::new()), |reference| found(&checked, reference))?;
    Ok(said_of(&checked) + &found)
}

fn found(checked: &Checked, reference: &str) -> Result<String, Doubt> {
    let notices = checked.find(reference)?;
    if notices.is_empty() {
        return Err(Doubt::NotOurs);
    }
    let line = |counted: &&tocsin_verification::Counted| {
        let notice = &counted.notice;
        let subject = notice.subject.as_deref().unwrap_or("without a subject");
        format!(
            "the reference stands in: {} {} {}, {subject}\n",
            notice.date,
            notice.channel.as_str(),
            notice.language
        )
    };
    Ok(notices.iter().map(line).collect())
}

fn made(answer: &Value) -> String {
    let key = answer["key"].as_str().unwrap_or_default();
    format!(
        "the key {key} signs from now on: publish the site again, and tell those who pin the key its thumbprint\n"
    )
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use tocsin_domain::plan::{Channel, Phase};
    use tocsin_verification::{Contact, Issuer, Keys, Manifest, Notice, Print, Seed};

    use super::*;

    const REFERENCE: &str = "SHOP-7F3K92QDAB";

    fn files(keys: &Keys) -> Files {
        let contact = Contact { email: "privacy@shop.example".to_owned(), phone: None };
        let notice = Notice {
            date: date(2026, 11, 23),
            prefix: "SHOP".to_owned(),
            phase: Phase::First,
            channel: Channel::Email,
            language: "en".to_owned(),
            subject: Some("Important".to_owned()),
            contact: contact.clone(),
        };
        let mut ledger = Ledger::of(vec![notice]);
        ledger.add(0, Print::of(REFERENCE).unwrap());
        let Book { draft, shards } = ledger.close();
        let (name, host) = ("Example Goods Inc.".to_owned(), "shop.example".to_owned());
        let issuer = Issuer { name, host, page: "https://shop.example/notice".to_owned(), contact };
        let mut files = pages(&issuer, &draft.notices).unwrap();
        files.extend(shards);
        let manifest = Manifest::of(issuer, draft, "2026-11-23T10:00:00Z".parse().unwrap()).unwrap().text();
        let signature = keys.sign(manifest.as_bytes());
        for (path, text) in [(MANIFEST, manifest), (SIGNATURE, signature), (KEYS, keys.published())] {
            files.insert(path.to_owned(), text.into_bytes());
        }
        files
    }

    #[test]
    fn a_folder_is_checked_as_it_was_written() {
        let folder = std::env::temp_dir().join(format!("verification-{}", std::process::id()));
        let keys = Keys::read(&[Seed::of([7; 32]).text()]).unwrap();
        let files = files(&keys);
        write(&folder, &files).unwrap();
        let told = looked_at(&folder, Some("shop 7f3k 92qd ab"), Some(&keys.id())).unwrap();
        assert!(
            told.contains("1 notices with 1 references") && told.contains("2026-11-23 email en, Important"),
            "{told}"
        );
        let doubt =
            |reference: Option<&str>, key: Option<&str>| looked_at(&folder, reference, key).unwrap_err();
        assert!(matches!(doubt(Some("SHOP-2345ABCDEF"), None), Doubt::NotOurs));
        assert!(matches!(doubt(Some("REF-1"), None), Doubt::NoReference(_)));
        assert!(matches!(doubt(None, Some("another")), Doubt::Broken(Broken::OtherKey(_))));
        fs::write(folder.join(START_PAGE), "pay here").unwrap();
        assert!(matches!(doubt(None, None), Doubt::Broken(Broken::Changed(_))));
        fs::remove_dir_all(&folder).unwrap();
    }
}
