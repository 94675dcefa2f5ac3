//! One letter, as one reader would get it.

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tocsin_notices::{
    Audience, CATEGORIES, Channel, Library, NoticeFacts, Phase, Reader, Rendered, Template, category_of,
    render, sample, sms,
};

use crate::chromium::{Chromium, Screen};
use crate::command::{Written, written};
use crate::failure::Failure;

/// Which letter, for whom, and in what form.
#[derive(Debug, Args)]
pub struct Preview {
    /// The regime, such as us-ca-individual
    regime: String,
    /// The reader's language, as a BCP 47 tag
    #[arg(long, default_value = "en")]
    language: String,
    #[arg(long, default_value = "email")]
    channel: Way,
    /// Which of an incident's notices
    #[arg(long, default_value = "first")]
    phase: Which,
    /// The name of the reader, in any script; nobody in particular without it
    #[arg(long)]
    name: Option<String>,
    /// A kind of data of this reader that leaked, such as payment-card; once for each, and a few without it
    #[arg(long, value_name = "KIND")]
    data: Vec<String>,
    /// The letter repeats one that may have arrived already, and says so
    #[arg(long)]
    copy: bool,
    /// The merchant and the incident, as `notice sample` prints them, instead of invented ones
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// A PNG or a PDF is drawn by Chromium, Chrome or Edge: by that of TOCSIN_CHROMIUM, else by one on the path
    #[arg(long = "as", value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// For a PNG: on what the reader looks at it
    #[arg(long, default_value = "phone")]
    screen: Screen,
    /// The file to write; standard output without it
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    Email,
    /// As it is printed for the post
    Letter,
    /// As a partner gets it, such as an acquirer
    Partner,
    Sms,
    InApp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    First,
    FollowUp,
    Correction,
    Withdrawal,
}

/// What a reader without any is shown. Of a text or a message in the shop, the page is the words in a plain frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Html,
    /// The whole page, as a screen shows it
    Png,
    Pdf,
}

pub fn run(library: &Library, asked: Preview) -> Result<(), Failure> {
    let rendered = rendered_as(library, &asked)?;
    let what = match asked.format {
        Format::Text => Written::Text(plain(&rendered)),
        Format::Html => Written::Text(page(&rendered)),
        Format::Png => Written::Drawn("a PNG", Chromium::required()?.png(&page(&rendered), asked.screen)?),
        Format::Pdf => {
            let page = on_paper(&page(&rendered), paper(&asked.regime));
            Written::Drawn("a PDF", Chromium::required()?.pdf(&page)?)
        }
    };
    written(what, asked.to.as_deref())
}

fn rendered_as(library: &Library, asked: &Preview) -> Result<Rendered, Failure> {
    let letter = |error: &dyn std::fmt::Display| Failure::Letter(error.to_string());
    let template = library.select(&asked.regime, &[&asked.language]).map_err(|error| letter(&error))?;
    let mut facts = match &asked.facts {
        None => sample::facts_under(template, &asked.regime),
        Some(file) => {
            let text = fs::read_to_string(file).map_err(Failure::reading(file))?;
            serde_json::from_str(&text).map_err(|error| Failure::UnreadableFacts(error.to_string()))?
        }
    };
    facts.phase = asked.phase.into();
    let mut reader = reader(template, asked.name.clone());
    if let Some(unknown) = asked.data.iter().find(|kind| category_of(kind).is_none()) {
        return Err(Failure::NoKindOfData(unknown.clone(), CATEGORIES.join(", ")));
    }
    if !asked.data.is_empty() {
        // What leaked of one reader leaked in the incident.
        facts.data_categories.extend(asked.data.iter().cloned());
        reader.data_categories = asked.data.iter().cloned().collect();
    }
    reader.copy = asked.copy;
    rendered(template, asked.channel.into(), &asked.regime, &facts, &reader)
}

/// An invented person, where a letter is to one.
pub fn reader(template: &Template, name: Option<String>) -> Reader {
    match template.header().audience {
        Audience::Individual => Reader {
            display_name: name,
            data_categories: sample::keys(&["email", "name", "password-hash"]),
            copy: false,
        },
        Audience::Authority | Audience::Controller | Audience::Card => Reader::nobody(),
    }
}

pub fn rendered(
    template: &Template,
    channel: Channel,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
) -> Result<Rendered, Failure> {
    render(template, channel, regime, facts, reader, sample::REFERENCE)
        .map_err(|error| Failure::Letter(error.to_string()))
}

/// The words, and of a text message what it costs.
fn plain(rendered: &Rendered) -> String {
    match rendered {
        Rendered::Sms(message) => {
            let parts = sms::parts(&message.text);
            format!("{}({:?}, {} parts)\n", words(rendered), parts.encoding, parts.count)
        }
        Rendered::Email(_) | Rendered::InApp(_) => words(rendered),
    }
}

