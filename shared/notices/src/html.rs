//! Just enough HTML to judge our own letters: tags, attributes, headings, links and the text that a reader sees.
//! It reads the simple HTML that templates write; whatever it cannot read, the gate refuses.

/// An opening tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    /// The element that it stands in; empty for the outermost.
    pub within: String,
    pub attributes: Vec<(String, String)>,
}

/// A link and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub href: String,
    pub text: String,
}

/// A heading, and the text from it to the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub heading: String,
    pub text: String,
}

/// A letter as the gate sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Opening tags in order.
    pub tags: Vec<Tag>,
    /// What the title says.
    pub title: String,
    /// The contents of style elements.
    pub styles: Vec<String>,
    pub links: Vec<Link>,
    pub sections: Vec<Section>,
    /// What the reader sees, block by block on its own line.
    pub visible: String,
    /// The same without what stands in `bdi`: without the reader's name.
    pub impersonal: String,
    /// What stands in `bdi`.
    pub names: Vec<String>,
}

/// Why HTML cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHtml {
    #[error("it does not begin with <!DOCTYPE html>")]
    NoDoctype,
    #[error("a tag is not of the form <name> or </name>. Write a `<` that begins none as &lt;")]
    OpenTag,
    #[error("a comment or a declaration other than the document type. Take it out")]
    Declaration,
    #[error("an attribute is not of the form name=\"value\"")]
    Attribute,
    #[error("a style element holds a `<`, or does not end with </style> to the letter")]
    OpenStyle,
    #[error("`{closed}` is closed where `{open}` is open. Close what is open, the last first")]
    Nesting { closed: String, open: String },
    #[error("`{0}` is not closed")]
    Unclosed(String),
    #[error("text stands outside the body. Move it there")]
    StrayText,
    #[error("elements stand more than ten deep in one another. Write the letter flatter")]
    TooDeep,
    #[error("an `&` begins no character reference that is known. Write the sign itself, or &amp; for an `&`")]
    Reference,
}

/// As deep as elements may stand in one another.
const DEPTH: usize = 10;

/// Elements that hold nothing and are not closed (HTML, 13.1.2).
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

const DOCTYPE: &str = "<!DOCTYPE html>";

/// Elements that begin a new line.
const BLOCKS: [&str; 13] =
    ["address", "body", "br", "div", "h1", "h2", "h3", "hr", "li", "main", "ol", "p", "ul"];

const HEADINGS: [&str; 3] = ["h1", "h2", "h3"];

/// Reads a letter. What browsers would repair, each in its way, is no letter: what the gate judges has to be what the reader
/// sees.
///
/// # Errors
/// [`BadHtml`] for anything beyond the plain HTML of a letter.
pub fn read(html: &str) -> Result<Document, BadHtml> {
    let mut reading = Reading::default();
    let mut rest = html.strip_prefix(DOCTYPE).ok_or(BadHtml::NoDoctype)?;
    while let Some((text, after)) = rest.split_once('<') {
        reading.text(&written(text)?)?;
        rest = match after.strip_prefix('/') {
            Some(after) => reading.close(after)?,
            None => reading.open(after)?,
        };
    }
    reading.text(&written(rest)?)?;
    match reading.open.pop() {
        Some(name) => Err(BadHtml::Unclosed(name)),
        None => Ok(reading.document),
    }
}

/// Where the reading stands.
#[derive(Default)]
struct Reading {
    document: Document,
    /// The elements that are open, the outermost first.
    open: Vec<String>,
}

impl Reading {
    fn is_in(&self, name: &str) -> bool {
        self.open.iter().any(|open| open == name)
    }

    /// Text between tags: of the body, of the title, or a blank.
    fn text(&mut self, text: &str) -> Result<(), BadHtml> {
        if self.is_in("body") {
            self.show(text);
        } else if self.is_in("title") {
            self.document.title.push_str(text);
        } else if !text.trim_matches([' ', '\n', '\r', '\t']).is_empty() {
            return Err(BadHtml::StrayText);
        }
        Ok(())
    }

    fn show(&mut self, text: &str) {
        self.document.visible.push_str(text);
        match self.document.names.last_mut() {
            Some(name) if self.open.iter().any(|open| open == "bdi") => name.push_str(text),
            Some(_) | None => self.document.impersonal.push_str(text),
        }
        let is_heading = self.open.iter().any(|open| HEADINGS.contains(&open.as_str()));
        if let Some(section) = self.document.sections.last_mut() {
            let place = if is_heading { &mut section.heading } else { &mut section.text };
            place.push_str(text);
        }
        if self.is_in("a")
            && let Some(link) = self.document.links.last_mut()
        {
            link.text.push_str(text);
        }
    }

