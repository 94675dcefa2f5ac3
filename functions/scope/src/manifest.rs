//! A manifest: who stands in a dataset. CSV with a header, or JSON Lines; one record a line.

use serde::Deserialize;
use tocsin_domain::id::IdentityKey;
use tocsin_domain::outcome::Parked;
use tocsin_domain::person::{
    AddressError, EmailAddress, Jurisdiction, Person, PhoneNumber, PostalAddress, PostalParts,
    by_customer_id, identify,
};
use tocsin_domain::tenant::{Dataset, ManifestFormat};
use tocsin_ports::File;

/// A line longer than this is a bad row.
pub const LONGEST_LINE: u64 = 64 * 1024;

/// A name longer than this, in bytes, is a bad row: the renderer shows less, and no shop has such a customer.
const LONGEST_NAME: usize = 4096;

/// An opened manifest.
#[derive(Debug)]
pub struct Manifest<'a> {
    pub dataset: &'a Dataset,
    pub file: File,
    /// Where the first row begins.
    pub rows_begin: u64,
    header: csv::StringRecord,
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Counted from 1, the header included.
    pub line: u64,
    pub why: RejectReason,
}

/// The texts go into the reject file: they say what to mend and hold nothing of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RejectReason {
    #[error("the row is not valid UTF-8")]
    NotUtf8,
    #[error("the row is longer than 64 KiB")]
    TooLong,
    #[error("the row does not have the columns of the header, or breaks over a line end")]
    Columns,
    #[error("the row is not a JSON object with text fields")]
    NotJson,
    #[error("the name is longer than 4096 bytes or holds a control character")]
    Name,
    #[error("{0}")]
    Address(AddressError),
    #[error("nothing tells this person from another: no e-mail address, no phone number, no customer id")]
    NoIdentity,
}

/// The fields of one record. Unknown fields are left alone: a manifest may hold more than we need.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(default)]
    customer_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    address1: String,
    #[serde(default)]
    address2: String,
    #[serde(default)]
    postal_code: String,
    #[serde(default)]
    city: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    province: String,
    #[serde(default)]
    locale: String,
}

impl<'a> Manifest<'a> {
    /// Reads the header from the first bytes of the file.
    pub fn open(dataset: &'a Dataset, file: File, head: &[u8]) -> Result<Self, Parked> {
        match dataset.format {
            ManifestFormat::JsonLines => {
                Ok(Self { dataset, file, rows_begin: 0, header: csv::StringRecord::new() })
            }
            ManifestFormat::Csv => Self::open_csv(dataset, file, head),
        }
    }

    fn open_csv(dataset: &'a Dataset, file: File, head: &[u8]) -> Result<Self, Parked> {
        let bad =
            |what: &str| Parked::Manifest { detail: format!("the manifest of {}: {what}", dataset.name) };
        let end =
            head.iter().position(|byte| *byte == b'\n').ok_or_else(|| bad("its first line is no header"))?;
        let line = head.get(..end).unwrap_or_default();
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let header = Records::new().of(line).ok_or_else(|| bad("its header cannot be read"))?;
        for needed in ["customer_id", "email", "phone", "country"] {
            if !header.iter().any(|column| column == needed) {
                return Err(bad(&format!("the column {needed} is missing")));
            }
        }
        Ok(Self { dataset, file, rows_begin: end as u64 + 1, header })
    }

    /// The line number of the first row.
    pub fn first_line(&self) -> u64 {
        match self.dataset.format {
            ManifestFormat::Csv => 2,
            ManifestFormat::JsonLines => 1,
        }
    }

    /// Every row of a slice: a person, or why not. Empty lines are no rows.
    pub fn rows(
        &self,
        bytes: &[u8],
        first_line: u64,
        key: &IdentityKey,
        salt: impl Fn() -> String,
    ) -> Vec<Result<Person, Reject>> {
        let lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let mut records = Records::new();
        (first_line..)
            .zip(lines)
            .filter(|(_, line)| !line.is_empty())
            .map(|(number, line)| {
                let row = self.row(&mut records, line).map_err(|why| Reject { line: number, why })?;
                person(row, key, salt()).map_err(|why| Reject { line: number, why })
            })
            .collect()
    }

