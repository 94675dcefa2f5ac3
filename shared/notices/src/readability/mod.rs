//! How hard a letter is to read: by a formula that was made for its language, over its prose.
//!
//! Reckoned in whole numbers, so that every machine finds the same grade. A formula is a rule of thumb over samples of a
//! hundred words; of less it says nothing, and the limit on a sentence's length is all that such a text is held to.
//! For Japanese there is none whose counts come without a dictionary, so a Japanese letter has that limit alone.

mod counts;
mod prose;
mod syllables;

use std::fmt;

use serde::Deserialize;

use crate::element::Element;
use crate::facts::{NoticeFacts, Reader};
use crate::header::Channel;
use crate::html::{self, Document};
use crate::language::primary;
use crate::render::{RenderError, Rendered, blank};
use crate::sample;
use crate::template::Template;
use crate::values::Values;
use counts::Counts;

/// The shortest text of which a formula says something, in words: Flesch (1948) takes samples of a hundred.
const SAMPLE: i64 = 100;

/// A measure of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Formula {
    /// English, as a school grade of the United States. J. P. Kincaid, R. P. Fishburne, R. L. Rogers, B. S. Chissom,
    /// Derivation of New Readability Formulas for Navy Enlisted Personnel, 1975.
    FleschKincaid,
    /// German, as a school year: the first Wiener Sachtextformel. R. Bamberger, E. Vanecek, Lesen – Verstehen – Lernen –
    /// Schreiben, 1984.
    WienerSachtext,
    /// French, as an ease of 0 to 100. L. Kandel, A. Moles, Application de l'indice de Flesch à la langue française, 1958.
    KandelMoles,
    /// Spanish, as an ease of 0 to 100. F. Szigriszt Pazos, Sistemas predictivos de legibilidad del mensaje escrito, 1993.
    SzigrisztPazos,
    /// Italian, as an ease of 0 to 100. P. Lucisano, M. E. Piemontese, GULPEASE: una formula per la predizione della
    /// difficoltà dei testi in lingua italiana, 1988.
    Gulpease,
    /// Dutch, as an ease of 0 to 100. W. H. Douma, De leesbaarheid van landbouwbladen, 1960.
    FleschDouma,
    /// Polish, as years of school: Gunning's index with long words of four syllables. T. Piekot, M. Poprawa,
    /// G. Zarzeczny, Pracownia Prostej Polszczyzny, Wrocław, 2012.
    FogPl,
    /// Portuguese, as an ease of 0 to 100. T. B. F. Martins, C. M. Ghiraldelo, M. G. V. Nunes, O. N. Oliveira,
    /// Readability Formulas Applied to Textbooks in Brazilian Portuguese, 1996. Portugal has none of its own.
    FleschMartins,
    /// Swedish, as an index. C. H. Björnsson, Läsbarhet, 1968.
    Lix,
}

/// What a formula makes of a text, in tenths.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "Stated")]
pub struct Grade {
    formula: Formula,
    tenths: i64,
}

/// As `notice.toml` states a grade.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    formula: Formula,
    grade: f64,
}

impl From<Stated> for Grade {
    fn from(stated: Stated) -> Grade {
        Grade { formula: stated.formula, tenths: (stated.grade * 10.0).round() as i64 }
    }
}

impl Formula {
    /// The formula of a language, by its tag.
    pub fn of(language: &str) -> Option<Formula> {
        match primary(language) {
            "en" => Some(Formula::FleschKincaid),
            "de" => Some(Formula::WienerSachtext),
            "fr" => Some(Formula::KandelMoles),
            "es" => Some(Formula::SzigrisztPazos),
            "it" => Some(Formula::Gulpease),
            "nl" => Some(Formula::FleschDouma),
            "pl" => Some(Formula::FogPl),
            "pt" => Some(Formula::FleschMartins),
            "sv" => Some(Formula::Lix),
            _ => None,
        }
    }

    /// The hardest that a letter to people may be, in tenths: what its scale calls readable for who has eight years of
    /// school, as plain-language offices in the United States write for, and a little more, a year or five points of ease.
    /// A formula errs by as much, the names of authorities and laws count, which nobody can shorten, and most of the
    /// distance from our letters to the limit is for the merchant's words, which are written in a hurry.
    fn limit(self) -> i64 {
        match self {
            Formula::FleschKincaid | Formula::WienerSachtext => 90,
            // 60 to 70 are the eighth and the ninth grade on Flesch's own scale (1948).
            Formula::KandelMoles | Formula::FleschDouma => 550,
            // "Normal" is 55 to 65 (I. M. Barrio Cantalejo, escala INFLESZ, 2008).
            Formula::SzigrisztPazos => 500,
            // Below 60 it is hard for who has eight years of school, by its authors' own scale.
            Formula::Gulpease => 550,
            // "Simple" is 7 to 9, "fairly simple" 10 to 12. Polish words are long by their endings.
            Formula::FogPl => 120,
            // 50 to 75 are the fifth to the eighth year, by its authors' own scale.
            Formula::FleschMartins => 450,
            // 30 to 40 is easy, 40 to 50 a newspaper, by its author's own scale.
            Formula::Lix => 450,
        }
    }

