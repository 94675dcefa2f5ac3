//! What a letter may look like: a list of properties, each with its values. Nothing on it can fetch, hide, shrink or move
//! words, so that whatever a letter shows to the gate it shows to its reader.

use super::Violation;

/// The smallest letters, in points (Cal. Civ. Code 1798.82(d)(1)(C)), and the largest that have a place in a letter.
const POINTS: (f64, f64) = (10.0, 48.0);

/// Points in a pixel (CSS Values 4, 6.2).
const POINTS_PER_PIXEL: f64 = 0.75;

/// How much darker letters are than what they stand on (WCAG 2.2, 1.4.3).
const CONTRAST: f64 = 4.5;

/// What a browser gives links that have no colour of their own, unvisited and visited (HTML, 15.3.4).
const LINKS: [[u8; 3]; 2] = [[0x00, 0x00, 0xee], [0x55, 0x1a, 0x8b]];

/// Elements that a style sheet may speak of.
const SELECTORS: [&str; 16] = [
    "a", "address", "bdi", "body", "div", "em", "h1", "h2", "h3", "hr", "li", "main", "ol", "p", "strong",
    "ul",
];

/// Typefaces of letters; there are such of pictures.
const TYPEFACES: [&str; 24] = [
    "-apple-system",
    "arial",
    "blinkmacsystemfont",
    "calibri",
    "georgia",
    "helvetica",
    "helvetica neue",
    "hiragino kaku gothic pron",
    "hiragino sans",
    "meiryo",
    "monospace",
    "noto sans",
    "noto sans jp",
    "noto serif",
    "open sans",
    "roboto",
    "sans-serif",
    "segoe ui",
    "serif",
    "system-ui",
    "tahoma",
    "times new roman",
    "verdana",
    "yu gothic",
];

/// The rules of a style element: elements by name, each with a block.
pub fn check_sheet(sheet: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut rest = sheet.trim();
    while !rest.is_empty() {
        let Some((selectors, (block, after))) =
            rest.split_once('{').and_then(|(selectors, rest)| Some((selectors, rest.split_once('}')?)))
        else {
            violations.push(not_allowed("a rule without { and }"));
            return violations;
        };
        if !selectors.split(',').all(|selector| SELECTORS.contains(&selector.trim())) {
            violations.push(not_allowed("a rule for something else than elements by name, such as `h1, h2`"));
        }
        violations.extend(check_block(block));
        rest = after.trim();
    }
    violations
}

/// The declarations of a rule, or of a `style` attribute.
pub fn check_block(block: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for declaration in block.split(';').map(str::trim).filter(|declaration| !declaration.is_empty()) {
        let (property, value) = parted(declaration);
        if property == "font-size" && !is_size(&value) {
            violations.push(Violation::FontTooSmall);
        } else if !is_allowed(&property, &value) {
            violations.push(not_allowed(&property));
        }
        if seen.contains(&property) {
            violations.push(not_allowed(&format!("{property}, twice in one rule")));
        }
        seen.push(property);
    }
    // What browsers take for a blank is not what others do.
    if !block.is_ascii() {
        violations.push(not_allowed("a sign beyond ASCII"));
    }
    if !is_readable(block) {
        violations.push(Violation::PoorContrast);
    }
    violations
}

/// Whether a block gives the letters a size.
pub fn sets_size(block: &str) -> bool {
    block.split(';').any(|declaration| parted(declaration).0 == "font-size")
}

/// The property and its value, in small letters.
fn parted(declaration: &str) -> (String, String) {
    let (property, value) = declaration.split_once(':').unwrap_or((declaration, ""));
    (property.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase())
}

fn not_allowed(what: &str) -> Violation {
    Violation::StyleNotAllowed(what.chars().take(80).collect())
}

fn is_allowed(property: &str, value: &str) -> bool {
    match property {
        "background-color" | "color" => colour(value).is_some(),
        "border" | "border-bottom" | "border-left" | "border-right" | "border-top" => is_border(value),
        "font-family" => value.split(',').all(is_typeface),
        "font-size" => is_size(value),
        "font-style" => matches!(value, "italic" | "normal"),
        "font-weight" => matches!(value, "400" | "500" | "600" | "700" | "bold" | "normal"),
        "line-height" => number(value).is_some_and(|height| (1.2..=3.0).contains(&height)),
        "list-style" | "list-style-type" => {
            matches!(value, "circle" | "decimal" | "disc" | "none" | "square")
        }
        "margin" => is_spacing(value, |side| side == "auto" || is_gap(side)),
        "margin-left" | "margin-right" => value == "auto" || is_gap(value),
        "padding" => is_spacing(value, is_gap),
        "margin-bottom" | "margin-top" | "padding-bottom" | "padding-left" | "padding-right"
        | "padding-top" => is_gap(value),
        "max-width" => {
            length(value, "em", 20.0, 80.0)
                || length(value, "px", 320.0, 1280.0)
                || length(value, "pt", 240.0, 960.0)
        }
        "overflow-wrap" | "word-break" => matches!(value, "anywhere" | "break-word" | "normal"),
        "text-align" => matches!(value, "center" | "end" | "left" | "right" | "start"),
        _ => false,
    }
}