    fn break_line(&mut self, name: &str) {
        if BLOCKS.contains(&name) {
            self.show("\n");
        }
    }

    /// Takes an opening tag, behind its `<`, and what has to follow it. Returns the rest.
    fn open<'a>(&mut self, text: &'a str) -> Result<&'a str, BadHtml> {
        if text.starts_with(['!', '?']) {
            return Err(BadHtml::Declaration);
        }
        let within = self.open.last().cloned().unwrap_or_default();
        let (tag, mut rest) = tag(text, within)?;
        let name = tag.name.clone();
        self.break_line(&name);
        if HEADINGS.contains(&name.as_str()) {
            self.document.sections.push(Section { heading: String::new(), text: String::new() });
        }
        match name.as_str() {
            "a" => {
                self.document.links.push(Link { href: tag.value("href").to_owned(), text: String::new() });
            }
            "bdi" => self.document.names.push(String::new()),
            "style" => {
                let style = rest.split('<').next().unwrap_or_default();
                self.document.styles.push(style.to_owned());
                rest = rest.get(style.len()..).unwrap_or_default();
                if !rest.starts_with("</style>") {
                    return Err(BadHtml::OpenStyle);
                }
            }
            _ => {}
        }
        self.document.tags.push(tag);
        if !VOID.contains(&name.as_str()) {
            self.open.push(name);
        }
        if self.open.len() > DEPTH { Err(BadHtml::TooDeep) } else { Ok(rest) }
    }

    /// Takes a closing tag, behind its `</`. Returns the rest.
    fn close<'a>(&mut self, text: &'a str) -> Result<&'a str, BadHtml> {
        let (name, rest) = text.split_once('>').ok_or(BadHtml::OpenTag)?;
        if !is_name(name) {
            return Err(BadHtml::OpenTag);
        }
        let name = name.to_ascii_lowercase();
        let open = self.open.last().map_or("nothing", String::as_str);
        if open != name {
            return Err(BadHtml::Nesting { closed: name, open: open.to_owned() });
        }
        self.break_line(&name);
        self.open.pop();
        Ok(rest)
    }
}

impl Tag {
    /// The value of an attribute, or nothing.
    pub fn value(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// The opening tag that begins here, and what follows it.
fn tag(text: &str, within: String) -> Result<(Tag, &str), BadHtml> {
    let (name, mut rest) = text.split_at(text.find([' ', '\n', '>', '/']).ok_or(BadHtml::OpenTag)?);
    if !is_name(name) {
        return Err(BadHtml::OpenTag);
    }
    let mut tag = Tag { name: name.to_ascii_lowercase(), within, attributes: Vec::new() };
    loop {
        rest = rest.trim_start_matches([' ', '\n', '/']);
        if let Some(after) = rest.strip_prefix('>') {
            return Ok((tag, after));
        }
        let (key, value) = rest.split_once("=\"").ok_or(BadHtml::Attribute)?;
        let key = key.to_ascii_lowercase();
        let is_key = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
        if key.is_empty() || !key.chars().all(is_key) || tag.attributes.iter().any(|(known, _)| *known == key)
        {
            return Err(BadHtml::Attribute);
        }
        let (value, after) = value.split_once('"').ok_or(BadHtml::OpenTag)?;
        tag.attributes.push((key, decoded(value)?));
        rest = after;
    }
}

/// The name of an element.
fn is_name(name: &str) -> bool {
    name.starts_with(|sign: char| sign.is_ascii_alphabetic())
        && name.chars().all(|sign| sign.is_ascii_alphanumeric())
}

/// Text between tags as it is shown: a line break in the source is a space.
fn written(text: &str) -> Result<String, BadHtml> {
    Ok(decoded(text)?.replace(['\n', '\r'], " "))
}

/// Text with the signs that its character references stand for.
fn decoded(text: &str) -> Result<String, BadHtml> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (reference, after) = after.split_once(';').ok_or(BadHtml::Reference)?;
        decoded.push_str(before);
        decoded.push(sign_of(reference).ok_or(BadHtml::Reference)?);
        rest = after;
    }
    decoded.push_str(rest);
    Ok(decoded)
}

