//! Lines of CEF and LEEF.

use tocsin_domain::signal::{Severity, Signal};
use tocsin_sources::signal::{Parsed, parse};

fn all(text: &str) -> (Vec<Signal>, usize) {
    match parse(text.as_bytes()) {
        Parsed::Signals { signals, rejected } => (signals, rejected.len()),
        other @ (Parsed::Ignored { .. } | Parsed::Rejected { .. }) => panic!("{other:?}: {text}"),
    }
}

#[track_caller]
fn only(text: &str) -> Signal {
    let (mut signals, rejected) = all(text);
    assert_eq!((signals.len(), rejected), (1, 0), "{text}");
    signals.remove(0)
}

fn is_rejected(text: &str) -> bool {
    matches!(parse(text.as_bytes()), Parsed::Rejected { .. })
}

const HEADERS: [&str; 8] = [
    "",
    "<134>",
    "Feb  3 04:05:06 wall ",
    "<13>Feb  3 04:05:06 10.0.0.1 ",
    "<134>Feb  3 04:05:06 wall app[7]: ",
    "<134>1 2026-02-03T04:05:06.520Z wall app 7 ID1 - ",
    "<134>1 2026-02-03T04:05:06.520+01:00 wall app 7 ID1 [x@1 a=\"b \\] c\"] ",
    "<134>1 2026-02-03T04:05:06Z wall app - - - \u{feff}",
];

#[test]
fn a_syslog_header_changes_nothing() {
    for line in
        ["CEF:0|a|w|1|42|Blocked|8|src=203.0.113.9", "LEEF:1.0|a|w|1|42|src=203.0.113.9\tsev=8\tname=Blocked"]
    {
        let plain = only(line);
        assert_eq!((plain.severity, plain.title.as_str()), (Severity::High, "Blocked"));
        for header in HEADERS {
            assert_eq!(only(&format!("{header}{line}\r\n")), plain, "{header}");
        }
    }
}

#[test]
fn escapes_of_cef_are_undone() {
    let signal = only(
        r"CEF:0|a\|b|w\\x|1|42|Read \| sent|8|externalId=e\=1 suser=x\\y dhost=a\nb msg=it said a\=b dst=10.0.0.1 src=203.0.113.9",
    );
    assert_eq!(signal.title, "Read | sent");
    assert_eq!(signal.kind, r"a|b:w\x:42");
    assert_eq!(signal.external_id, r"a|b:w\x:e=1");
    assert_eq!(signal.hints.actors, ["203.0.113.9", r"x\y"]);
    // A line's end in a value becomes a space: hints are one line each.
    assert_eq!(signal.hints.resources, ["10.0.0.1", "a b"]);
    assert_eq!(only("CEF: 0|Fortinet|Gate|7|13|Blocked|7|").severity, Severity::High);
}

#[test]
fn leef_names_its_delimiter() {
    for line in [
        "LEEF:1.0|a|w|1|42|src=203.0.113.9\tsev=5\tusrName=e t l",
        "LEEF:1.0|a|w|1|42|src=203.0.113.9 sev=5 usrName=e t l",
        "LEEF:1.0|a|w|1|42|src=203.0.113.9|sev=5|usrName=e t l",
        "LEEF:2.0|a|w|1|42|^|src=203.0.113.9^sev=5^usrName=e t l",
        "LEEF:2.0|a|w|1|42|x5E|src=203.0.113.9^sev=5^usrName=e t l",
        "LEEF:2.0|a|w|1|42|0x5e|src=203.0.113.9^sev=5^usrName=e t l",
        "LEEF:2.0|a|w|1|42|0x09|src=203.0.113.9\tsev=5\tusrName=e t l",
        "LEEF:2.0|a|w|1|42|xa6|src=203.0.113.9¦sev=5¦usrName=e t l",
        "LEEF:2.0|a|w|1|42|\\t|src=203.0.113.9\tsev=5\tusrName=e t l",
        "LEEF:2.0|a|w|1|42||src=203.0.113.9\tsev=5\tusrName=e t l",
        "LEEF:2.0|a|w|1|42|src=203.0.113.9\tsev=5\tusrName=e t l",
        "LEEF:2.0|a|w|1|42|||src=203.0.113.9|sev=5|usrName=e t l",
        "LEEF:2.0|a|w|1|42|x|src=203.0.113.9xsev=5xusrName=e t l",
    ] {
        let signal = only(line);
        assert_eq!((signal.source.as_str(), signal.severity), ("leef", Severity::Medium), "{line}");
        assert_eq!(signal.hints.actors, ["203.0.113.9", "e t l"], "{line}");
        assert_eq!(signal.kind, "a:w:42", "{line}");
    }
}

