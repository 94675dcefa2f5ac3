//! How many syllables a word has, by its spelling: as many as it has sounded vowels.
//!
//! No rule of spelling is right for every word. A rule that counts a word in fifty wrong moves a grade by less than
//! what one sentence does, so the rules here are few. Where they err, they count one too many.

use crate::language::primary;

/// Vowels that sound as one in German.
const GERMAN: [&str; 14] =
    ["aa", "ae", "ai", "au", "ay", "ee", "ei", "eu", "ey", "ie", "oe", "oo", "ou", "äu"];

/// Vowels that sound as one in Dutch; a third one may follow some of them.
const DUTCH: [&str; 12] = ["aa", "ae", "au", "ee", "ei", "eu", "ie", "oe", "oo", "ou", "ui", "uu"];
const DUTCH_OF_THREE: [&str; 5] = ["aai", "eeu", "ieu", "oei", "ooi"];

/// The syllables of a word, at least one.
pub(super) fn syllables(word: &str, language: &str) -> usize {
    let word = word.to_lowercase();
    let runs = word.split(|sign: char| !sign.is_alphabetic());
    runs.map(|run| of_run(&run.chars().collect::<Vec<_>>(), primary(language))).sum::<usize>().max(1)
}

fn of_run(run: &[char], language: &str) -> usize {
    let mut count: usize = 0;
    // Where the syllable's vowels began that was counted last.
    let mut began = None;
    for at in (0..run.len()).filter(|at| is_vowel(run, *at)) {
        let goes_on = at > 0 && is_vowel(run, at - 1);
        if !goes_on || began.is_none_or(|began| parts(run, began, at, language)) {
            count += 1;
            began = Some(at);
        }
    }
    let silent = match language {
        "en" => silent_in_english(run, began),
        "fr" => usize::from(count > 1 && ends_in_a_silent_e(run, began)),
        _ => 0,
    };
    count - silent.min(count.saturating_sub(1))
}

/// Not the Y of "yes" and of "mayo", nor the U of "quality".
fn is_vowel(run: &[char], at: usize) -> bool {
    let is = |at: usize| run.get(at).is_some_and(|sign| is_vowel_sign(*sign));
    match run.get(at) {
        Some('y') => !is(at + 1),
        Some('u') if at > 0 && run[at - 1] == 'q' => false,
        Some(_) => is(at),
        None => false,
    }
}

