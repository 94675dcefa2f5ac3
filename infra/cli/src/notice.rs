//! The letters that ship: what is left to see to, how one reads, and all of them as pages to look through.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use tocsin_notices::{
    Audience, Channel, Library, NoticeFacts, Phase, Reader, Rendered, Template, readability, render, sample,
    shipped_words, sms,
};

use crate::command::print;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub enum Notice {
    /// Say what is left to see to: languages without a letter, letters that no lawyer read, agencies to look up; and how
    /// hard each letter is to read
    Lint,
    /// Render a letter with an invented merchant and incident, as a reader would get it
    Preview {
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
        /// The name of the reader; nobody in particular without it
        #[arg(long)]
        name: Option<String>,
        /// The page of an e-mail instead of its text
        #[arg(long)]
        html: bool,
        /// The file to write; standard output without it
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Write every letter that ships, under every regime, as pages with an index
    Gallery {
        /// A folder, made where there is none
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    Email,
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

pub fn run(command: Notice) -> Result<(), Failure> {
    let library = Library::shipped().map_err(|error| Failure::Letter(error.to_string()))?;
    match command {
        Notice::Lint => print(&lint(&library)?),
        Notice::Preview { regime, language, channel, phase, name, html, to } => {
            let template =
                library.select(&regime, &[&language]).map_err(|error| Failure::Letter(error.to_string()))?;
            let facts = NoticeFacts { phase: phase.into(), ..sample::facts_under(template, &regime) };
            let rendered = rendered(template, channel.into(), &regime, &facts, name)?;
            let text = if html { page(&rendered) } else { plain(&rendered) };
            match to {
                Some(path) => fs::write(&path, text).map_err(Failure::writing(&path)),
                None => print(&text),
            }
        }
        Notice::Gallery { to } => gallery(&library, &to),
    }
}

fn lint(library: &Library) -> Result<String, Failure> {
    let words = shipped_words().map_err(|error| Failure::Letter(error.to_string()))?;
    let missing = library.missing_eu_languages().join(", ");
    let unread = library.templates().iter().filter(|template| template.header().reviewer.is_none());
    let unread: Vec<&str> = unread.map(Template::id).collect();
    let agencies: Vec<&str> = words.uncertain_agencies().map(|(key, _)| key).collect();
    Ok(format!(
        "official languages of the European Union without a letter: {missing}\n\
         letters that no lawyer has read ({} of {}): {}\n\
         agencies whose address or number somebody has to look up: {}\n\
         how hard the letters are to read, and what is the limit:\n{}",
        unread.len(),
        library.templates().len(),
        unread.join(", "),
        agencies.join(", "),
        library.templates().iter().map(grade).collect::<Result<String, _>>()?,
    ))
}

/// How hard a letter is to read, and whether its header says so.
fn grade(template: &Template) -> Result<String, Failure> {
    let measured = readability::measured(template).map_err(|error| Failure::Letter(error.to_string()))?;
    let words = match measured {
        Some(grade) => format!("{grade} ({})", grade.limit()),
        None => "not measured".to_owned(),
    };
    let wrong = match (template.header().readability, measured) {
        (stated, measured) if stated == measured => String::new(),
        (Some(stated), _) => format!("; its notice.toml says {stated}"),
        (None, _) => "; its notice.toml does not say so".to_owned(),
    };
    Ok(format!("  {}: {words}{wrong}\n", template.id()))
}

fn rendered(
    template: &Template,
    channel: Channel,
    regime: &str,
    facts: &NoticeFacts,
    name: Option<String>,
) -> Result<Rendered, Failure> {
    let reader = match template.header().audience {
        Audience::Individual => Reader {
            display_name: name,
            data_categories: sample::keys(&["email", "name", "password-hash"]),
            copy: false,
        },
        Audience::Authority | Audience::Controller | Audience::Card => Reader::nobody(),
    };
    render(template, channel, regime, facts, &reader, sample::REFERENCE)
        .map_err(|error| Failure::Letter(error.to_string()))
}

fn plain(rendered: &Rendered) -> String {
    match rendered {
        Rendered::Email(mail) => format!("{}\n\n{}", mail.subject, mail.text),
        Rendered::Sms(message) => {
            let parts = sms::parts(&message.text);
            format!("{}\n({:?}, {} parts)\n", message.text, parts.encoding, parts.count)
        }
        Rendered::InApp(message) => format!("{}\n\n{}", message.title, message.text),
    }
}

fn page(rendered: &Rendered) -> String {
    match rendered {
        Rendered::Email(mail) => mail.html.clone(),
        Rendered::Sms(_) | Rendered::InApp(_) => {
            format!("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<pre>{}</pre>\n", escaped(&plain(rendered)))
        }
    }
}

/// One page for each letter, regime and channel that a reader sees apart, and an index of them.
fn gallery(library: &Library, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::writing(folder))?;
    let mut index: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for template in library.templates() {
        for regime in template.header().regimes.keys() {
            let facts = sample::facts_under(template, regime);
            let mut links = Vec::new();
            for (channel, called) in
                [(Channel::Email, "email"), (Channel::Sms, "sms"), (Channel::InApp, "in-app")]
            {
                if !template.header().channels.contains(&channel) {
                    continue;
                }
                let rendered = rendered(template, channel, regime, &facts, Some("Erika Example".to_owned()))?;
                let file = format!("{regime}.{}.{called}.html", template.header().language);
                let path = folder.join(&file);
                fs::write(&path, page(&rendered)).map_err(Failure::writing(&path))?;
                links.push(format!("<a href=\"{file}\">{called}</a>"));
            }
            let row = format!("<tr><td>{regime}</td><td>{}</td></tr>\n", links.join(" "));
            index.entry(template.id()).or_default().push(row);
        }
    }
    let path = folder.join("index.html");
    fs::write(&path, contents(&index)).map_err(Failure::writing(&path))?;
    let pages: usize = index.values().map(Vec::len).sum();
    print(&format!("{pages} notices of {} letters: open {}\n", index.len(), path.display()))
}

fn contents(index: &BTreeMap<&str, Vec<String>>) -> String {
    let letter = |(id, rows): (&&str, &Vec<String>)| {
        format!("<h2>{}</h2>\n<table>\n{}</table>\n", escaped(id), rows.concat())
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Letters</title>\n</head>\n<body>\n\
         <h1>Every letter that ships</h1>\n{}</body>\n</html>\n",
        index.iter().map(letter).collect::<String>()
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl From<Way> for Channel {
    fn from(way: Way) -> Self {
        match way {
            Way::Email => Channel::Email,
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
    use super::*;

    #[test]
    fn the_gallery_has_a_page_for_every_letter_under_every_regime() {
        let folder = std::env::temp_dir().join(format!("gallery-{}", std::process::id()));
        let library = Library::shipped().unwrap();
        gallery(&library, &folder).unwrap();
        let index = fs::read_to_string(folder.join("index.html")).unwrap();
        for template in library.templates() {
            for regime in template.header().regimes.keys() {
                let file = format!("{regime}.{}.email.html", template.header().language);
                assert!(index.contains(&file), "{file}");
                assert!(fs::read_to_string(folder.join(&file)).unwrap().contains("Lindenwerk"), "{file}");
            }
        }
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_left_to_see_to_is_named() {
        let text = lint(&Library::shipped().unwrap()).unwrap();
        assert!(
            text.contains("bg, cs, da") && text.contains("gdpr/individual/en") && text.contains("us-cfpb"),
            "{text}"
        );
        assert!(
            text.contains("  gdpr/individual/en: Flesch-Kincaid grade 5.9 (Flesch-Kincaid grade 9.0)\n"),
            "{text}"
        );
        assert!(text.contains("  jp-appi/individual/ja: not measured\n"), "{text}");
        assert!(!text.contains("notice.toml"), "{text}");
    }
}
