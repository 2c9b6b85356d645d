//! A table that knows how narrow it can get.

use crate::style::{Style, Tone};
use crate::text::{Break, pad, width, wrap};

/// Spaces between columns.
const GAP: usize = 2;

/// A column.
pub(crate) struct Column {
    /// Header, one entry a line.
    pub header: &'static [&'static str],
    /// Whether cells stand to the right.
    pub right: bool,
    /// The narrowest it may be wrapped to; `None` where cells are never wrapped.
    pub narrowest: Option<usize>,
}

/// A cell: its lines, each with a tone.
#[derive(Clone, Default)]
pub(crate) struct Cell(pub Vec<(Tone, String)>);

impl Cell {
    /// One line.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self(vec![(tone, text.into())])
    }

    /// A further line.
    pub fn and(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.0.push((tone, text.into()));
        self
    }

    fn width(&self) -> usize {
        self.0
            .iter()
            .map(|(_, line)| width(line))
            .max()
            .unwrap_or(0)
    }

    fn wrapped(&self, columns: usize) -> Vec<(Tone, String)> {
        let wrap_line = |(tone, line): &(Tone, String)| {
            wrap(line, columns, 2, Break::Hyphens)
                .into_iter()
                .map(|line| (*tone, line))
                .collect::<Vec<_>>()
        };
        self.0.iter().flat_map(wrap_line).collect()
    }
}

/// A row of a table.
pub(crate) enum Row {
    /// Text over the whole width, wrapped behind its own indent.
    Span(Vec<(Tone, String)>),
    /// One cell per column.
    Cells(Vec<Cell>),
}

/// A table.
pub(crate) struct Table {
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// The table within `style`'s width, or `None` when it can't be made to fit:
    /// the caller shows the same facts as a list then.
    pub fn render(&self, style: Style) -> Option<String> {
        let widths = self.fit(style.columns())?;
        let mut out = String::new();
        let header_lines = self.columns.iter().map(|c| c.header.len()).max()?;
        for line in 0..header_lines {
            let cells = self.columns.iter().map(|column| {
                // Headers stand on the rule: short ones are filled from above.
                let blank = header_lines - column.header.len();
                let text = line.checked_sub(blank).map_or("", |i| column.header[i]);
                (Tone::Faint, text.to_string())
            });
            self.push_line(&mut out, style, &widths, cells);
        }
        let rule: usize = widths.iter().sum::<usize>() + GAP * (widths.len() - 1);
        out.push_str(&style.paint(Tone::Faint, &"─".repeat(rule)));
        out.push('\n');
        for row in &self.rows {
            let row = match row {
                Row::Cells(row) => row,
                Row::Span(lines) => {
                    for (tone, text) in lines {
                        let indent = text.len() - text.trim_start().len();
                        out.push_str(&paragraph(style, *tone, indent, text.trim_start()));
                    }
                    continue;
                }
            };
            let cells: Vec<_> = row
                .iter()
                .zip(&widths)
                .map(|(c, w)| c.wrapped(*w))
                .collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            for line in 0..height {
                let cells = cells
                    .iter()
                    .map(|c| c.get(line).cloned().unwrap_or_default());
                self.push_line(&mut out, style, &widths, cells);
            }
        }
        Some(out)
    }

    /// Widths of the columns, the wrappable ones narrowed until all fit.
    fn fit(&self, available: usize) -> Option<Vec<usize>> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, column)| {
                let header = column.header.iter().map(|line| width(line)).max();
                let cells = self.cells(i).map(Cell::width).max();
                header.max(cells).unwrap_or(0)
            })
            .collect();
        let gaps = GAP * (widths.len() - 1);
        while widths.iter().sum::<usize>() + gaps > available {
            let spare = |i: usize| {
                let narrowest = self.columns[i].narrowest?;
                widths[i].checked_sub(narrowest).filter(|spare| *spare > 0)
            };
            // The column with the most to give gives: ties go to the first.
            let most = (0..widths.len())
                .filter_map(|i| Some((spare(i)?, std::cmp::Reverse(i))))
                .max()?;
            widths[most.1.0] -= 1;
        }
        Some(widths)
    }

    fn cells(&self, column: usize) -> impl Iterator<Item = &Cell> {
        self.rows.iter().filter_map(move |row| match row {
            Row::Cells(cells) => Some(&cells[column]),
            Row::Span(_) => None,
        })
    }

    fn push_line(
        &self,
        out: &mut String,
        style: Style,
        widths: &[usize],
        cells: impl Iterator<Item = (Tone, String)>,
    ) {
        // Trailing spaces are left out, so that copied text stays clean.
        let mut owed = 0;
        for ((column, columns), (tone, text)) in self.columns.iter().zip(widths).zip(cells) {
            let padded = pad(&text, *columns, column.right);
            let lead = padded.len() - padded.trim_start().len();
            let body = padded.trim();
            if !body.is_empty() {
                out.push_str(&" ".repeat(owed + lead));
                out.push_str(&style.paint(tone, body));
                owed = padded.len() - lead - body.len();
            } else {
                owed += *columns;
            }
            owed += GAP;
        }
        out.push('\n');
    }
}

/// Text wrapped to the style's width behind `indent` spaces.
pub(crate) fn paragraph(style: Style, tone: Tone, indent: usize, text: &str) -> String {
    hanging(style, tone, indent, 0, text)
}

/// As [`paragraph`], with the lines after the first indented `more`.
pub(crate) fn hanging(style: Style, tone: Tone, indent: usize, more: usize, text: &str) -> String {
    let columns = style.columns().saturating_sub(indent);
    let mut out = String::new();
    for line in wrap(text, columns, more, Break::Spaces) {
        let lead = line.len() - line.trim_start().len();
        out.push_str(&" ".repeat(indent + lead));
        out.push_str(&style.paint(tone, line.trim_start()));
        out.push('\n');
    }
    out
}
