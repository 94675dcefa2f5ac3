//! Aligned columns for a terminal of any width. Nothing is wrapped and nothing is cut.

use unicode_width::UnicodeWidthStr;

/// Between two columns.
const GAP: &str = "  ";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Green,
    Yellow,
    Red,
    Magenta,
}

impl Paint {
    /// ECMA-48 SGR.
    fn code(self) -> Option<&'static str> {
        match self {
            Paint::Plain => None,
            Paint::Green => Some("32"),
            Paint::Yellow => Some("33"),
            Paint::Red => Some("31"),
            Paint::Magenta => Some("35"),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    pub fn painted(text: &str, paint: Paint) -> Self {
        Self { text: clean(text), paint }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::painted(text.as_ref(), Paint::Plain)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

#[derive(Debug)]
pub struct Table {
    columns: Vec<(Cell, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        let columns = columns.into_iter().map(|(title, align)| (Cell::from(title), align)).collect();
        Self { columns, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Titles, a rule, and the rows; each line ends in a line break.
    pub fn text(&self) -> String {
        let widths = self.widths();
        let rules: Vec<Cell> = widths.iter().map(|width| Cell::from("\u{2500}".repeat(*width))).collect();
        let titles: Vec<Cell> = self.columns.iter().map(|(title, _)| title.clone()).collect();
        [titles, rules].iter().chain(&self.rows).map(|row| self.line(row, &widths)).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let column = |(place, (title, _)): (usize, &(Cell, Align))| {
            let cells = self.rows.iter().filter_map(|row| row.get(place)).map(Cell::width);
            cells.chain([title.width()]).max().unwrap_or_default()
        };
        self.columns.iter().enumerate().map(column).collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize]) -> String {
        let cells = row.iter().zip(&self.columns).zip(widths);
        let padded = cells.map(|((cell, (_, align)), width)| padded(cell, *align, *width));
        let line = padded.collect::<Vec<String>>().join(GAP);
        format!("{}\n", line.trim_end())
    }
}

/// The padding stays outside the paint: it is no text.
fn padded(cell: &Cell, align: Align, width: usize) -> String {
    let padding = " ".repeat(width.saturating_sub(cell.width()));
    let text = match cell.paint.code() {
        Some(code) => format!("\u{1b}[{code}m{}\u{1b}[0m", cell.text),
        None => cell.text.clone(),
    };
    match align {
        Align::Left => format!("{text}{padding}"),
        Align::Right => format!("{padding}{text}"),
    }
}

/// Titles come from outside. What would steer the terminal, or turn the direction of writing, is shown as a sign.
pub fn clean(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_whatever_the_script() {
        let mut table = Table::new([("name", Align::Left), ("count", Align::Right), ("end", Align::Left)]);
        table.row(vec!["é".into(), "7".into(), "|".into()]);
        table.row(vec!["委員会".into(), Cell::painted("1234567", Paint::Red), "|".into()]);
        let expected = "\
name      count  end
──────  ───────  ───
é             7  |
委員会  \u{1b}[31m1234567\u{1b}[0m  |
";
        assert_eq!(table.text(), expected);
    }

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{9b}d\u{202e}e"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e");
        assert_eq!(clean("Landesbeauftragte für Daten 委員会"), "Landesbeauftragte für Daten 委員会");
    }
}
