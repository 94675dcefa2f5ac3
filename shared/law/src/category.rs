//! Kinds of personal data, as far as laws tell them apart.

use std::collections::BTreeMap;

use crate::keyed::keyed;

keyed! {
    /// A class of personal data. The file `rules/data-categories.toml` puts each category word in a class.
    DataClass, "data class" {
        /// Who and where: name, e-mail, phone, postal address.
        Contact = "contact",
        /// What was bought or done: orders, preferences, device data.
        Behaviour = "behaviour",
        /// Passwords and security answers.
        Credentials = "credentials",
        /// Numbers that the state gives: social security, passport, driving licence, tax.
        GovernmentId = "government-id",
        /// Accounts, cards, credit.
        Financial = "financial",
        Health = "health",
        Biometric = "biometric",
        /// Origin, belief, politics, union, sex life, criminal record, genetic data.
        Sensitive = "sensitive",
        Location = "location",
        /// Data of children or of the elderly.
        Vulnerable = "vulnerable",
    }
}

/// The words of the file that name what stands on a payment card.
const CARDS: [&str; 5] = ["pan", "card_number", "cvv", "credit_card", "payment_card"];

/// The classes of each data category word. A word that is not listed could be of any class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories(pub(crate) BTreeMap<String, DataClass>);

impl Categories {
    /// Whether a word names what stands on a payment card.
    pub fn is_of_cards(&self, category: &str) -> bool {
        CARDS.contains(&category)
    }

    /// The class of a category word; none when the word is not listed.
    pub fn class(&self, category: &str) -> Option<DataClass> {
        self.0.get(category).copied()
    }
}