    fn row(&self, records: &mut Records, line: &[u8]) -> Result<Row, RejectReason> {
        if line.len() as u64 > LONGEST_LINE {
            return Err(RejectReason::TooLong);
        }
        std::str::from_utf8(line).map_err(|_| RejectReason::NotUtf8)?;
        match self.dataset.format {
            ManifestFormat::JsonLines => serde_json::from_slice(line).map_err(|_| RejectReason::NotJson),
            ManifestFormat::Csv => {
                let record = records.of(line).filter(|record| record.len() == self.header.len());
                let record = record.ok_or(RejectReason::Columns)?;
                record.deserialize(Some(&self.header)).map_err(|_| RejectReason::Columns)
            }
        }
    }
}

/// Reads lines as CSV records. The reader is made once: that takes longer than reading a line.
struct Records {
    reader: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
}

impl Records {
    fn new() -> Self {
        Self { reader: csv_core::Reader::new(), fields: Vec::new(), ends: Vec::new() }
    }

    /// One line as one record; `None` where a quoted field does not end on its line, or where it is not UTF-8.
    fn of(&mut self, line: &[u8]) -> Option<csv::StringRecord> {
        if line.iter().filter(|byte| **byte == b'"').count() % 2 != 0 {
            return None;
        }
        self.fields.resize(line.len(), 0);
        self.ends.resize(line.len() + 1, 0);
        self.reader.reset();
        let (_, _, written, ended) = self.reader.read_record(line, &mut self.fields, &mut self.ends);
        // No more input is how the reader learns that the record has its end.
        let (fields, ends) = (self.fields.get_mut(written..)?, self.ends.get_mut(ended..)?);
        let (result, _, rest, last) = self.reader.read_record(&[], fields, ends);
        if result != csv_core::ReadRecordResult::Record {
            return None;
        }
        let ends = self.ends.get(..ended + last)?;
        let fields = std::str::from_utf8(self.fields.get(..written + rest)?).ok()?;
        let begins = std::iter::once(&0).chain(ends);
        begins.zip(ends).map(|(begin, end)| fields.get(*begin..*end)).collect()
    }
}

fn person(row: Row, key: &IdentityKey, salt: String) -> Result<Person, RejectReason> {
    let given = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let email = given(&row.email).map(|text| text.parse::<EmailAddress>()).transpose();
    let phone = given(&row.phone).map(|text| text.parse::<PhoneNumber>()).transpose();
    let (email, phone) = (email.map_err(RejectReason::Address)?, phone.map_err(RejectReason::Address)?);
    if row.name.len() > LONGEST_NAME || row.name.chars().any(char::is_control) {
        return Err(RejectReason::Name);
    }
    let id =
        identify(key, email.as_ref(), phone.as_ref(), &row.customer_id).ok_or(RejectReason::NoIdentity)?;
    Ok(Person {
        post: post(&row)?.map(|address| address.personal().clone()),
        id,
        name: given(&row.name).map(tocsin_domain::personal::Personal::new),
        email: email.map(|email| email.personal().clone()),
        phone: phone.map(|phone| phone.personal().clone()),
        residence: Jurisdiction::of(&row.country, &row.province),
        customer: by_customer_id(key, &row.customer_id),
        link_key: None,
        locale: given(&row.locale),
        salt,
    })
}

