//! A merchant's own letters: taken in, judged, put before those that ship, and the same for ever.

mod common;

use std::collections::BTreeMap;

use common::facts;
use tocsin_domain::plan::TemplateRef;
use tocsin_law::{Rule, RulePack};
use tocsin_notices::own::{self, OWN_LIMIT, OwnLetter};
use tocsin_notices::{Library, Origin, Template, letter, shipped_parts};

type Files = BTreeMap<String, String>;

/// The shipped letter of this folder as the files of a merchant.
fn files(folder: &str) -> Files {
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == folder).expect("it ships");
    let sources = parts.sources.into_iter().map(|(part, text)| (part.file_name().to_owned(), text));
    sources.chain([("notice.toml".to_owned(), parts.header)]).collect()
}

fn changed(mut files: Files, name: &str, from: &str, to: &str) -> Files {
    let text = files.get_mut(name).expect("the letter has the file");
    assert!(text.contains(from), "{from}");
    *text = text.replace(from, to);
    files
}

fn contents(regime: &str) -> Option<Vec<String>> {
    RulePack::shipped().rule(regime).map(Rule::content_keys)
}

/// The German letter with another beginning.
fn own() -> Template {
    let files = changed(files("gdpr/individual/de"), "subject.txt.j2", "Wichtig:", "Bitte lesen:");
    OwnLetter::from_files(&files).expect("a letter").template().expect("it compiles")
}

fn pin(template: &Template) -> TemplateRef {
    TemplateRef {
        id: template.id().to_owned(),
        version: template.version(),
        hash: template.content_hash().to_owned(),
    }
}

#[test]
fn every_shipped_letter_could_be_a_merchants_own() {
    let folders = shipped_parts().into_iter().map(|parts| parts.folder);
    for folder in folders {
        let template = OwnLetter::from_files(&files(&folder)).unwrap().template().unwrap();
        assert_eq!((template.id(), template.origin()), (folder.as_str(), Origin::Own));
        assert_eq!(own::problems(&template, contents), Vec::<String>::new(), "{folder}");
    }
}

#[test]
fn what_comes_out_of_the_store_is_what_went_in() {
    let letter = OwnLetter::from_files(&files("us/individual/en-US")).unwrap();
    let read: OwnLetter = serde_json::from_str(&serde_json::to_string(&letter).unwrap()).unwrap();
    assert_eq!(read, letter);
    let (written, read) = (letter.template().unwrap(), read.template().unwrap());
    assert_eq!(written.content_hash(), read.content_hash());
    assert_eq!(written.content_hash(), letter.hash());
}

#[test]
fn an_own_letter_goes_before_the_one_that_ships_and_nothing_else_changes() {
    let shipped = letter::shipped().unwrap();
    let library = Library::over(shipped, vec![own()], Vec::new()).unwrap();
    for (regime, language, origin) in [
        ("eu-gdpr-individual", "de", Origin::Own),
        ("eu-gdpr-individual", "de-AT", Origin::Own),
        ("eu-gdpr-individual", "fr", Origin::Shipped),
        ("eu-gdpr-individual", "cs", Origin::Shipped),
        ("us-ca-individual", "en-US", Origin::Shipped),
    ] {
        let chosen = library.select(regime, &[language]).unwrap();
        assert_eq!(chosen.origin(), origin, "{regime} {language}");
        let worded = library.select_worded(regime, &[language], &facts()).unwrap();
        assert_eq!(worded.id(), chosen.id(), "{regime} {language}");
    }
}

/// Readers of other languages are written to in English, whoever wrote the English letter.
#[test]
fn whoever_replaces_the_letter_for_readers_of_other_languages_writes_to_them() {
    let english = files("gdpr/individual/en");
    let header = english["notice.toml"].replace("fallback = true\n", "");
    assert_ne!(header, english["notice.toml"]);
    let english = english.into_iter().chain([("notice.toml".to_owned(), header)]).collect();
    let english = OwnLetter::from_files(&english).unwrap().template().unwrap();
    let library = Library::over(letter::shipped().unwrap(), vec![english], Vec::new()).unwrap();
    let chosen = library.select("eu-gdpr-individual", &["cs"]).unwrap();
    assert_eq!((chosen.origin(), chosen.header().language.as_str()), (Origin::Own, "en"));
}

