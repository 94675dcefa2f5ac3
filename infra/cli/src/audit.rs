//! The verdict over an exported log.

use tocsin_audit::{Broken, Head};

/// Why a log does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    #[error("the log is broken: {0}")]
    Broken(#[from] Broken),
    #[error(
        "the log is whole, but ends in the head {found} and not in {expected}: it is another log, or cut short"
    )]
    OtherHead { found: String, expected: String },
}

/// The head of a log that is whole, and that ends in `expected` where that is known from elsewhere.
pub fn verify(file: &[u8], expected: Option<&str>) -> Result<Head, AuditError> {
    let head = tocsin_audit::verify(file)?.head;
    match expected.map(str::trim) {
        Some(expected) if !expected.eq_ignore_ascii_case(&head.hash) => {
            Err(AuditError::OtherHead { found: head.hash, expected: expected.to_owned() })
        }
        Some(_) | None => Ok(head),
    }
}

/// For people: `N leaves, head H`.
pub fn summary(head: &Head) -> String {
    format!("{} leaves, head {}", head.leaves, head.hash)
}

#[cfg(test)]
mod tests {
    use tocsin_audit::{Action, Actor, Leaf, export, seal};
    use tocsin_domain::id::TenantId;

    use super::*;

    /// A log of this many tiles with one leaf each.
    fn log(tiles: u32) -> (String, Head) {
        let tenant: TenantId = "shop".parse().unwrap();
        let at = "2026-11-23T12:00:00Z".parse().unwrap();
        let leaf = |number: u32| {
            let actor = Actor::Function("triage".to_owned());
            let subject = [("signal", number.to_string())];
            Leaf::new(&tenant, None, at, actor, Action::SignalReceived, "because", subject).text()
        };
        let mut head = Head::empty(&tenant);
        let mut sealed = Vec::new();
        for number in 0..tiles {
            let (tile, next) = seal(&head, vec![leaf(number)]);
            sealed.push(tile);
            head = next;
        }
        (export(&sealed, &head), head)
    }

    #[test]
    fn a_whole_log_tells_its_leaves_and_its_head() {
        let (file, head) = log(3);
        let verified = verify(file.as_bytes(), Some(&format!("{}\n", head.hash.to_uppercase()))).unwrap();
        assert_eq!(summary(&verified), format!("3 leaves, head {}", head.hash));
    }

    #[test]
    fn a_broken_log_tells_where() {
        let (file, _) = log(3);
        let changed = file.replacen("\"because\\\"", "\"becauze\\\"", 1).replacen("because", "becauze", 1);
        assert_ne!(changed, file);
        let error = verify(changed.as_bytes(), None).unwrap_err();
        assert!(error.to_string().starts_with("the log is broken: line 1 "), "{error}");
        assert_eq!(verify(b"", None), Err(AuditError::Broken(Broken::CutOff)));
    }

    #[test]
    fn a_shorter_log_is_whole_in_itself_and_has_another_head() {
        let (short, head) = log(2);
        let (_, known) = log(3);
        assert_eq!(verify(short.as_bytes(), None), Ok(head.clone()));
        let error = verify(short.as_bytes(), Some(&known.hash));
        assert_eq!(error, Err(AuditError::OtherHead { found: head.hash, expected: known.hash }));
    }
}
