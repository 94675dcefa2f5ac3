//! A reference as its reader types it, as it is hashed, and its hash.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many signs a reference has behind its prefix (`tocsin_notices::letter::reference`).
const CODE: usize = 10;

/// The longest prefix.
const LONGEST_PREFIX: usize = 30;

/// What was typed is no reference of anybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reference is a merchant's letters, a hyphen, and ten letters or figures without 0, 1, I and O")]
pub struct NoReference;

/// The form in which a reference is hashed: `PREFIX-CODE` in capitals. Readers may write it in small letters, with spaces,
/// with any dash, or in the wide signs of a Japanese keyboard.
///
/// # Errors
/// Where no reference looks like it. `site/check.js` does the same in the browser.
pub fn canonical(typed: &str) -> Result<String, NoReference> {
    let signs: String = typed.chars().map(narrow).filter(char::is_ascii_alphanumeric).collect();
    let signs = signs.to_ascii_uppercase();
    let at =
        signs.len().checked_sub(CODE).filter(|at| (1..=LONGEST_PREFIX).contains(at)).ok_or(NoReference)?;
    let (prefix, code) = signs.split_at(at);
    let is_code = |sign: u8| matches!(sign, b'2'..=b'9' | b'A'..=b'H' | b'J'..=b'N' | b'P'..=b'Z');
    if code.bytes().all(is_code) { Ok(format!("{prefix}-{code}")) } else { Err(NoReference) }
}

/// A full-width sign as its ASCII one.
fn narrow(sign: char) -> char {
    match sign {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(sign) - 0xfee0).unwrap_or(sign),
        other => other,
    }
}

/// The first half of the SHA-256 of a canonical reference: who does not hold the reference learns nothing from it, and no
/// two references of one merchant share it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Print([u8; 16]);

impl Print {
    /// # Errors
    /// As [`canonical`].
    pub fn of(reference: &str) -> Result<Self, NoReference> {
        let hash = Sha256::digest(canonical(reference)?);
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        Ok(Self(half))
    }
}

impl fmt::Display for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Print({self})")
    }
}

/// Not thirty-two hex digits in small letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a print is 32 hex digits in small letters")]
pub struct NoPrint;

impl FromStr for Print {
    type Err = NoPrint;

    fn from_str(text: &str) -> Result<Self, NoPrint> {
        let mut half = [0; 16];
        hex::decode_to_slice(text, &mut half).map_err(|_| NoPrint)?;
        let print = Self(half);
        if print.to_string() == text { Ok(print) } else { Err(NoPrint) }
    }
}

impl Serialize for Print {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Print {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_a_reference_is_typed_it_is_the_same() {
        for typed in [
            "SHOP-7F3K92QDAB",
            " shop-7f3k92qdab ",
            "shop 7f3k 92qd ab",
            "SHOP\u{2013}7F3K\u{2011}92QDAB\u{200b}",
            "ＳＨＯＰ－７Ｆ３Ｋ９２ＱＤＡＢ",
            "Ref. SHOP-7F3K92QDAB".trim_start_matches("Ref. "),
        ] {
            assert_eq!(canonical(typed).as_deref(), Ok("SHOP-7F3K92QDAB"), "{typed}");
        }
        for typed in ["", "7F3K92QDAB", "SHOP-7F3K92QDA1", "SHOP-7F3K92QDAO", &"S".repeat(41)] {
            assert_eq!(canonical(typed), Err(NoReference), "{typed}");
        }
    }

    /// `printf %s SHOP-7F3K92QDAB | sha256sum | cut -c1-32`
    #[test]
    fn the_print_is_what_common_tools_compute() {
        let print = Print::of("shop-7f3k92qdab").unwrap();
        assert_eq!(print.to_string(), "6d388caa7ac53660f7f3e3554f848a8d");
        assert_eq!(print.to_string().parse(), Ok(print));
        assert_eq!(print.to_string().to_uppercase().parse::<Print>(), Err(NoPrint));
    }
}