/// A size in points or pixels, of at least ten points.
fn is_size(value: &str) -> bool {
    let (smallest, largest) = POINTS;
    length(value, "pt", smallest, largest)
        || length(value, "px", smallest / POINTS_PER_PIXEL, largest / POINTS_PER_PIXEL)
}

/// A name, with or without quotes around it.
fn is_typeface(name: &str) -> bool {
    let name = name.trim();
    let bare = ['"', '\''].into_iter().find_map(|quote| name.strip_prefix(quote)?.strip_suffix(quote));
    TYPEFACES.contains(&bare.unwrap_or(name))
}

/// "1px solid #cccccc"
fn is_border(value: &str) -> bool {
    let tokens: Vec<&str> = value.split_whitespace().collect();
    match tokens.as_slice() {
        ["none"] => true,
        [width, "solid", sign] => length(width, "px", 0.0, 4.0) && colour(sign).is_some(),
        _ => false,
    }
}

/// One to four sides.
fn is_spacing(value: &str, is_side: impl Fn(&str) -> bool) -> bool {
    let sides = value.split_whitespace().count();
    (1..=4).contains(&sides) && value.split_whitespace().all(is_side)
}

/// A little room, and never less than none.
fn is_gap(value: &str) -> bool {
    value == "0"
        || length(value, "em", 0.0, 3.0)
        || length(value, "px", 0.0, 48.0)
        || length(value, "pt", 0.0, 36.0)
}

fn length(value: &str, unit: &str, least: f64, most: f64) -> bool {
    value.strip_suffix(unit).and_then(number).is_some_and(|length| (least..=most).contains(&length))
}

/// Digits, and a point between them.
fn number(value: &str) -> Option<f64> {
    let is_plain = value.chars().all(|sign| sign.is_ascii_digit() || sign == '.');
    if is_plain && value.ends_with(|sign: char| sign.is_ascii_digit()) { value.parse().ok() } else { None }
}

/// "#1a2b3c" or "#123"
fn colour(value: &str) -> Option<[u8; 3]> {
    let digits =
        value.strip_prefix('#').filter(|digits| digits.chars().all(|sign| sign.is_ascii_hexdigit()))?;
    let number = u32::from_str_radix(digits, 16).ok()?;
    match digits.len() {
        6 => {
            let [_, red, green, blue] = number.to_be_bytes();
            Some([red, green, blue])
        }
        3 => Some([8_u32, 4, 0].map(|shift| u8::try_from((number >> shift & 0xf) * 0x11).unwrap_or(0))),
        _ => None,
    }
}

/// Who sets one colour sets both, so that no rule can pair letters with a ground that they do not show on: neither its own
/// nor links that have no colour of their own.
fn is_readable(block: &str) -> bool {
    let value = |property: &str| block.split(';').map(parted).find(|(name, _)| name == property);
    match (value("color"), value("background-color")) {
        (None, None) => true,
        (Some((_, letters)), Some((_, ground))) => match (colour(&letters), colour(&ground)) {
            (Some(letters), Some(ground)) => {
                LINKS.into_iter().chain([letters]).all(|letters| contrast(letters, ground) >= CONTRAST)
            }
            _ => false,
        },
        _ => false,
    }
}

/// The contrast ratio of two colours (WCAG 2.2).
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    (one / other).max(other / one)
}

/// Relative luminance (WCAG 2.2).
fn luminance([red, green, blue]: [u8; 3]) -> f64 {
    let part = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        for (letters, ground, expected) in [
            ("#000000", "#ffffff", "21.00"),
            ("#fff", "#fff", "1.00"),
            ("#777777", "#ffffff", "4.48"),
            ("#767676", "#ffffff", "4.54"),
            ("#ff0000", "#0000ff", "2.15"),
        ] {
            let ratio = contrast(colour(letters).unwrap(), colour(ground).unwrap());
            assert_eq!(format!("{ratio:.2}"), expected, "{letters} on {ground}");
        }
    }
}
