//! The manifest: the affected people as CSV, with a few rows that nobody can read.

use super::Person;
use crate::random::Random;

/// The manifest's header.
pub const COLUMNS: [&str; 7] = ["customer_id", "name", "email", "phone", "country", "province", "locale"];

/// A row of the manifest that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    /// The line that the row begins on; the header is line 1.
    pub line: usize,
    pub what: Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A name in Latin-1.
    Encoding,
    /// The row ends after the name.
    Columns,
    /// A line break in the address: the row takes two lines.
    Address,
}

/// One broken row on so many people: below a thousandth.
const PEOPLE_A_BROKEN_ROW: usize = 1_100;

/// Writes the people in their order, with broken rows in between.
pub(super) fn write(people: &[Person], dice: &mut Random) -> (Vec<u8>, Vec<BrokenRow>) {
    let mut kinds = [Broken::Encoding, Broken::Columns, Broken::Address].into_iter().cycle();
    let places: Vec<usize> =
        (0..people.len() / PEOPLE_A_BROKEN_ROW).map(|_| dice.below(people.len())).collect();
    let mut manifest = row(&COLUMNS.map(str::as_bytes));
    let mut broken = Vec::new();
    let mut line = 2;
    for (number, person) in people.iter().enumerate() {
        for what in places.iter().filter(|place| **place == number).zip(&mut kinds).map(|(_, what)| what) {
            broken.push(BrokenRow { line, what });
            manifest.extend(broken_row(what, number));
            line += 1 + usize::from(what == Broken::Address);
        }
        manifest.extend(person_row(person));
        line += 1;
    }
    (manifest, broken)
}

fn person_row(person: &Person) -> Vec<u8> {
    row(&[
        person.id.as_bytes(),
        person.name.as_bytes(),
        person.email.as_deref().unwrap_or_default().as_bytes(),
        person.phone.as_deref().unwrap_or_default().as_bytes(),
        person.country.as_bytes(),
        person.province.as_bytes(),
        person.locale.as_bytes(),
    ])
}

fn broken_row(what: Broken, number: usize) -> Vec<u8> {
    let id = format!("broken-{number:06}");
    let email = format!("broken.{number}@example.com");
    let row_of =
        |name: &[u8], email: &str| row(&[id.as_bytes(), name, email.as_bytes(), b"", b"DE", b"BE", b"de-DE"]);
    match what {
        Broken::Encoding => row_of(b"J\xf6rg Sch\xe4fer", &email),
        Broken::Columns => row(&[id.as_bytes(), b"Anna Weber"]),
        Broken::Address => row_of(b"Anna Weber", &format!("{email}\nBcc: everybody@example.com")),
    }
}

/// One row of CSV (RFC 4180), ended by a line feed.
fn row(fields: &[&[u8]]) -> Vec<u8> {
    let mut row = Vec::new();
    for (number, field) in fields.iter().enumerate() {
        if number > 0 {
            row.push(b',');
        }
        if field.iter().any(|byte| b",\"\r\n".contains(byte)) {
            row.push(b'"');
            for byte in *field {
                row.extend(if *byte == b'"' { &b"\"\""[..] } else { std::slice::from_ref(byte) });
            }
            row.push(b'"');
        } else {
            row.extend_from_slice(field);
        }
    }
    row.push(b'\n');
    row
}
