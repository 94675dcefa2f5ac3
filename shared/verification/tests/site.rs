//! What is published, as a reader and as a forger would look at it.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;
use tocsin_domain::plan::{Channel, Phase};
use tocsin_verification::{
    BadDraft, Broken, Contact, Draft, Files, Issuer, KEYS, Keys, Ledger, MANIFEST, Manifest, Notice, Print,
    SIGNATURE, START_PAGE, Seed, check, pages,
};

fn issuer() -> Issuer {
    Issuer {
        name: "Lindenwerk Handel GmbH".to_owned(),
        host: "lindenwerk.example".to_owned(),
        page: "https://lindenwerk.example/notice".to_owned(),
        contact: contact(),
    }
}

fn contact() -> Contact {
    Contact { email: "privacy@lindenwerk.example".to_owned(), phone: Some("+49 30 5550 0142".to_owned()) }
}

fn notice(day: i8, channel: Channel, language: &str, subject: Option<&str>) -> Notice {
    Notice {
        date: date(2026, 11, day),
        prefix: "LIND".to_owned(),
        phase: Phase::First,
        channel,
        language: language.to_owned(),
        subject: subject.map(str::to_owned),
        contact: contact(),
    }
}

fn notices() -> Vec<Notice> {
    vec![
        notice(23, Channel::Email, "de", Some("Wichtig: Ihre persönlichen Daten sind betroffen")),
        notice(23, Channel::Sms, "de", None),
        notice(24, Channel::Email, "en-US", Some("Notice of Data Breach from Lindenwerk")),
    ]
}

