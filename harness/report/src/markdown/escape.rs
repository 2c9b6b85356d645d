//! Text that came from a pipeline or a server, as Markdown that shows it and
//! does nothing else.

use crate::text::clean;

/// Text outside code: no mark of it is taken for Markdown or HTML.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A zero-width joint would change what is copied; an entity shows
            // the same and mentions nobody.
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '$' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text within HTML, where Markdown's marks mean nothing.
pub(super) fn html(text: &str) -> String {
    clean(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A code span. Its marks are more than any run of them inside.
pub(super) fn code(text: &str) -> String {
    let text = clean(text);
    let marks = "`".repeat(longest_run(&text) + 1);
    // A space inside keeps marks at the edges apart, and is not shown.
    let pad = match text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        true => " ",
        false => "",
    };
    format!("{marks}{pad}{text}{pad}{marks}")
}

/// A code span in a table: even there a cell ends at a bar that is not escaped.
pub(super) fn code_cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A block of code: lines are kept, control characters shown by their caller.
pub(super) fn block(text: &str) -> String {
    let marks = "`".repeat(longest_run(text).max(2) + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{marks}text\n{text}{end}{marks}\n")
}

/// Back-quotes in a row at most.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            plain("<b>a|b*c_d`e\n#f ![x](y) @me &c 1~2"),
            "&lt;b&gt;a\\|b\\*c\\_d\\`e \\#f \\!\\[x\\](y) &#64;me &amp;c 1\\~2"
        );
        assert_eq!(plain("\u{1b}[31mred"), "\\\\u{1b}\\[31mred");
        assert_eq!(plain("ёлки 每条"), "ёлки 每条");
        assert_eq!(html("<a&b>_c\n"), "&lt;a&amp;b&gt;_c ");
    }

    #[test]
    fn code_cannot_be_left() {
        assert_eq!(code("a b"), "`a b`");
        assert_eq!(code("a `` b"), "```a `` b```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a|b"), "`a|b`");
        assert_eq!(code_cell("a|b"), "`a\\|b`");
        assert_eq!(block("a\n```\nb"), "````text\na\n```\nb\n````\n");
        assert_eq!(block("a\n"), "```text\na\n```\n");
    }
}