fn post(row: &Row) -> Result<Option<PostalAddress>, RejectReason> {
    let parts = PostalParts {
        line1: &row.address1,
        line2: &row.address2,
        postal_code: &row.postal_code,
        city: &row.city,
        province: &row.province,
        country: &row.country,
    };
    PostalAddress::of(&parts).map_err(RejectReason::Address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tocsin_domain::tenant::Risk;

    use super::*;

    fn dataset(format: ManifestFormat) -> Dataset {
        Dataset {
            name: "exports".to_owned(),
            bucket: "b".to_owned(),
            manifest: "shop/exports".to_owned(),
            format,
            data: vec!["email".to_owned()],
            card_brands: Vec::new(),
            encrypted: false,
            risk: Risk::High,
            significant_harm: None,
        }
    }

    fn read(format: ManifestFormat, file: &[u8]) -> Vec<Result<(String, Option<String>), Reject>> {
        let dataset = dataset(format);
        let manifest = Manifest::open(&dataset, looked_at(file), file).unwrap();
        let rows = &file[usize::try_from(manifest.rows_begin).unwrap()..];
        manifest
            .rows(rows, manifest.first_line(), &IdentityKey::new([1; 32]), || "salt".to_owned())
            .into_iter()
            .map(|row| {
                row.map(|person| {
                    let email = person.email.map(|email| email.expose().clone()).unwrap_or_default();
                    (email, person.residence.map(|residence| residence.to_string()))
                })
            })
            .collect()
    }

    fn looked_at(bytes: &[u8]) -> File {
        File { size: bytes.len() as u64, tag: "tag".to_owned() }
    }

    const HEADER: &str = "customer_id,name,email,phone,country,province,locale\n";

    #[test]
    fn good_rows_become_people_and_bad_rows_say_their_line() {
        let file = [
            HEADER.as_bytes(),
            b"1,Ada,ada@example.com,,DE,,de\n",
            b"2,\"Lovelace, Ada\",\"ada@example.org\",,US,CA,en\r\n",
            b"\n",
            b"3,Bo,not an address,,DE,,de\n",
            b"4,B\xff,bo@example.com,,DE,,de\n",
            b"5,too,few\n",
            b"6,\"Bo,bo@example.com,,DE,,de\n",
            b",,,,DE,,de\n",
            b"8,Cy,,+447700900123,,,",
        ]
        .concat();
        let rows = read(ManifestFormat::Csv, &file);
        let address = |why| RejectReason::Address(why);
        let expected = vec![
            Ok(("ada@example.com".to_owned(), Some("DE".to_owned()))),
            Ok(("ada@example.org".to_owned(), Some("US-CA".to_owned()))),
            Err(Reject { line: 5, why: address(AddressError::EmailForm) }),
            Err(Reject { line: 6, why: RejectReason::NotUtf8 }),
            Err(Reject { line: 7, why: RejectReason::Columns }),
            Err(Reject { line: 8, why: RejectReason::Columns }),
            Err(Reject { line: 9, why: RejectReason::NoIdentity }),
            Ok((String::new(), None)),
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn json_lines_are_read_too() {
        let file = br#"{"customer_id":"1","email":"ada@example.com","country":"JP","extra":1}
{"customer_id":1}
nonsense
{"customer_id":"2","email":"bo@example.com\nBcc: eve@example.com","country":"JP"}
"#;
        let rows = read(ManifestFormat::JsonLines, file);
        assert_eq!(rows[0], Ok(("ada@example.com".to_owned(), Some("JP".to_owned()))));
        assert_eq!(rows[1], Err(Reject { line: 2, why: RejectReason::NotJson }));
        assert_eq!(rows[2], Err(Reject { line: 3, why: RejectReason::NotJson }));
        assert_eq!(
            rows[3],
            Err(Reject { line: 4, why: RejectReason::Address(AddressError::ControlCharacter) })
        );
    }

    #[test]
    fn a_manifest_without_its_columns_is_refused_with_the_column() {
        let dataset = dataset(ManifestFormat::Csv);
        for (head, what) in [
            ("name,email\n", "customer_id"),
            ("no line end", "header"),
            ("customer_id,email,country\n", "phone"),
        ] {
            let refused = Manifest::open(&dataset, looked_at(head.as_bytes()), head.as_bytes()).unwrap_err();
            assert!(refused.to_string().contains(what), "{refused}");
        }
    }

    #[test]
    fn a_byte_order_mark_before_the_header_is_no_column() {
        let file = format!("\u{feff}{HEADER}1,Ada,ada@example.com,,DE,,de\n");
        assert!(read(ManifestFormat::Csv, file.as_bytes())[0].is_ok());
    }

    proptest! {
        /// The reader is used again for each line, and no line sees anything of the one before.
        #[test]
        fn a_line_reads_as_if_it_stood_alone(
            lines in prop::collection::vec("[a-zé,\" ]{0,20}|(\"[a-zé,]{0,5}(\"\")?\",?){0,4}", 1..6),
        ) {
            let mut records = Records::new();
            for line in lines {
                let mut alone = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
                let is_whole = line.matches('"').count() % 2 == 0;
                let expected = alone.records().next().filter(|_| is_whole).map(|record| record.unwrap());
                prop_assert_eq!(records.of(line.as_bytes()), expected, "{}", line);
            }
        }
    }
}
