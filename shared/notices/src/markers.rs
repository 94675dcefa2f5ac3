//! Which elements a template's text carries, read from the marks around its paragraphs:
//! `{# element: nature, date-or-estimate #}` … `{# end #}`. Marks do not nest.

use crate::element::Element;

/// One marked stretch of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked<'a> {
    pub elements: Vec<Element>,
    /// What stands between the marks.
    pub body: &'a str,
}

/// A mark that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadMark {
    pub line: usize,
    pub problem: &'static str,
}

/// All marked stretches of a template's source, in order.
///
/// # Errors
/// A mark that names an unknown element, is never ended, or stands within another.
pub fn marked(source: &str) -> Result<Vec<Marked<'_>>, BadMark> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some((comment, after)) = next_comment(rest) {
        let line = line_of(source, after);
        let bad = |problem| BadMark { line, problem };
        rest = after;
        if comment == "end" {
            return Err(bad("an end without a beginning"));
        }
        let Some(keys) = comment.strip_prefix("element:") else {
            continue;
        };
        let elements = keys
            .split(',')
            .map(|key| key.trim().parse::<Element>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| bad("an unknown element"))?;
        let (body, after) = after.split_once(END).ok_or(bad("a mark that is never ended"))?;
        if body.contains("{# element:") {
            return Err(bad("a mark within a mark"));
        }
        found.push(Marked { elements, body });
        rest = after;
    }
    Ok(found)
}

const END: &str = "{# end #}";

/// The trimmed content of the next comment, and the text after it.
fn next_comment(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("{#")?;
    let (comment, after) = rest.split_once("#}")?;
    Some((comment.trim(), after))
}

/// The line, from one, on which `rest` of the source begins.
fn line_of(source: &str, rest: &str) -> usize {
    let at = source.len().saturating_sub(rest.len());
    1 + source.get(..at).map_or(0, |before| before.matches('\n').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_with_what_stands_between_them() {
        let source = "a\n{# a remark #}\n{# element: nature, contact #}b{# c #}{# end #}\nd{# element: phase #}{# end #}";
        let stretches = marked(source).unwrap();
        let expected = [
            Marked { elements: vec![Element::Nature, Element::Contact], body: "b{# c #}" },
            Marked { elements: vec![Element::Phase], body: "" },
        ];
        assert_eq!(stretches, expected);
        assert_eq!(marked("no marks {#").unwrap(), []);
    }

    #[test]
    fn bad_marks_are_named_with_their_line() {
        let cases = [
            ("a\n{# end #}", 2, "an end without a beginning"),
            ("\n\n{# element: nature #}b", 3, "a mark that is never ended"),
            ("{# element: shoe-size #}b{# end #}", 1, "an unknown element"),
            ("{# element: #}b{# end #}", 1, "an unknown element"),
            ("{# element: nature #}{# element: phase #}{# end #}", 1, "a mark within a mark"),
        ];
        for (source, line, problem) in cases {
            assert_eq!(marked(source), Err(BadMark { line, problem }), "{source}");
        }
    }
}
