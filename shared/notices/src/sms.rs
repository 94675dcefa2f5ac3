//! How many parts a text message has (3GPP TS 23.038), and its spelling in the signs of one part's alphabet.

/// More parts of a text message arrive torn or not at all.
pub const MOST_PARTS: usize = 3;

/// The alphabet that a text message is sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Seven bits a sign: 160 in one part, 153 in each of several.
    Gsm7,
    /// Sixteen bits a unit: 70 in one part, 67 in each of several.
    Ucs2,
}

/// How a text message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    pub encoding: Encoding,
    pub count: usize,
}

/// The number of parts, no sign split between two.
pub fn parts(text: &str) -> Parts {
    match text.chars().map(septets).collect::<Option<Vec<usize>>>() {
        Some(sizes) => Parts { encoding: Encoding::Gsm7, count: count(&sizes, 160, 153) },
        None => {
            let sizes: Vec<usize> = text.chars().map(char::len_utf16).collect();
            Parts { encoding: Encoding::Ucs2, count: count(&sizes, 70, 67) }
        }
    }
}

/// The text in the seven-bit alphabet, accents dropped where it lacks them ("não" as "nao"), as is usual in
/// text messages; unchanged if some sign has no such spelling.
pub fn spelt(text: &str) -> String {
    let mut spelling = String::with_capacity(text.len());
    for sign in text.chars() {
        match (septets(sign), plain(sign)) {
            (Some(_), _) => spelling.push(sign),
            (None, Some(plain)) => spelling.push_str(plain),
            (None, None) => return text.to_owned(),
        }
    }
    spelling
}

fn count(sizes: &[usize], alone: usize, each: usize) -> usize {
    if sizes.iter().sum::<usize>() <= alone {
        return 1;
    }
    let mut count = 1;
    let mut filled = 0;
    for size in sizes {
        if filled + size > each {
            count += 1;
            filled = 0;
        }
        filled += size;
    }
    count
}

/// The signs of the default alphabet that are not ASCII, or that ASCII shares.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";

/// The signs of its extension, two septets each.
const EXTENSION: &str = "^{}\\[~]|€\u{c}";

fn septets(sign: char) -> Option<usize> {
    if sign.is_ascii_alphanumeric() || BASIC.contains(sign) {
        Some(1)
    } else if EXTENSION.contains(sign) {
        Some(2)
    } else {
        None
    }
}

fn plain(sign: char) -> Option<&'static str> {
    let plain = match sign {
        'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' => "a",
        'Á' | 'À' | 'Â' | 'Ã' | 'Ą' => "A",
        'ç' | 'č' | 'ć' => "c",
        'Č' | 'Ć' => "C",
        'ê' | 'ë' | 'ę' | 'ě' => "e",
        'È' | 'Ê' | 'Ë' | 'Ę' => "E",
        'í' | 'î' | 'ï' => "i",
        'Í' | 'Ì' | 'Î' | 'Ï' => "I",
        'ł' => "l",
        'Ł' => "L",
        'ń' | 'ň' => "n",
        'Ń' => "N",
        'ó' | 'ô' | 'õ' | 'ő' => "o",
        'Ó' | 'Ò' | 'Ô' | 'Õ' => "O",
        'ř' => "r",
        'š' | 'ś' => "s",
        'Š' | 'Ś' => "S",
        'ú' | 'û' | 'ů' | 'ű' => "u",
        'Ú' | 'Ù' | 'Û' => "U",
        'ý' | 'ÿ' => "y",
        'ž' | 'ź' | 'ż' => "z",
        'Ž' | 'Ź' | 'Ż' => "Z",
        'œ' => "oe",
        'ª' => "a",
        'º' => "o",
        '‘' | '’' => "'",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '–' | '—' | '‑' => "-",
        '…' => "...",
        '\u{a0}' | '\u{202f}' => " ",
        _ => return None,
    };
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_as_the_network_counts_them() {
        let cases = [
            (String::new(), Encoding::Gsm7, 1),
            ("a".repeat(160), Encoding::Gsm7, 1),
            ("a".repeat(161), Encoding::Gsm7, 2),
            ("a".repeat(306), Encoding::Gsm7, 2),
            ("a".repeat(307), Encoding::Gsm7, 3),
            ("ä".repeat(160), Encoding::Gsm7, 1),
            // Two septets each, and never split: 76 of them in a part of 153.
            ("€".repeat(80), Encoding::Gsm7, 1),
            ("€".repeat(81), Encoding::Gsm7, 2),
            ("€".repeat(152), Encoding::Gsm7, 2),
            ("€".repeat(153), Encoding::Gsm7, 3),
            ("я".repeat(70), Encoding::Ucs2, 1),
            ("я".repeat(71), Encoding::Ucs2, 2),
            ("я".repeat(134), Encoding::Ucs2, 2),
            ("я".repeat(135), Encoding::Ucs2, 3),
            ("漢".repeat(201), Encoding::Ucs2, 3),
            ("漢".repeat(202), Encoding::Ucs2, 4),
            // Two units each, and never split: 33 of them in a part of 67.
            ("😀".repeat(35), Encoding::Ucs2, 1),
            ("😀".repeat(66), Encoding::Ucs2, 2),
            ("😀".repeat(67), Encoding::Ucs2, 3),
        ];
        for (text, encoding, count) in cases {
            let length = text.chars().count();
            assert_eq!(parts(&text), Parts { encoding, count }, "{length} of {:?}", text.chars().next());
        }
    }

    #[test]
    fn accents_are_dropped_only_if_all_can_be() {
        let cases = [
            ("não à é", "nao à é"),
            ("ligações…", "ligacoes..."),
            ("Zażółć gęślą jaźń", "Zazolc gesla jazn"),
            ("ŁÓDŹ, ŚWIĘTY, ŻÓŁĆ, BĄDŹ, KOŃ", "LODZ, SWIETY, ZOLC, BADZ, KON"),
            ("¿Está l’età?", "¿Esta l'età?"),
            ("Œuvre", "Œuvre"),
            ("não 花", "não 花"),
            ("plain", "plain"),
        ];
        for (text, spelling) in cases {
            assert_eq!(spelt(text), spelling, "{text}");
        }
    }
}