#[test]
fn leef_severities_times_and_ids() {
    let with = |attributes: &str| format!("LEEF:1.0|a|w|1|42|{attributes}");
    for (sev, severity) in [
        ("1", Severity::Low),
        ("3", Severity::Low),
        ("4", Severity::Medium),
        ("7", Severity::High),
        ("9", Severity::Critical),
        ("10", Severity::Critical),
        ("high", Severity::High),
    ] {
        assert_eq!(only(&with(&format!("cat=c\tsev={sev}"))).severity, severity, "{sev}");
    }
    // The attribute may be missing; it may not be unknown.
    assert_eq!(only(&with("cat=c")).severity, Severity::Medium);
    for sev in ["0", "11", "-1", "5.5", "odd"] {
        assert!(is_rejected(&with(&format!("cat=c\tsev={sev}"))), "{sev}");
    }
    for time in
        ["1770091506000", "Feb 03 2026 04:05:06", "Feb 03 2026 04:05:06.000 GMT", "2026/02/03 00:05:06 -0400"]
    {
        let signal = only(&with(&format!("sev=5\tdevTime={time}")));
        assert_eq!(signal.occurred_at.map(|at| at.as_second()), Some(super::SECOND), "{time}");
    }
    // Without a year or with a zone's name there is no instant, and still a signal.
    assert_eq!(only(&with("sev=5\tdevTime=Feb 03 04:05:06 CET")).occurred_at, None);
    assert_eq!(only(&with("sev=5\texternalId=7")).external_id, "a:w:7");
    assert_eq!(only(&with("sev=5")).external_id, only(&format!("<13>{}\n", with("sev=5"))).external_id);
    assert_ne!(only(&with("sev=5")).external_id, only(&with("sev=6")).external_id);
    for line in ["LEEF:", "LEEF:1.0", "LEEF:1.0|a|w|1|42", "xLEEF:1.0|a|w|1|42|", "LEEF:x|a|w|1|42|"] {
        assert!(is_rejected(line), "{line}");
    }
}

#[test]
fn several_lines_are_several_events() {
    let cef = "CEF:0|a|w|1|42|Blocked|8|externalId=1";
    let leef = "LEEF:1.0|a|w|1|43|externalId=2\tsev=5";
    let (signals, rejected) = all(&format!("<13>{cef}\r\n\n<13>{leef}\n<13>{}\n", "CEF:0|a|b|c"));
    let ids: Vec<_> = signals.iter().map(|signal| signal.external_id.as_str()).collect();
    assert_eq!((ids, rejected), (vec!["a:w:1", "a:w:2"], 1));
    // A mark inside a line begins nothing, and a line without one goes on with the event before.
    let signal = only("CEF:0|a|w|1|42|Blocked|8|msg=it began CEF:0|x|y|z|1|n|1|\n goes on\nexternalId=1");
    assert_eq!((signal.external_id.as_str(), signal.severity), ("a:w:1", Severity::High));
    assert!(is_rejected(&format!("{cef}\n").repeat(101)));
    assert_eq!(all(&format!("{cef}\n").repeat(100)).0.len(), 100);
}