#[test]
fn a_plan_finds_the_very_letter_that_it_was_made_of() {
    let shipped = letter::shipped().unwrap();
    let of_shipped = pin(shipped.select("eu-gdpr-individual", &["de"]).unwrap());
    let of_own = pin(&own());
    assert_ne!(of_shipped.hash, of_own.hash);
    assert_eq!(of_own.version, format!("own-{}", of_shipped.version));
    let in_force = Library::over(shipped, vec![own()], Vec::new()).unwrap();
    let set_aside = Library::over(shipped, Vec::new(), vec![own()]).unwrap();
    for library in [&in_force, &set_aside] {
        assert_eq!(library.pinned(&of_own).map(Template::origin), Some(Origin::Own));
        assert_eq!(library.pinned(&of_shipped).map(Template::origin), Some(Origin::Shipped));
    }
    assert_eq!(set_aside.select("eu-gdpr-individual", &["de"]).unwrap().origin(), Origin::Shipped);
    assert!(shipped.pinned(&of_own).is_none());
}

#[test]
fn what_lacks_an_element_or_says_what_is_forbidden_is_refused() {
    let whole = files("gdpr/individual/de");
    for (file, from, to, problem) in [
        ("notice.toml", "  \"likely-consequences\",\n", "", "likely-consequences"),
        ("body.html.j2", "<h1", "<img src=\"https://tracker.example/p.gif\"><h1", "img"),
        ("body.html.j2", "<h1", "<a href=\"https://elsewhere.example/\">Mehr</a><h1", "elsewhere.example"),
    ] {
        let letter = OwnLetter::from_files(&changed(whole.clone(), file, from, to)).unwrap();
        let problems = own::problems(&letter.template().unwrap(), contents).join("; ");
        assert!(problems.contains(problem), "{problem}: {problems}");
    }
}

#[test]
fn files_that_make_no_letter_are_refused_by_name() {
    let whole = files("gdpr/individual/de");
    let with = |name: &str, text: &str| {
        let mut files = whole.clone();
        files.insert(name.to_owned(), text.to_owned());
        files
    };
    let without = |name: &str| {
        let mut files = whole.clone();
        files.remove(name);
        files
    };
    let in_czech =
        with("notice.toml", &whole["notice.toml"].replace("language = \"de\"", "language = \"cs\""));
    for (files, file) in [
        (with("body.html", "<p>"), "body.html"),
        (with("notice.toml", "family = 1"), "notice.toml"),
        (with("body.txt.j2", "{% if %}"), "body.txt.j2"),
        (without("notice.toml"), "notice.toml"),
        (without("body.html.j2"), "body.html.j2"),
        (in_czech, "language.toml"),
        (with("sms.txt.j2", &"x".repeat(OWN_LIMIT)), "the letter"),
    ] {
        let error = OwnLetter::from_files(&files).unwrap_err().to_string();
        assert!(error.contains(file), "{file}: {error}");
    }
}

/// A language that does not ship comes with its own words.
#[test]
fn a_letter_in_another_language_brings_its_words() {
    let mut files = files("gdpr/individual/de");
    let header = files["notice.toml"].replace("language = \"de\"", "language = \"cs\"");
    files.insert("notice.toml".to_owned(), header);
    files.insert(
        "language.toml".to_owned(),
        "extends = \"de\"\nnot_yet_known = \"zatím není známo\"\n".to_owned(),
    );
    let template = OwnLetter::from_files(&files).unwrap().template().unwrap();
    assert_eq!(template.id(), "gdpr/individual/cs");
    let library = Library::over(letter::shipped().unwrap(), vec![template], Vec::new()).unwrap();
    assert_eq!(library.select("eu-gdpr-individual", &["cs"]).unwrap().id(), "gdpr/individual/cs");
}