/// What the reader gets, and nothing of ours.
fn words(rendered: &Rendered) -> String {
    match rendered {
        Rendered::Email(mail) => format!("{}\n\n{}", mail.subject, mail.text),
        Rendered::Sms(message) => format!("{}\n", message.text),
        Rendered::InApp(message) => format!("{}\n\n{}", message.title, message.text),
    }
}

/// A mail's own page; of what has none, the words in a plain frame.
pub fn page(rendered: &Rendered) -> String {
    match rendered {
        Rendered::Email(mail) => mail.html.clone(),
        Rendered::Sms(_) | Rendered::InApp(_) => {
            format!("{FRAME}<pre dir=\"auto\">{}</pre>\n</body>\n</html>\n", escaped(&words(rendered)))
        }
    }
}

const FRAME: &str = "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>Notice</title>\n<style>
body { margin: 16px; } pre { font: 16px/1.4 Arial, Helvetica, sans-serif; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>\n</head>\n<body>\n";

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What people of the regime print on.
fn paper(regime: &str) -> &'static str {
    if regime.starts_with("us-") || regime.starts_with("ca-") { "letter" } else { "A4" }
}

/// The page with a size of paper, margins and numbers of its sheets, which a mail has no need of; no heading stands alone at
/// the foot of a sheet.
fn on_paper(page: &str, paper: &str) -> String {
    let style = format!(
        "<style>\n@page {{ size: {paper}; margin: 20mm 18mm; @bottom-right {{ content: counter(page) \" / \" counter(pages); \
         font: 8pt Arial, Helvetica, sans-serif; color: #595959; }} }}\n\
         h1, h2, h3 {{ break-after: avoid; }} li {{ break-inside: avoid; }} p {{ orphans: 2; widows: 2; }}\n</style>\n</head>"
    );
    page.replacen("</head>", &style, 1)
}

impl From<Way> for Channel {
    fn from(way: Way) -> Self {
        match way {
            Way::Email => Channel::Email,
            Way::Letter => Channel::Letter,
            Way::Partner => Channel::Partner,
            Way::Sms => Channel::Sms,
            Way::InApp => Channel::InApp,
        }
    }
}

impl From<Which> for Phase {
    fn from(which: Which) -> Self {
        match which {
            Which::First => Phase::First,
            Which::FollowUp => Phase::FollowUp,
            Which::Correction => Phase::Correction,
            Which::Withdrawal => Phase::Withdrawal,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        preview: Preview,
    }

    fn asked(line: &str) -> Preview {
        Line::parse_from(["preview"].into_iter().chain(line.split_whitespace())).preview
    }

    fn text(line: &str) -> Result<String, Failure> {
        let library = Library::shipped().unwrap();
        rendered_as(&library, &asked(line)).map(|rendered| plain(&rendered))
    }

    #[test]
    fn any_reader_is_shown_what_leaked_of_them() {
        let letter = text("us-ca-individual --name 李小龍 --data payment-card --data phone").unwrap();
        assert!(
            letter.contains("李小龍") && letter.contains("card") && !letter.contains("mail address"),
            "{letter}"
        );
        let usual = text("us-ca-individual").unwrap();
        assert!(usual.contains("mail address") && !usual.contains("李小龍"), "{usual}");
        assert_ne!(text("us-ca-individual --copy").unwrap(), usual);
        assert_ne!(text("us-ca-individual --phase correction").unwrap(), usual);
        assert!(text("us-ca-individual --channel sms").unwrap().contains("parts)"));
        let unknown = text("us-ca-individual --data shoe-size").unwrap_err().to_string();
        assert!(unknown.contains("shoe-size") && unknown.contains("payment-card"), "{unknown}");
    }

    #[test]
    fn a_merchant_and_an_incident_of_ones_own_are_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut facts = sample::facts();
        facts.merchant.name = "Quillfeather & Sons".to_owned();
        fs::write(file.path(), serde_json::to_string(&facts).unwrap()).unwrap();
        let line = format!("us-ca-individual --facts {}", file.path().display());
        assert!(text(&line).unwrap().contains("Quillfeather & Sons"));
        fs::write(file.path(), "{}").unwrap();
        assert!(matches!(text(&line), Err(Failure::UnreadableFacts(_))));
    }

    #[test]
    fn what_has_no_page_is_framed_and_escaped() {
        let message = tocsin_notices::InApp { title: "<b>".to_owned(), text: "a & b\n".to_owned() };
        let page = page(&Rendered::InApp(message));
        assert!(page.contains("&lt;b&gt;\n\na &amp; b") && page.contains("pre-wrap"), "{page}");
        let paged = on_paper(&page, paper("us-ca-individual"));
        assert!(paged.contains("size: letter") && paged.matches("</head>").count() == 1);
        assert_eq!(paper("eu-gdpr-individual"), "A4");
        let sms = Rendered::Sms(tocsin_notices::Sms { text: "a <b>".to_owned() });
        assert!(plain(&sms).contains("1 parts") && !super::page(&sms).contains("parts"));
    }
}