/// The sign of a character reference: any by its number, and by name those that a letter has a use for.
fn sign_of(reference: &str) -> Option<char> {
    if let Some(number) = reference.strip_prefix('#') {
        return numbered(number).and_then(char::from_u32).filter(|sign| !sign.is_control());
    }
    match reference {
        "amp" => Some('&'),
        "apos" => Some('\''),
        "gt" => Some('>'),
        "lt" => Some('<'),
        "nbsp" => Some(' '),
        "quot" => Some('"'),
        _ => None,
    }
}

/// "39", or "x27". A sign before the digits makes no number.
fn numbered(number: &str) -> Option<u32> {
    match number.strip_prefix(['x', 'X']) {
        Some(digits) if digits.chars().all(|sign| sign.is_ascii_hexdigit()) => {
            u32::from_str_radix(digits, 16).ok()
        }
        None if number.chars().all(|sign| sign.is_ascii_digit()) => number.parse().ok(),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read_as_its_reader_sees_it() {
        let html = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>T</title><style>p { }</style></head>\
            <body><h1>One &amp; only</h1><p>Hello <bdi>Jo</bdi>,<br>x</p>\
            <h2>Two</h2><a href=\"https:&#x2f;&#x2f;a.example\">https://a.example</a></body></html>";
        let document = read(html).unwrap();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&document.visible), "One & only Hello Jo, x Two https://a.example");
        assert_eq!(words(&document.impersonal), "One & only Hello , x Two https://a.example");
        assert_eq!(
            (document.title.as_str(), document.styles.as_slice()),
            ("T", ["p { }".to_owned()].as_slice())
        );
        assert_eq!(document.names, ["Jo"]);
        let link = Link { href: "https://a.example".to_owned(), text: "https://a.example".to_owned() };
        assert_eq!(document.links, [link]);
        let headings: Vec<&str> = document.sections.iter().map(|section| section.heading.trim()).collect();
        assert_eq!(headings, ["One & only", "Two"]);
        assert_eq!(words(&document.sections[0].text), "Hello Jo, x");
    }

    #[test]
    fn what_is_not_plain_html_is_an_error() {
        let nesting =
            |closed: &str, open: &str| BadHtml::Nesting { closed: closed.to_owned(), open: open.to_owned() };
        let cases = [
            ("<!-- x -->", BadHtml::Declaration),
            ("<?php ?>", BadHtml::Declaration),
            ("<p", BadHtml::OpenTag),
            ("<p a=\"b>", BadHtml::OpenTag),
            ("<p a=b>", BadHtml::Attribute),
            ("<p a>", BadHtml::Attribute),
            ("<p a='b' c=\"d\">", BadHtml::Attribute),
            ("<p a=\"b\" A=\"c\">", BadHtml::Attribute),
            ("<style>p", BadHtml::OpenStyle),
            ("<style>p</style ><p></p></style>", BadHtml::OpenStyle),
            ("<style>p</style/></style>", BadHtml::OpenStyle),
            ("<style>p</STYLE>", BadHtml::OpenStyle),
            ("<", BadHtml::OpenTag),
            ("< p>", BadHtml::OpenTag),
            ("<p></p >", BadHtml::OpenTag),
            ("<p><//p>", BadHtml::OpenTag),
            ("<p>", BadHtml::Unclosed("p".to_owned())),
            ("</p>", nesting("p", "nothing")),
            ("<p><em></p></em>", nesting("p", "em")),
            ("<p/>", BadHtml::Unclosed("p".to_owned())),
            ("x", BadHtml::StrayText),
            ("<p>x</p>", BadHtml::StrayText),
            ("<body></body>x", BadHtml::StrayText),
            ("<body>&copy;</body>", BadHtml::Reference),
            ("<body>a & b</body>", BadHtml::Reference),
            ("<body>&lt</body>", BadHtml::Reference),
            ("<body>&#0;</body>", BadHtml::Reference),
            ("<body>&#x80;</body>", BadHtml::Reference),
            ("<body>&#xd800;</body>", BadHtml::Reference),
            ("<body>&#+65;</body>", BadHtml::Reference),
            ("<body>&#;</body>", BadHtml::Reference),
        ];
        for (html, error) in cases {
            assert_eq!(read(&format!("{DOCTYPE}{html}")), Err(error), "{html}");
        }
        assert_eq!(read("<p></p>"), Err(BadHtml::NoDoctype));
        let deep = format!("{DOCTYPE}{}", "<div>".repeat(DEPTH + 1));
        assert_eq!(read(&deep), Err(BadHtml::TooDeep));
        let decoded = read(&format!("{DOCTYPE}<body>&#60;&#x3C;&#X3c;&amp;lt;&apos;</body>")).unwrap();
        assert_eq!(decoded.visible.trim(), "<<<&lt;'");
    }
}
