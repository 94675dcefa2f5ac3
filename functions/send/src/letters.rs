//! Letters: a file a claim of a chunk, in the vault, for the print house.
//!
//! The same letters make the same file under the same name: a put whose answer was lost is done again, and no doubt.

use serde_json::json;
use tocsin_domain::chunk::Entry;
use tocsin_domain::person::{Person, PostalAddress};
use tocsin_domain::plan::Wave;
use tocsin_notices::Rendered;
use tocsin_notices::letter::{self, Brief};
use tocsin_ports::store::chunks::StoredChunk;
use tocsin_ports::store::letters;
use tocsin_ports::{TenantScope, WriteVault};

/// One letter: to whom, and what is printed. Personal data: it goes into the vault and nowhere else.
pub fn line(wave: &Wave, brief: &Brief, person: &Person, notice: Rendered) -> Result<String, &'static str> {
    let post = person.post.as_ref().ok_or("the person has no postal address any more")?;
    let address = PostalAddress::parts(post.expose()).ok_or("the postal address cannot be used")?;
    let Rendered::Email(page) = notice else {
        return Err("the notice is not in the form of its channel");
    };
    let letter = json!({
        "reference": letter::reference_of(brief, wave, person.id),
        "name": person.name.as_ref().map(|name| name.expose()),
        "address": address,
        "language": wave.language,
        "subject": page.subject,
        "text": page.text,
    });
    Ok(letter.to_string())
}

/// Puts letters of a chunk, each with its place, and answers what became of them. The file is named after the places: what
/// is called up later is another file.
pub async fn put(
    ports: &impl WriteVault,
    scope: &TenantScope,
    chunk: &StoredChunk,
    letters: &[(usize, String)],
) -> Entry {
    let places: Vec<String> = letters.iter().map(|(place, _)| place.to_string()).collect();
    let name = letters::name(&places);
    let file: String = letters.iter().map(|(_, line)| format!("{line}\n")).collect();
    match ports.put_file(&letters::file(scope, &chunk.chunk.at, &name), file.into_bytes()).await {
        Ok(()) => Entry::Accepted(name),
        Err(error) => Entry::Throttled(error.0),
    }
}
