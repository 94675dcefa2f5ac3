//! Letters: a file a claim of a chunk, in the vault, for the print house.
//!
//! The same letters make the same file under the same name: a put whose answer was lost is done again, and no doubt.

use serde_json::{Value, json};
use tocsin_domain::chunk::Entry;
use tocsin_domain::person::{Person, PostalAddress};
use tocsin_domain::plan::Wave;
use tocsin_notices::Rendered;
use tocsin_ports::store::chunks::StoredChunk;
use tocsin_ports::store::letters::{self, LetterFile};
use tocsin_ports::{TenantScope, WriteVault};

/// One letter: to whom, and what is printed. Personal data: it goes into the vault and nowhere else.
#[derive(Clone)]
pub struct Letter {
    name: Option<String>,
    address: Value,
    language: String,
    subject: String,
    text: String,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter")
    }
}

impl Letter {
    /// As the print house reads it.
    fn line(&self, reference: &str) -> String {
        let Self { name, address, language, subject, text } = self;
        let line = json!({
            "reference": reference, "name": name, "address": address, "language": language, "subject": subject,
            "text": text,
        });
        format!("{line}\n")
    }
}

pub fn letter(wave: &Wave, person: &Person, notice: Rendered) -> Result<Letter, &'static str> {
    let post = person.post.as_ref().ok_or("the person has no postal address any more")?;
    let address = PostalAddress::parts(post.expose()).ok_or("the postal address cannot be used")?;
    let Rendered::Email(page) = notice else {
        return Err("the notice is not in the form of its channel");
    };
    Ok(Letter {
        name: person.name.as_ref().map(|name| name.expose().clone()),
        address: json!(address),
        language: wave.language.clone(),
        subject: page.subject,
        text: page.text,
    })
}

/// Puts letters of a chunk, each with its place, and answers what became of them. The file is named after the places: what
/// is called up later is another file.
pub async fn put(
    ports: &impl WriteVault,
    scope: &TenantScope,
    chunk: &StoredChunk,
    letters: &[(usize, Letter)],
) -> Entry {
    let at = chunk.chunk.at;
    let places: Vec<String> = letters.iter().map(|(place, _)| place.to_string()).collect();
    let line = |(place, letter): &(usize, Letter)| letter.line(&letters::reference(&at, *place));
    let lines: String = letters.iter().map(line).collect();
    let file = LetterFile { chunk: at, name: letters::name(&places) };
    match ports.put_file(&letters::key(scope, &file), lines.into_bytes()).await {
        Ok(()) => Entry::Accepted(file.name),
        Err(error) => Entry::Throttled(error.0),
    }
}
