//! Ways in which a letter of a merchant's own could break the law and look lawful: each is refused, and by name.

mod common;

use std::collections::BTreeMap;

use tocsin_law::{Rule, RulePack};
use tocsin_notices::own::{self, OwnLetter};
use tocsin_notices::shipped_parts;

type Files = BTreeMap<String, String>;

/// What is changed: the file, what stands in it, and what takes its place.
type Change<'a> = (&'a str, &'a str, &'a str);

const HTML: &str = "body.html.j2";
const TEXT: &str = "body.txt.j2";
const US: &str = "us/individual/en-US";
const MASSACHUSETTS: &str = "us-ma/individual/en-US";

/// The shipped letter of this folder as the files of a merchant.
fn files(folder: &str) -> Files {
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == folder).expect("it ships");
    let sources = parts.sources.into_iter().map(|(part, text)| (part.file_name().to_owned(), text));
    sources.chain([("notice.toml".to_owned(), for_few(&parts.header))]).collect()
}

/// Of the many states, California and those that have each block.
const STATES: [&str; 6] = ["us-ca", "us-ia", "us-nm", "us-pr", "us-ri", "us-wi"];

fn for_few(header: &str) -> String {
    let (head, regimes) = header.split_once("\n[regimes.us-ak-").unwrap_or((header, ""));
    let wanted = |regime: &&str| STATES.iter().any(|state| regime.starts_with(&format!("[regimes.{state}-")));
    let regimes =
        regimes.split("\n\n").filter_map(|regime| regime.find("[regimes.").and_then(|at| regime.get(at..)));
    regimes.filter(wanted).fold(head.to_owned(), |header, regime| header + "\n" + regime + "\n")
}

#[test]
fn what_is_not_changed_is_lawful() {
    for folder in [US, MASSACHUSETTS, DE] {
        assert_eq!(problems(folder, &[]), "", "{folder}");
    }
}

