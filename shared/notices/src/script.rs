//! Scripts that set no spaces between words. What a word is there, and a sentence, is a matter of signs.

/// A letter of Japanese or Chinese: Han and kana.
pub(crate) fn is_unspaced(sign: char) -> bool {
    is_hiragana(sign)
        || matches!(sign,
            '\u{3005}'..='\u{3007}' | '\u{309d}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'
            | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

/// The letters of Japanese particles and endings, which stand right behind the word that they belong to.
pub(crate) fn is_hiragana(sign: char) -> bool {
    matches!(sign, '\u{3041}'..='\u{3096}')
}

/// The punctuation of these scripts, as wide as their letters: 、。「」（）：
pub(crate) fn is_wide_mark(sign: char) -> bool {
    matches!(sign,
        '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{3030}' | '\u{30fb}' | '\u{ff01}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
}

/// Whether the script wants no space between what ends in one sign and what begins with the other.
pub(crate) fn adjoin(before: Option<char>, after: Option<char>) -> bool {
    let is_wide = |sign: char| is_unspaced(sign) || is_wide_mark(sign);
    before.is_some_and(is_wide) && after.is_some_and(is_wide)
}

/// Each letter that no space parts from the next as a word of its own: "412人の方" as "412 人 の 方".
pub(crate) fn spaced(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for sign in text.chars() {
        if is_unspaced(sign) {
            spaced.extend([' ', sign, ' ']);
        } else {
            spaced.push(sign);
        }
    }
    spaced
}

/// Wide forms of digits, letters and signs as the plain ones: "４１１１" as "4111".
pub(crate) fn narrow(sign: char) -> char {
    match sign {
        '\u{ff01}'..='\u{ff5e}' => {
            u32::from(sign).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(sign)
        }
        '\u{3000}' => ' ',
        _ => sign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_and_chinese_set_no_spaces() {
        for sign in "漢字かなカナー々〇ｶﾅ𠮷".chars() {
            assert!(is_unspaced(sign), "{sign}");
        }
        for sign in "aж1、。「・：Ａ１ 한ไ😀".chars() {
            assert!(!is_unspaced(sign), "{sign}");
        }
        for sign in "、。「」（）：・　？".chars() {
            assert!(is_wide_mark(sign), "{sign}");
        }
    }

    #[test]
    fn words_are_parted_where_the_script_parts_none() {
        assert_eq!(spaced("412人の方"), "412 人  の  方 ");
        assert_eq!(spaced("412 people"), "412 people");
        assert!(adjoin(Some('。'), Some('次')));
        assert!(!adjoin(Some('。'), Some('A')));
        assert!(!adjoin(None, Some('次')));
        let narrowed: String = "４１１１　－ＡZ、".chars().map(narrow).collect();
        assert_eq!(narrowed, "4111 -AZ、");
    }
}
