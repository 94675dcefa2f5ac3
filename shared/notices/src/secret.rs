//! Values that no notice shows: by them somebody could pay, or take on an identity.

use crate::script::narrow;

/// A name with so many digits holds a number that is none: of a card, an account, a telephone, a person.
const NAME_DIGITS: usize = 9;

/// Whether what stands where a name should is no name to print.
pub(crate) fn hides_in_name(name: &str) -> bool {
    name.chars().filter(|sign| sign.is_numeric()).count() >= NAME_DIGITS
}

/// A payment card number by its length and check digit (ISO/IEC 7812-1), or a United States social security number
/// by its form. Telephone numbers begin with a plus sign or are shorter.
pub(crate) fn shows_sensitive_value(text: &str) -> bool {
    let text: String = text.chars().map(narrow).collect();
    let is_part = |sign: char| sign.is_ascii_digit() || matches!(sign, ' ' | '-' | '+');
    let runs = text.split(|sign: char| !is_part(sign)).map(str::trim);
    runs.filter(|run| run.contains(|sign: char| sign.is_ascii_digit())).any(|run| {
        let digits: Vec<u32> = run.chars().filter_map(|sign| sign.to_digit(10)).collect();
        let is_card = (13..=19).contains(&digits.len()) && !run.contains('+') && has_check_digit(&digits);
        is_card || run.split(' ').any(is_social_security_number)
    })
}

/// The Luhn sum.
fn has_check_digit(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at.is_multiple_of(2) { *digit } else { doubled(*digit) })
        .sum();
    sum.is_multiple_of(10)
}

/// "123-45-6789"
fn is_social_security_number(word: &str) -> bool {
    let groups: Vec<usize> = word.split('-').map(str::len).collect();
    groups == [3, 2, 4] && word.chars().all(|sign| sign.is_ascii_digit() || sign == '-')
}