fn keys() -> Keys {
    Keys::read(&[Seed::of([7; 32]).text()]).unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn reference(number: u64) -> String {
    const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let signs = (0..10).map(|place| char::from(SIGNS[(number >> (5 * place)) as usize % 32]));
    format!("LIND-{}", signs.collect::<String>())
}

/// Every file as it is published, of references with the notice in which each stands.
fn site(of: impl IntoIterator<Item = (u32, String)>) -> Files {
    let mut ledger = Ledger::of(notices());
    for (notice, reference) in of {
        ledger.add(notice, Print::of(&reference).unwrap());
    }
    let book = ledger.close();
    let manifest = Manifest::of(issuer(), book.draft.clone(), now()).unwrap().text();
    let mut files = pages(&issuer(), &book.draft.notices).unwrap();
    files.extend(book.shards);
    files.insert(SIGNATURE.to_owned(), keys().sign(manifest.as_bytes()).into_bytes());
    files.insert(KEYS.to_owned(), keys().published().into_bytes());
    files.insert(MANIFEST.to_owned(), manifest.into_bytes());
    files
}

fn checked(files: &Files) -> Result<tocsin_verification::Checked, Broken> {
    check(|path| files.get(path).cloned(), None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_reference_is_found_with_its_notices_and_no_other_is(
        sent in prop::collection::btree_map(0_u64..1 << 50, prop::collection::btree_set(0_u32..3, 1..3), 0..60),
        others in prop::collection::vec(0_u64..1 << 50, 20),
    ) {
        let all = sent.iter().flat_map(|(number, at)| at.iter().map(|place| (*place, reference(*number))));
        let files = site(all);
        let found = checked(&files).unwrap();
        let known = notices();
        for (number, places) in &sent {
            let expected: Vec<&Notice> = places.iter().map(|place| &known[*place as usize]).collect();
            let typed = reference(*number).to_lowercase().replace('-', " ");
            let notices: Vec<&Notice> = found.find(&typed).unwrap().iter().map(|counted| &counted.notice).collect();
            prop_assert_eq!(notices, expected);
        }
        for number in others.iter().filter(|number| !sent.contains_key(number)) {
            prop_assert!(found.find(&reference(*number)).unwrap().is_empty());
        }
    }

    #[test]
    fn a_flipped_byte_of_any_file_is_found(
        of_file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), flip in 1_u8..,
    ) {
        let mut files = site((0..40).map(|number| (number as u32 % 3, reference(number * 7919))));
        let path = of_file.get(&files.keys().cloned().collect::<Vec<_>>()).clone();
        let bytes = files.get_mut(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(checked(&files).is_err(), "{path} at {at}");
    }
}

/// Most files are long; of the three that carry the proof every byte is tried.
#[test]
fn no_byte_of_the_proof_can_be_flipped() {
    let mut files = site([(0, reference(1)), (1, reference(1)), (2, reference(2))]);
    for path in [MANIFEST, SIGNATURE, KEYS] {
        for at in 0..files[path].len() {
            let bit = 1 << (at % 8);
            files.get_mut(path).unwrap()[at] ^= bit;
            assert!(checked(&files).is_err(), "{path} at {at}");
            files.get_mut(path).unwrap()[at] ^= bit;
        }
    }
    assert!(checked(&files).is_ok());
}

#[test]
fn a_file_that_is_missing_or_a_key_that_is_not_ours_is_named() {
    let files = site([(0, reference(1))]);
    for path in files.keys() {
        let without: Files =
            files.iter().filter(|(known, _)| *known != path).map(|(a, b)| (a.clone(), b.clone())).collect();
        assert_eq!(checked(&without).unwrap_err(), Broken::Missing(path.clone()));
    }
    let read = |path: &str| files.get(path).cloned();
    assert!(check(read, Some(&keys().id())).is_ok());
    assert_eq!(check(read, Some("another")).unwrap_err(), Broken::OtherKey(keys().id()));
}

#[test]
fn what_somebody_else_signed_is_ours_only_by_the_key() {
    let forger = Keys::read(&[Seed::of([8; 32]).text()]).unwrap();
    let mut files = site([(0, reference(1))]);
    let manifest = files[MANIFEST].clone();
    files.insert(SIGNATURE.to_owned(), forger.sign(&manifest).into_bytes());
    assert_eq!(checked(&files).unwrap_err(), Broken::Signature);
    // With keys of their own the files are whole in themselves: whoever doubts the host names the key.
    files.insert(KEYS.to_owned(), forger.published().into_bytes());
    assert!(checked(&files).is_ok());
    let pinned = check(|path| files.get(path).cloned(), Some(&keys().id()));
    assert_eq!(pinned.unwrap_err(), Broken::OtherKey(forger.id()));
}

#[test]
fn many_references_are_spread_and_each_is_still_found() {
    let files = site((0..5000).map(|number| (0, reference(number * 104_729))));
    let shards: Vec<&String> = files.keys().filter(|path| path.ends_with(".txt")).collect();
    assert_eq!(shards.len(), 16);
    let found = checked(&files).unwrap();
    assert_eq!((found.manifest.references.count, found.manifest.references.digits), (5000, 1));
    assert!((0..5000).all(|number| found.find(&reference(number * 104_729)).unwrap().len() == 1));
}

#[test]
fn a_notice_that_nobody_gets_is_not_listed() {
    let files = site([(2, reference(1))]);
    let found = checked(&files).unwrap();
    assert_eq!(found.manifest.notices.len(), 1);
    assert_eq!(found.find(&reference(1)).unwrap()[0].notice, notices()[2]);
    let page = String::from_utf8(files[START_PAGE].clone()).unwrap();
    assert!(
        page.contains("lang=\"en\"") && page.contains("24 November 2026") && !page.contains("Wichtig"),
        "{page}"
    );
}

#[test]
fn a_page_asks_no_other_host_runs_no_script_of_its_own_and_escapes_what_it_prints() {
    let mut hostile = issuer();
    hostile.name = "<script>alert(1)</script> & {{ issuer }}".to_owned();
    hostile.page = "https://lindenwerk.example/\"><script>".to_owned();
    let mut ledger = Ledger::of(vec![notice(23, Channel::Email, "x\"y", Some("</dd><script>"))]);
    ledger.add(0, Print::of(&reference(1)).unwrap());
    let draft = ledger.close().draft;
    let pages = pages(&hostile, &draft.notices).unwrap();
    assert_eq!(pages.len(), 13, "ten languages, the first page, the script and the style");
    for (path, bytes) in pages.iter().filter(|(path, _)| path.ends_with(".html")) {
        let page = std::str::from_utf8(bytes).unwrap();
        assert_eq!(page.matches("<script").count(), 1, "{path}");
        assert!(
            page.contains("<script src=\"check.js\" defer></script>") && page.contains("default-src 'none'")
        );
        assert!(!page.contains("style=") && !page.contains("onclick") && !page.contains("x\"y"), "{path}");
        let without_the_notice_page = page
            .replace("https://lindenwerk.example", "")
            .replace("https:&#x2f;&#x2f;lindenwerk.example", "");
        assert!(
            !without_the_notice_page.contains("http:") && !without_the_notice_page.contains("https:"),
            "{path}"
        );
    }
}

#[test]
fn the_page_of_each_language_names_it_and_says_every_word() {
    let draft = {
        let mut ledger = Ledger::of(notices());
        (0..3).for_each(|place| ledger.add(place, Print::of(&reference(place.into())).unwrap()));
        ledger.close().draft
    };
    for (path, bytes) in pages(&issuer(), &draft.notices).unwrap() {
        let Some(tag) = path.strip_suffix(".html").and_then(|path| path.rsplit('/').next()) else { continue };
        let page = String::from_utf8(bytes).unwrap();
        if tag != "index" {
            assert!(page.contains(&format!("<html lang=\"{tag}\">")), "{path}");
            assert!(page.contains(&format!(
                "<a href=\"{tag}.html\" lang=\"{tag}\" hreflang=\"{tag}\" aria-current=\"page\">"
            )));
        }
        for word in [
            "LIND-A2B3C4D5E6",
            "Lindenwerk Handel GmbH",
            "lindenwerk.example",
            "aria-live=\"polite\"",
            "<label for=\"reference\">",
            "<noscript>",
            "+49 30 5550 0142",
        ] {
            assert!(page.contains(word), "{path} lacks {word}");
        }
        assert_eq!(page.matches("<li id=\"notice-").count(), 3, "{path}");
        assert!(
            !page.contains("{company}") && !page.contains("{host}") && !page.contains("{example}"),
            "{path}"
        );
    }
}

#[test]
fn a_draft_that_contradicts_itself_is_not_made_a_manifest() {
    let book = || {
        let mut ledger = Ledger::of(notices());
        ledger.add(0, Print::of(&reference(1)).unwrap());
        ledger.close().draft
    };
    type Spoil = fn(&mut Draft);
    let cases: [(Spoil, BadDraft); 6] = [
        (|draft| draft.shards.clear(), BadDraft::Shards(0)),
        (|draft| draft.shards.values_mut().for_each(|hash| hash.make_ascii_uppercase()), BadDraft::Shards(0)),
        (|draft| draft.references.digits = 1, BadDraft::Shards(1)),
        (|draft| draft.references.digits = 4, BadDraft::TooMany),
        (|draft| draft.references.count = 2, BadDraft::Counts),
        (|draft| draft.notices[0].references = 0, BadDraft::Counts),
    ];
    for (spoil, expected) in cases {
        let mut draft = book();
        spoil(&mut draft);
        assert_eq!(Manifest::of(issuer(), draft, now()), Err(expected));
    }
    let mut named = book();
    named.shards = BTreeMap::from([("../../etc/passwd".to_owned(), "0".repeat(64))]);
    assert_eq!(Manifest::of(issuer(), named, now()), Err(BadDraft::Shards(0)));
}
