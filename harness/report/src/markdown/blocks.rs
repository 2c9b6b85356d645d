//! As much of a report as fits.

/// A part of a report that is shown whole or not at all.
pub(super) struct Block {
    /// What it is, after "left out:".
    what: String,
    text: String,
}

impl Block {
    pub fn new(what: impl Into<String>, text: String) -> Self {
        Self {
            what: what.into(),
            text,
        }
    }
}

/// Parts that are named when they are left out; of more only the number is told.
const NAMED_MAX: usize = 12;

/// The blocks in their order, within `max` bytes. From the first that does not
/// fit on none is shown, so that what is there reads on without gaps; what is
/// missing is named, and `where_whole` says where it is.
///
/// The first block is always shown: a page that says nothing helps nobody.
pub(super) fn within(max: usize, blocks: &[Block], where_whole: &str) -> String {
    let whole = join(blocks);
    if whole.len() <= max {
        return whole;
    }
    // The sentence is the shorter the more is shown: with the longest the
    // others fit too.
    let mut shown = 0;
    let mut used = 0;
    for (number, block) in blocks.iter().enumerate() {
        used += block.text.len() + 1;
        let rest = left_out(&blocks[number + 1..], where_whole);
        if number > 0 && used + rest.len() + 1 > max {
            break;
        }
        shown = number + 1;
    }
    let (shown, rest) = blocks.split_at(shown);
    format!("{}\n{}", join(shown), left_out(rest, where_whole))
}

fn join(blocks: &[Block]) -> String {
    let texts: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
    texts.join("\n")
}

fn left_out(rest: &[Block], where_whole: &str) -> String {
    if rest.is_empty() {
        return String::new();
    }
    let mut names: Vec<&str> = rest.iter().map(|block| block.what.as_str()).collect();
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "> **Left out, because this page holds no more:** {}{more}. {where_whole}\n",
        names.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Vec<Block> {
        let of = |n: usize| Block::new(format!("part {n}"), format!("{}\n", "x".repeat(100 * n)));
        (1..=4).map(of).collect()
    }

    #[test]
    fn what_fits_is_shown_whole() {
        let whole = within(10_000, &blocks(), "elsewhere");
        assert_eq!(whole.len(), 1000 + 4 + 3);
        assert!(!whole.contains("Left out"));
        assert_eq!(within(1007, &blocks(), "elsewhere"), whole);
    }

    #[test]
    fn what_does_not_fit_is_named_and_the_limit_kept() {
        let whole = within(usize::MAX, &blocks(), "");
        for max in 250..1007 {
            let text = within(max, &blocks(), "It is elsewhere.");
            assert!(text.len() <= max, "{max}: {}", text.len());
            let (shown, rest) = text.split_once("\n> **Left out").unwrap_or((&text, ""));
            assert!(whole.starts_with(shown.trim_end_matches('\n')), "{max}");
            assert!(rest.ends_with("It is elsewhere.\n"), "{max}: {rest}");
            assert!(rest.contains("part 4"), "{max}: {rest}");
        }
        let text = within(600, &blocks(), "It is elsewhere.");
        assert!(text.contains("no more:** part 3; part 4. It"), "{text}");
    }

    #[test]
    fn the_first_is_always_shown() {
        assert!(within(10, &blocks(), "").starts_with("xxxx"));
    }
}
