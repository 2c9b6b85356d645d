//! Widths, wrapping and cleaning of text.

use std::fmt::Write as _;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Replaces control characters: text that came from a pipeline or a server must
/// not move the cursor or change colours of the reader's terminal.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' => cleaned.push(' '),
            c if c.is_control() || is_directional(c) => {
                let _ = write!(cleaned, "\\u{{{:x}}}", u32::from(c));
            }
            c => cleaned.push(c),
        }
    }
    cleaned
}

/// Marks that reorder the text after them on the screen.
const fn is_directional(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Fills `text` up with spaces to `columns`.
pub(crate) fn pad(text: &str, columns: usize, right: bool) -> String {
    let fill = " ".repeat(columns.saturating_sub(width(text)));
    if right {
        fill + text
    } else {
        text.to_string() + &fill
    }
}

/// Where a line may be broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Break {
    /// At spaces: names such as `duplicate-effect` stay whole.
    Spaces,
    /// After hyphens too: narrow cells.
    Hyphens,
}

/// Breaks `text` into lines of at most `columns`, the lines after the first
/// with `hanging` spaces in front. Breaks inside a word only where the word
/// alone is too long.
pub(crate) fn wrap(text: &str, columns: usize, hanging: usize, at: Break) -> Vec<String> {
    let columns = columns.max(hanging + 4);
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in pieces(text, at) {
        let mut piece = piece;
        loop {
            let room = columns.saturating_sub(width(&line));
            if width(piece.trim_end()) <= room {
                line.push_str(piece);
                break;
            }
            let full = columns - if lines.is_empty() { 0 } else { hanging };
            if !line.trim().is_empty() && width(piece.trim_end()) <= full {
                lines.push(std::mem::replace(&mut line, " ".repeat(hanging)));
                continue;
            }
            if room == 0 || (!line.trim().is_empty() && room < 4) {
                lines.push(std::mem::replace(&mut line, " ".repeat(hanging)));
                continue;
            }
            let cut = prefix_of_width(piece, room);
            line.push_str(&piece[..cut]);
            piece = &piece[cut..];
        }
    }
    if !line.trim().is_empty() || lines.is_empty() {
        lines.push(line);
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// Words with the spaces after them, cut where they may be broken.
fn pieces(text: &str, breaks: Break) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut previous) = (0, ' ');
    for (at, c) in text.char_indices() {
        let after_space = previous == ' ' && c != ' ';
        let after_hyphen =
            breaks == Break::Hyphens && previous == '-' && c.is_alphanumeric() && at - start > 1;
        if at > start && (after_space || after_hyphen) {
            pieces.push(&text[start..at]);
            start = at;
        }
        previous = c;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Bytes of the longest prefix that fits `columns`, at least one character.
fn prefix_of_width(text: &str, columns: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns && at > 0 {
            return at;
        }
    }
    text.len()
}

/// `1 trial`, `2 trials`.
pub(crate) fn plural(count: u64, one: &str) -> String {
    match (count, one) {
        (1, _) => format!("1 {one}"),
        (_, one) if one.ends_with('s') => format!("{count} {one}es"),
        _ => format!("{count} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_keeps_every_character_and_the_width() {
        let texts = [
            "batch-failed-in-part-all-retried",
            "a sentence of words, with a_very_long_identifier_without_any_break_in_it at its end",
            "每条消息恰好一次 — «ёлки» e\u{301}",
            "",
            "--no-assist -x",
        ];
        for text in texts {
            for columns in [8, 13, 20, 40, 100] {
                for (hanging, at) in [(0, Break::Hyphens), (2, Break::Hyphens), (2, Break::Spaces)]
                {
                    let lines = wrap(text, columns, hanging, at);
                    assert!(
                        lines.iter().all(|line| width(line) <= columns),
                        "{columns}: {lines:?}"
                    );
                    let squeezed = |s: &str| s.replace(' ', "");
                    assert_eq!(squeezed(&lines.concat()), squeezed(text), "{columns}");
                }
            }
        }
    }

    #[test]
    fn breaks_at_hyphens_and_hangs() {
        assert_eq!(
            wrap("batch-failed-in-part", 12, 2, Break::Hyphens),
            ["batch-", "  failed-in-", "  part"]
        );
        assert_eq!(
            wrap("one two three", 8, 0, Break::Hyphens),
            ["one two", "three"]
        );
        assert_eq!(
            wrap("D3 duplicate-effect", 18, 2, Break::Spaces),
            ["D3", "  duplicate-effect"]
        );
    }

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(clean("a\x1b[31mb\nc\u{202e}"), "a\\u{1b}[31mb c\\u{202e}");
        assert_eq!(clean("ёлки ✓"), "ёлки ✓");
    }
}
