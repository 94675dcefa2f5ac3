//! The letters that ship: what is left to see to, how one reads, and all of them as pages to look through.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use tocsin_notices::{Channel, Library, Template, readability, sample, shipped_words};

use crate::command::print;
use crate::failure::Failure;
use crate::preview::{self, Preview, escaped, page};

#[derive(Debug, Subcommand)]
pub enum Notice {
    /// Say what is left to see to: languages without a letter, letters that no lawyer read, agencies to look up; and how
    /// hard each letter is to read
    Lint,
    /// Render a letter for any reader, with an invented merchant and incident or with your own
    Preview(Preview),
    /// Print the invented merchant and incident as JSON, to be changed and shown by `preview --facts`
    Sample {
        /// The regime, such as us-ca-individual
        regime: String,
        /// The reader's language, as a BCP 47 tag
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// Write every letter that ships, under every regime, as pages with an index
    Gallery {
        /// A folder, made where there is none
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
}

pub fn run(command: Notice) -> Result<(), Failure> {
    let library = Library::shipped().map_err(|error| Failure::Letter(error.to_string()))?;
    match command {
        Notice::Lint => print(&lint(&library)?),
        Notice::Preview(asked) => preview::run(&library, asked),
        Notice::Sample { regime, language } => {
            let template =
                library.select(&regime, &[&language]).map_err(|error| Failure::Letter(error.to_string()))?;
            let facts = serde_json::to_value(sample::facts_under(template, &regime));
            print(&format!("{:#}\n", facts.map_err(|error| Failure::Letter(error.to_string()))?))
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
        Some(grade) => format!("{grade}, {}", grade.bound()),
        None => "not measured".to_owned(),
    };
    let wrong = match (template.header().readability, measured) {
        (stated, measured) if stated == measured => String::new(),
        (Some(stated), _) => format!("; its notice.toml says {stated}"),
        (None, _) => "; its notice.toml does not say so".to_owned(),
    };
    Ok(format!("  {}: {words}{wrong}\n", template.id()))
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
                let reader = preview::reader(template, Some("Erika Example".to_owned()));
                let rendered = preview::rendered(template, channel, regime, &facts, &reader)?;
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
        assert!(text.contains("  gdpr/individual/en: Flesch-Kincaid grade 5.9, at most 9.0\n"), "{text}");
        assert!(text.contains("  jp-appi/individual/ja: not measured\n"), "{text}");
        assert!(!text.contains("notice.toml"), "{text}");
    }
}
