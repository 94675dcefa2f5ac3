//! The page's own words in each language.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tocsin_domain::plan::{Channel, Phase};

/// By the language's tag.
const FILES: [(&str, &str); 10] = [
    ("de", include_str!("../words/de.toml")),
    ("en", include_str!("../words/en.toml")),
    ("es", include_str!("../words/es.toml")),
    ("fr", include_str!("../words/fr.toml")),
    ("it", include_str!("../words/it.toml")),
    ("ja", include_str!("../words/ja.toml")),
    ("nl", include_str!("../words/nl.toml")),
    ("pl", include_str!("../words/pl.toml")),
    ("pt", include_str!("../words/pt.toml")),
    ("sv", include_str!("../words/sv.toml")),
];

/// One file under `words/`. `{company}`, `{host}` and `{example}` are places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What the language calls itself.
    pub name: String,
    pub title: String,
    /// With `{company}`.
    pub lead: String,
    pub label: String,
    /// With `{example}`.
    pub hint: String,
    pub button: String,
    pub ours: String,
    /// With `{host}`.
    pub compare: String,
    pub not_ours: String,
    /// With `{example}`.
    pub malformed: String,
    pub cannot: String,
    pub without_script: String,
    pub ask: String,
    pub email: String,
    pub phone: String,
    pub notices: String,
    pub no_notices: String,
    pub date: String,
    pub way: String,
    pub subject: String,
    pub language: String,
    pub contact: String,
    pub full_notice: String,
    pub as_of: String,
    pub for_experts: String,
    pub languages: String,
    pub channels: Channels,
    pub phases: Phases,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    email: String,
    sms: String,
    in_app: String,
    letter: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phases {
    first: String,
    follow_up: String,
    correction: String,
    withdrawal: String,
}

impl Words {
    /// # Errors
    /// The tag of a language whose file cannot be read: a defect of the build.
    pub fn shipped() -> Result<BTreeMap<&'static str, Words>, &'static str> {
        FILES.iter().map(|(tag, text)| Ok((*tag, toml::from_str(text).map_err(|_| *tag)?))).collect()
    }

    /// How a notice comes. No person gets one as a partner.
    pub fn channel(&self, channel: Channel) -> &str {
        match channel {
            Channel::Email | Channel::Partner => &self.channels.email,
            Channel::Sms => &self.channels.sms,
            Channel::InApp => &self.channels.in_app,
            Channel::Letter => &self.channels.letter,
        }
    }

    pub fn phase(&self, phase: Phase) -> &str {
        match phase {
            Phase::First => &self.phases.first,
            Phase::FollowUp => &self.phases.follow_up,
            Phase::Correction => &self.phases.correction,
            Phase::Withdrawal => &self.phases.withdrawal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_word_and_every_place() {
        let all = Words::shipped().unwrap();
        for (tag, words) in &all {
            for (text, place) in [
                (&words.lead, "{company}"),
                (&words.hint, "{example}"),
                (&words.malformed, "{example}"),
                (&words.compare, "{host}"),
            ] {
                assert!(text.contains(place), "{tag}: {text}");
            }
            let text = serde_json::to_value(words).unwrap().to_string();
            assert!(!text.contains("\"\""), "{tag} lacks words");
            let places = ["{company}", "{example}", "{host}"].iter().map(|place| text.matches(place).count());
            assert_eq!(
                places.sum::<usize>(),
                text.matches('{').count() - 3,
                "{tag} has a place that nothing fills"
            );
        }
    }
}
