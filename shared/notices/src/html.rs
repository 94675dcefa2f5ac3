//! Just enough HTML to judge our own letters: tags, attributes, headings, links and the text that a reader sees.
//! It reads the simple HTML that templates write; whatever it cannot read, the gate refuses.

/// An opening or closing tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
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
    /// The contents of style elements.
    pub styles: Vec<String>,
    pub links: Vec<Link>,
    pub sections: Vec<Section>,
    /// What the reader sees, block by block on its own line.
    pub visible: String,
    /// The same without what stands in `bdi`: without the reader's name.
    pub impersonal: String,
}

/// Why HTML cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHtml {
    #[error("a tag is not closed by `>`")]
    OpenTag,
    #[error("a comment or a declaration other than the document type")]
    Declaration,
    #[error("an attribute is not of the form name=\"value\"")]
    Attribute,
    #[error("a style element is not ended")]
    OpenStyle,
}

const DOCTYPE: &str = "<!DOCTYPE html>";

/// Elements that begin a new line.
const BLOCKS: [&str; 17] = [
    "address", "body", "br", "div", "h1", "h2", "h3", "hr", "li", "main", "ol", "p", "section", "table",
    "td", "tr", "ul",
];

/// Reads a letter.
///
/// # Errors
/// [`BadHtml`] for anything beyond the plain HTML of a letter.
pub fn read(html: &str) -> Result<Document, BadHtml> {
    let mut reading = Reading::default();
    let mut rest = html.strip_prefix(DOCTYPE).unwrap_or(html);
    while let Some((text, after)) = rest.split_once('<') {
        reading.text(&written(text));
        let (tag, after) = tag(after)?;
        rest = after;
        if let Tagged::Open(tag) = &tag
            && tag.name == "style"
        {
            let (style, after) = rest.split_once("</style>").ok_or(BadHtml::OpenStyle)?;
            reading.document.styles.push(style.to_owned());
            rest = after;
        }
        reading.tag(tag);
    }
    reading.text(&written(rest));
    Ok(reading.document)
}

enum Tagged {
    Open(Tag),
    Close(String),
}

/// Where the reading stands.
#[derive(Default)]
struct Reading {
    document: Document,
    head: bool,
    name: bool,
    heading: bool,
    link: bool,
}

impl Reading {
    fn text(&mut self, text: &str) {
        if self.head {
            return;
        }
        self.document.visible.push_str(text);
        if !self.name {
            self.document.impersonal.push_str(text);
        }
        if let Some(section) = self.document.sections.last_mut() {
            let place = if self.heading { &mut section.heading } else { &mut section.text };
            place.push_str(text);
        }
        if self.link
            && let Some(link) = self.document.links.last_mut()
        {
            link.text.push_str(text);
        }
    }

    fn tag(&mut self, tag: Tagged) {
        let (name, opens) = match &tag {
            Tagged::Open(tag) => (tag.name.as_str(), true),
            Tagged::Close(name) => (name.as_str(), false),
        };
        if BLOCKS.contains(&name) {
            self.text("\n");
        }
        match name {
            "head" => self.head = opens,
            "bdi" => self.name = opens,
            "a" => self.link = opens,
            "h1" | "h2" | "h3" => {
                self.heading = opens;
                if opens {
                    self.document.sections.push(Section { heading: String::new(), text: String::new() });
                }
            }
            _ => {}
        }
        if let Tagged::Open(tag) = tag {
            if tag.name == "a" {
                self.document.links.push(Link { href: tag.value("href").to_owned(), text: String::new() });
            }
            if tag.name != "style" || !tag.attributes.is_empty() || self.head {
                self.document.tags.push(tag);
            }
        }
    }
}

impl Tag {
    /// The value of an attribute, or nothing.
    pub fn value(&self, name: &str) -> &str {
        self.attributes.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// The tag that begins here, and what follows it.
fn tag(text: &str) -> Result<(Tagged, &str), BadHtml> {
    if text.starts_with(['!', '?']) {
        return Err(BadHtml::Declaration);
    }
    let (name, mut rest) = text.split_at(text.find([' ', '\n', '>', '/']).ok_or(BadHtml::OpenTag)?);
    if name.is_empty() {
        let (name, after) = rest.trim_start_matches('/').split_once('>').ok_or(BadHtml::OpenTag)?;
        return Ok((Tagged::Close(name.trim().to_ascii_lowercase()), after));
    }
    let mut tag = Tag { name: name.to_ascii_lowercase(), attributes: Vec::new() };
    loop {
        rest = rest.trim_start_matches([' ', '\n', '/']);
        if let Some(after) = rest.strip_prefix('>') {
            return Ok((Tagged::Open(tag), after));
        }
        let (key, value) = rest.split_once("=\"").ok_or(BadHtml::Attribute)?;
        if key.is_empty() || !key.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-') {
            return Err(BadHtml::Attribute);
        }
        let (value, after) = value.split_once('"').ok_or(BadHtml::OpenTag)?;
        tag.attributes.push((key.to_ascii_lowercase(), decoded(value)));
        rest = after;
    }
}

/// Text between tags as it is shown: a line break in the source is a space.
fn written(text: &str) -> String {
    decoded(text).replace(['\n', '\r'], " ")
}

/// The character references that the template engine writes, and those that our templates use.
fn decoded(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
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
        assert_eq!(document.styles, ["p { }"]);
        let link = Link { href: "https://a.example".to_owned(), text: "https://a.example".to_owned() };
        assert_eq!(document.links, [link]);
        let headings: Vec<&str> = document.sections.iter().map(|section| section.heading.trim()).collect();
        assert_eq!(headings, ["One & only", "Two"]);
        assert_eq!(words(&document.sections[0].text), "Hello Jo, x");
    }

    #[test]
    fn what_is_not_plain_html_is_an_error() {
        let cases = [
            ("<!-- x -->", BadHtml::Declaration),
            ("<?php ?>", BadHtml::Declaration),
            ("<p", BadHtml::OpenTag),
            ("<p a=\"b>", BadHtml::OpenTag),
            ("<p a=b>", BadHtml::Attribute),
            ("<p a>", BadHtml::Attribute),
            ("<p a='b' c=\"d\">", BadHtml::Attribute),
            ("<style>p", BadHtml::OpenStyle),
            ("<", BadHtml::OpenTag),
        ];
        for (html, error) in cases {
            assert_eq!(read(html), Err(error), "{html}");
        }
    }
}