    /// Whether more is harder: of a grade it is, of an ease less is.
    fn rises(self) -> bool {
        match self {
            Formula::FleschKincaid | Formula::WienerSachtext | Formula::FogPl | Formula::Lix => true,
            Formula::KandelMoles
            | Formula::SzigrisztPazos
            | Formula::Gulpease
            | Formula::FleschDouma
            | Formula::FleschMartins => false,
        }
    }

    /// In ten-thousandths.
    fn value(self, text: &Counts) -> i64 {
        let Counts { sentences, words, .. } = *text;
        let length = |factor: i64| factor * words / sentences;
        let each = |factor: i64, count: i64| factor * count / words;
        match self {
            Formula::FleschKincaid => length(3_900) + each(118_000, text.syllables) - 155_900,
            Formula::WienerSachtext => {
                each(193_500, text.of_three_syllables) + length(1_672) + each(129_700, text.long)
                    - each(32_700, text.of_one_syllable)
                    - 8_750
            }
            Formula::KandelMoles => 2_070_000 - length(10_150) - each(736_000, text.syllables),
            Formula::SzigrisztPazos => 2_068_350 - length(10_000) - each(623_000, text.syllables),
            Formula::Gulpease => 890_000 + each(3_000_000, sentences) - each(100_000, text.letters),
            Formula::FleschDouma => 2_068_400 - length(9_300) - each(770_000, text.syllables),
            Formula::FogPl => length(4_000) + each(400_000, text.of_four_syllables),
            Formula::FleschMartins => 2_488_350 - length(10_150) - each(846_000, text.syllables),
            Formula::Lix => length(10_000) + each(1_000_000, text.long),
        }
    }
}

impl Grade {
    /// The grade of a text in a language, paragraph by paragraph; none where there is no formula, or too little of it.
    fn of(prose: &[String], language: &str) -> Option<Grade> {
        let formula = Formula::of(language)?;
        let counts = Counts::of(prose, language);
        if counts.words < SAMPLE {
            return None;
        }
        Some(Grade { formula, tenths: (formula.value(&counts) + 500).div_euclid(1_000) })
    }

    /// The hardest that a letter to people may be, by the same formula.
    pub fn limit(self) -> Grade {
        Grade { tenths: self.formula.limit(), ..self }
    }

    /// The limit in words: "at most 9.0".
    pub fn bound(self) -> String {
        let tenths = self.limit().tenths;
        let side = if self.formula.rises() { "at most" } else { "at least" };
        format!("{side} {}.{}", tenths / 10, tenths % 10)
    }

    /// Whether a text is harder than a letter may be.
    pub(crate) fn is_too_hard(self) -> bool {
        self.hardness() > self.limit().hardness()
    }

    fn hardness(self) -> i64 {
        if self.formula.rises() { self.tenths } else { -self.tenths }
    }
}

/// The grade of a rendered letter.
pub(crate) fn grade(
    document: &Document,
    template: &Template,
    values: &Values<'_>,
    prefix: &str,
) -> Option<Grade> {
    Grade::of(&prose::prose(document, template, values, prefix), &template.header().language)
}

/// What `notice.toml` has to state: the grade of the letter over the sample, under the regime where it is hardest. None of
/// one that plain language is not asked of, and of one in a language without a formula.
///
/// # Errors
/// The sample does not suffice for the letter.
pub fn measured(template: &Template) -> Result<Option<Grade>, RenderError> {
    if !template.header().elements.contains(&Element::PlainLanguage) {
        return Ok(None);
    }
    let mut hardest: Option<Grade> = None;
    for regime in template.header().regimes.keys() {
        let found = measured_under(template, regime, &sample::facts_under(template, regime))?;
        hardest = hardest.into_iter().chain(found).max_by_key(|grade| grade.hardness());
    }
    Ok(hardest)
}

/// The same under one regime over other facts.
///
/// # Errors
/// The facts do not suffice for the letter.
pub fn measured_under(
    template: &Template,
    regime: &str,
    facts: &NoticeFacts,
) -> Result<Option<Grade>, RenderError> {
    let reader = Reader::nobody();
    let values = Values::of(template, regime, facts, &reader)?;
    let Rendered::Email(email) = blank(template, Channel::Email, regime, facts, &reader, None)? else {
        return Ok(None);
    };
    let document = html::read(&email.html).ok();
    Ok(document.and_then(|document| grade(&document, template, &values, &facts.reference_prefix)))
}

impl fmt::Display for Formula {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Formula::FleschKincaid => "Flesch-Kincaid grade",
            Formula::WienerSachtext => "Wiener Sachtextformel",
            Formula::KandelMoles => "Kandel-Moles ease",
            Formula::SzigrisztPazos => "Szigriszt-Pazos ease",
            Formula::Gulpease => "Gulpease",
            Formula::FleschDouma => "Flesch-Douma ease",
            Formula::FogPl => "FOG-PL",
            Formula::FleschMartins => "Flesch-Martins ease",
            Formula::Lix => "LIX",
        })
    }
}

/// "Flesch-Kincaid grade 7.4"
impl fmt::Display for Grade {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.tenths < 0 { "-" } else { "" };
        let size = self.tenths.unsigned_abs();
        write!(out, "{} {sign}{}.{}", self.formula, size / 10, size % 10)
    }
}

impl fmt::Debug for Grade {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}