fn is_vowel_sign(sign: char) -> bool {
    matches!(sign,
        'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'à'..='æ' | 'è'..='ï' | 'ò'..='ö' | 'ø'..='ý' | 'œ' | 'ą' | 'ę')
}

/// Whether the vowel at a place begins a syllable of its own after those from `began` on.
fn parts(run: &[char], began: usize, at: usize, language: &str) -> bool {
    let vowels: String = run[began..=at].iter().collect();
    match language {
        "de" => !GERMAN.contains(&vowels.as_str()),
        "nl" => !DUTCH.contains(&vowels.as_str()) && !DUTCH_OF_THREE.contains(&vowels.as_str()),
        "es" | "pt" => is_strong(run[at - 1]) && is_strong(run[at]) && !is_nasal_pair(run[at - 1], run[at]),
        "pl" => run[at - 1] != 'i',
        "fr" => run[at - 1] == 'é' || "ïëü".contains(run[at]),
        "en" => parts_in_english(run, at),
        _ => false,
    }
}

/// Of two strong vowels each sounds: "te-a-tro", "dí-a".
fn is_strong(sign: char) -> bool {
    !"iuüy".contains(sign)
}

/// "não", "mãe", "põe"
fn is_nasal_pair(before: char, sign: char) -> bool {
    "ãõ".contains(before) && "oe".contains(sign)
}

fn parts_in_english(run: &[char], at: usize) -> bool {
    let before = at.checked_sub(2).and_then(|at| run.get(at)).copied();
    let has_earlier = (0..at.saturating_sub(1)).any(|at| is_vowel(run, at));
    match (run[at - 1], run[at]) {
        // "ra-dio" is none, "so-cial", "na-tion" and "mil-lion" are.
        ('i', 'a' | 'o' | 'u') => {
            !before.is_some_and(|sign| "ctsgxln".contains(sign)) || run.get(at + 1).is_none()
        }
        ('u', 'a' | 'o') => before != Some('g'),
        ('e', 'a' | 'o') => has_earlier && run.get(at + 1).is_none(),
        (_, 'i') => run[at..] == ['i', 'n', 'g'],
        _ => false,
    }
}

/// Vowels that are written and not said: "store", "copies", "closed", "safely".
fn silent_in_english(run: &[char], began: Option<usize>) -> usize {
    let word: String = run.iter().collect();
    let after = |endings: &[&str], stem: &str| endings.iter().any(|ending| stem.ends_with(ending));
    let last = |from_end: usize| began.is_some_and(|began| began + from_end == run.len());
    let at_the_end = if let Some(stem) = word.strip_suffix("es") {
        last(2) && !after(&["s", "x", "z", "c", "g", "ch", "sh"], stem) && !is_syllabic(stem)
    } else if let Some(stem) = word.strip_suffix("ed") {
        last(2) && !after(&["t", "d"], stem)
    } else if let Some(stem) = word.strip_suffix('e') {
        last(1) && !is_syllabic(stem)
    } else {
        false
    };
    let within = ["ely", "eful", "eless", "tement", "tements"].iter().any(|ending| word.ends_with(ending))
        || word.strip_prefix("some").is_some_and(|rest| !rest.is_empty());
    usize::from(at_the_end) + usize::from(within)
}

/// The L of "table".
fn is_syllabic(stem: &str) -> bool {
    let mut signs = stem.chars().rev();
    signs.next() == Some('l') && signs.next().is_some_and(|sign| !is_vowel_sign(sign) && sign != 'l')
}

/// "entreprise", "adresses", "année"
fn ends_in_a_silent_e(run: &[char], began: Option<usize>) -> bool {
    let of_the_end = if run.ends_with(&['s']) { run.len() - 1 } else { run.len() };
    began.is_some_and(|began| began + 1 == of_the_end && run[began] == 'e')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_are_counted_as_they_are_said() {
        let cases = [
            ("en", "a no-tice of an in-ci-dent that af-fect-ed per-son-al in-for-ma-tion"),
            (
                "en",
                "your pass-word ad-dress store phone ta-ble closed cop-ied ser-vi-ces hous-es ser-vice a-gen-cies",
            ),
            (
                "en",
                "a-re-a i-de-a sea do-ing be-ing us-u-al in-di-vid-u-al guard qual-i-ty so-cial mil-lion pre-vi-ous",
            ),
            ("en", "e-mail yes buy-er pay-ing safe-ly state-ment some-thing eye peo-ple through"),
            (
                "de",
                "In-for-ma-ti-on neu-e Frau-en ak-tu-ell Be-trof-fe-ne Ü-ber-wei-sung frei-e Qual Mit-tei-lung",
            ),
            (
                "fr",
                "l'en-tre-prise a-dresse don-née don-nées eau in-for-ma-tion nous é-taient cré-er le ré-fé-rence",
            ),
            ("es", "te-a-tro dí-a cuen-ta que in-ci-den-te se-gu-ri-dad con-tra-se-ña muy a-ho-ra"),
            ("pt", "não in-for-ma-ções mãe se-nha a-go-ra"),
            ("nl", "ge-ge-vens nieu-we be-richt si-tu-a-tie mooi ge-ïn-for-meerd u wij"),
            ("pl", "da-ne o-so-bo-we wia-do-mość na-u-ka zmie-nić ha-sło"),
        ];
        for (language, words) in cases {
            for parted in words.split(' ') {
                let word = parted.replace('-', "");
                assert_eq!(syllables(&word, language), parted.split('-').count(), "{parted}");
            }
        }
        assert_eq!(syllables("e-mail", "en"), 2);
        assert_eq!(syllables("Strč", "pl"), 1);
    }
}
