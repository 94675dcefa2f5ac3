//! The forms that ship, read once.

use std::sync::OnceLock;

use crate::form::{Form, FormError};

include!(concat!(env!("OUT_DIR"), "/forms.rs"));

/// Every form, in the order of their keys.
///
/// # Errors
/// The first file at fault: a defect of the build, which the crate's own tests would have shown.
pub fn forms() -> Result<&'static [Form], &'static FormError> {
    static READ: OnceLock<Result<Vec<Form>, FormError>> = OnceLock::new();
    let read = || FORMS.iter().map(|(name, text)| Form::read(name, text)).collect();
    READ.get_or_init(read).as_deref()
}

/// The form of this key.
///
/// # Errors
/// As [`forms`].
pub fn form(key: &str) -> Result<Option<&'static Form>, &'static FormError> {
    Ok(forms()?.iter().find(|form| form.key == key))
}