/// What is said against the letter of a folder after changes, of which each must find what it changes.
fn problems(folder: &str, changes: &[Change<'_>]) -> String {
    let mut files = files(folder);
    for (file, from, to) in changes {
        let text = files.entry((*file).to_owned()).or_default();
        assert!(text.contains(from), "{file}: {from}");
        *text = if from.is_empty() { (*to).to_owned() } else { text.replace(from, to) };
    }
    let contents = |regime: &str| RulePack::shipped().rule(regime).map(Rule::content_keys);
    match OwnLetter::from_files(&files) {
        Ok(letter) => own::problems(&letter.template().expect("it compiles"), contents).join("\n"),
        Err(error) => error.to_string(),
    }
}

fn refused(cases: &[(&str, &[Change<'_>], &str)]) {
    for (folder, changes, problem) in cases {
        let found = problems(folder, changes);
        assert!(found.contains(problem), "{changes:?}: {found}");
    }
}

#[test]
fn a_letter_tells_its_reader_all_that_leaked_and_all_that_helps() {
    let unlisted = "does not show the element data-types";
    let unadvised = "does not show the element protective-steps";
    refused(&[
        (
            US,
            &[
                (HTML, "{% for kind in data %}", "{% for kind in data[:1] %}"),
                (TEXT, "{% for kind in data %}", "{% for kind in data[:1] %}"),
            ],
            unlisted,
        ),
        (
            US,
            &[
                (HTML, "{% for advice in data_advice %}", "{% for advice in data_advice[:1] %}"),
                (TEXT, "{% for advice in data_advice %}", "{% for advice in data_advice[:1] %}"),
            ],
            unadvised,
        ),
        (
            US,
            &[
                (HTML, "<li>{{ kind }}</li>", "{% if data|length > 3 %}<li>{{ kind }}</li>{% endif %}"),
                (TEXT, "- {{ kind }}", "{% if data|length > 3 %}- {{ kind }}{% endif %}"),
            ],
            unlisted,
        ),
        (
            US,
            &[("sms.txt.j2", "{{ data_short }}", "{{ data_short[:5] }}{# {{ data_short }} #}")],
            "what leaked",
        ),
    ]);
}

const DE: &str = "gdpr/individual/de";
const CAN_DO: &str = "<h2>What You Can Do</h2>\n";
const CAN_DO_TEXT: &str = "What You Can Do\n---------------\n";

/// The letter of the United States with a paragraph more in both parts.
fn with_words(words: &str) -> String {
    let html = format!("{CAN_DO}<p>{words}</p>\n");
    let text = format!("{CAN_DO_TEXT}\n{words}\n");
    problems(US, &[(HTML, CAN_DO, &html), (TEXT, CAN_DO_TEXT, &text)])
}

/// The words of a language and the phrases of a law are not the author's to choose.
#[test]
fn a_letter_brings_no_words_by_which_it_is_judged() {
    let freeze = "credit-freeze-steps = [\"place a security freeze\", \"your date of birth and your Social Security number\"]";
    let shipped = "the phrases of credit-freeze-steps are those of the shipped letters";
    let relabelled = "extends = \"en-US\"\n[categories.ssn]\nlabel = \"Your choice of newsletter\"\n";
    refused(&[
        (US, &[("language.toml", "", relabelled)], "language.toml: words of \"en-US\" ship"),
        (
            US,
            &[
                ("notice.toml", "language = \"en-US\"", "language = \"en-ZA\""),
                ("language.toml", "", relabelled),
            ],
            "language.toml: words of \"en-ZA\" ship",
        ),
        (US, &[("notice.toml", freeze, "credit-freeze-steps = [\"Hello\"]")], shipped),
        (US, &[("notice.toml", freeze, "credit-freeze-steps = [\"place a security freeze\"]")], shipped),
        (
            US,
            &[(
                "notice.toml",
                "[phrases]",
                "[phrases]\nnature = [\"your data may have been potentially taken\"]",
            )],
            "each phrase of nature needs",
        ),
    ]);
    let czech: &[Change<'_>] = &[
        ("notice.toml", "language = \"en-US\"", "language = \"cs\""),
        ("language.toml", "", "extends = \"en-US\"\nhedges = [\"možná\"]\n"),
    ];
    let with = |change| problems(US, &[czech, &[change]].concat());
    // "law enforcement" is short, and stands in two paragraphs of no mark.
    assert!(with(("body.txt.j2", "Hello", "Hello")).contains("each phrase of"));
    let long = "credit-freeze-steps = [\"To place a security freeze, call or write to each\"]";
    let phrases = |changed: &str| {
        let mut files = files(US);
        let header = files["notice.toml"].replace("language = \"en-US\"", "language = \"cs\"");
        let (before, rest) = header.split_once("[phrases]\n").expect("phrases");
        let (_, after) = rest.split_once("\n\n").expect("their end");
        let header = format!("{before}[phrases]\n{changed}\n\n{after}");
        files.insert("notice.toml".to_owned(), header);
        files.insert("language.toml".to_owned(), czech[1].2.to_owned());
        OwnLetter::from_files(&files).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(phrases(long), Ok(()));
    for wrong in [
        "credit-freeze-steps = [\"a security freeze\"]",
        "credit-freeze-steps = [\"We will never ask you for a password, a code or a card number\"]",
        "credit-freeze-steps = [\"Words that stand nowhere in the whole letter\"]",
    ] {
        assert!(
            phrases(wrong).is_err_and(|error| error.contains("each phrase of credit-freeze-steps")),
            "{wrong}"
        );
    }
}

#[test]
fn a_letter_sells_nothing() {
    let sells = "sells: \"discount\"";
    refused(&[
        (US, &[("subject.txt.j2", "Notice of", "A discount, and a Notice of")], sells),
        (US, &[("sms.txt.j2", "{{ data_short }}", "{{ data_short }} Get a discount")], sells),
        (US, &[("in-app.txt.j2", "{{ data_short }}", "{{ data_short }}, and a discount")], sells),
        (DE, &[("sms.txt.j2", "{{ data_short }}", "{{ data_short }}. Gutschein:")], "sells: \"gutschein\""),
    ]);
    for (words, problem) in [
        ("Save with code SORRY20.", "sells: \"with code\""),
        ("Shop our new spring collection now.", "sells: \"shop our\""),
        ("Win a prize now!", "sells: \"win a\""),
        ("You save 20 % today.", "sells: \"%\""),
        ("Get a dis{{ \"\" }}count.", "sells: \"discount\""),
    ] {
        let found = with_words(words);
        assert!(found.contains(problem), "{words}: {found}");
    }
}

#[test]
fn a_letter_hides_nothing_behind_its_words() {
    for (words, problem) in [
        ("Your data m{{ \"\" }}ight have been taken.", "hedges: \"might have been\""),
        ("Your data {{ \"might\" }} have been taken.", "hedges: \"might have been\""),
        ("We act out of an {{ \"abundance\" }} of caution.", "hedges: \"abundance of caution\""),
        ("It is possible that somebody took your data.", "hedges: \"it is possible that\""),
        ("We believe that somebody took your data.", "hedges: \"we believe that\""),
        ("Your data appears to have been taken.", "hedges: \"appears to have\""),
        ("Your data was allegedly taken.", "hedges: \"allegedly\""),
        ("The suspected persons took it.", "hedges: \"suspected\""),
        ("A limited number of people is affected in certain cases.", "hedges: \"in certain cases\""),
        ("We are not aware of any misuse.", "hedges: \"not aware of any misuse\""),
    ] {
        let found = with_words(words);
        assert!(found.contains(problem), "{words}: {found}");
    }
    for (words, problem) in [
        ("vermutlich", "hedges: \"vermutlich\""),
        ("wohl", "hedges: \"wohl\""),
        ("mutmaßlich", "hedges: \"mutmaßlich\""),
    ] {
        let found =
            problems(DE, &[("sms.txt.j2", "{{ data_short }}", &format!("{words} {{{{ data_short }}}}"))]);
        assert!(found.contains(problem), "{found}");
    }
}

#[test]
fn what_stands_as_a_name_is_the_name() {
    let loose = "or something else in `bdi`";
    refused(&[(
        US,
        &[(HTML, CAN_DO, &format!("{CAN_DO}<p><bdi>Card 4111 1111 1111 1111</bdi></p>"))],
        loose,
    )]);
}

#[test]
fn massachusetts_reads_nothing_of_what_happened() {
    let from = "We are sorry.";
    let with = |words: &str| problems(MASSACHUSETTS, &[(HTML, from, words), (TEXT, from, words)]);
    for (words, problem) in [
        ("Hackers took the data.", "body.html.j2 tells of it: \"hackers\""),
        ("Our data was stolen in an {{ \"att\" }}{{ \"ack\" }}.", "tells of it: \"attack\""),
        ("It was so on {{ occurred }}.", "body.txt.j2 uses `occurred`"),
        ("We know it since {{ discovered }}.", "uses `discovered`"),
        ("{{ texts[\"what_happened\"][0] }}", "uses `texts`"),
    ] {
        let found = with(words);
        assert!(found.contains(problem), "{words}: {found}");
    }
    let spanish = problems(
        "us-ma/individual/es-US",
        &[("sms.txt.j2", "{{ data_short }}", "un ataque: {{ data_short }}")],
    );
    assert!(spanish.contains("sms.txt.j2 tells of it: \"ataque\""), "{spanish}");
}

#[test]
fn a_line_break_ends_no_sentence() {
    let words = "We know that we do\n".repeat(9);
    let found = with_words(&format!("{words}and say so."));
    assert!(found.contains("a sentence has 48 words"), "{found}");
}

#[test]
fn nothing_of_the_engine_hides_what_goes_out() {
    let end = "</body>";
    for (source, word) in [
        ("{% autoescape false %}x{% endautoescape %}", "autoescape"),
        ("{%- set word = \"x\" %}", "set"),
        ("{% macro f() %}x{% endmacro %}", "macro"),
        ("{{ merchant.name|safe }}", "safe"),
        ("{% raw %}x{% endraw %}", "raw"),
    ] {
        let mut files = files(US);
        let html = files[HTML].replace(end, &format!("{source}{end}"));
        files.insert(HTML.to_owned(), html);
        let template = OwnLetter::from_files(&files).unwrap().template().unwrap();
        let demands = common::demands("us-ca-individual");
        let found =
            tocsin_notices::gate::check_template(&template, "us-ca-individual", &demands).unwrap_err();
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(
            found.iter().any(|problem| problem.contains(&format!("uses `{word}`"))),
            "{source}: {found:?}"
        );
    }
}
