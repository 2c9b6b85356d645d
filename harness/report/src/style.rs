//! How text is shown: width and colour.

/// Narrowest width that the layouts are made for; less is treated as this.
const WIDTH_MIN: usize = 40;
/// Widest text; a wider terminal gets no longer lines.
const WIDTH_MAX: usize = 160;

/// How to show a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// Columns of the terminal. Clamped to 40..=160 when used.
    pub width: usize,
}

impl Style {
    /// No colour, `width` columns.
    pub const fn plain(width: usize) -> Self {
        Self {
            colour: false,
            width,
        }
    }

    /// The width that layouts use.
    pub(crate) fn columns(self) -> usize {
        self.width.clamp(WIDTH_MIN, WIDTH_MAX)
    }

    /// Puts `tone` around `text`, or nothing where colour is not wanted.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        match (self.colour, tone.code()) {
            (true, Some(code)) if !text.is_empty() => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_string(),
        }
    }
}

/// What a piece of text is, not how it looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// Of secondary interest.
    Faint,
    /// Upheld.
    Good,
    /// Refuted, or a count that should be zero.
    Bad,
    /// Not decided, or not as predicted.
    Attention,
}

impl Tone {
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Good => Some("32"),
            Self::Bad => Some("31"),
            Self::Attention => Some("33"),
        }
    }
}
