//! Which recipients are meant.

/// An address in which `*` stands for anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pattern(String);

impl Pattern {
    /// Reads an address with an `@` and without blanks; `None` for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let is_one = text.contains('@') && text.len() <= 256;
        let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
        (is_one && plain).then(|| Self(text.to_lowercase()))
    }

    /// Whether `address` is meant. Without regard to case: what a domain is written
    /// like makes no difference (RFC 5321 2.4), and two people whose names differ in
    /// case alone are not to be told apart by a sink.
    pub fn fits(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = address.strip_prefix(first) else {
            return false;
        };
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        true
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, address, fits) in [
            ("a@b", "a@b", true),
            ("a@b", "A@B", true),
            ("a@b", "a@bc", false),
            ("*@b", "a@b", true),
            ("*@b", "a@c", false),
            ("a@*", "a@b.c", true),
            ("a*c@*.d", "abc@x.d", true),
            ("a*c@*.d", "ac@x.d", true),
            ("a*c@*.d", "a@x.d", false),
            ("*@*", "a@b", true),
            ("*@b*b", "a@b", false),
        ] {
            assert_eq!(
                Pattern::read(pattern).unwrap().fits(address),
                fits,
                "{pattern} {address}"
            );
        }
        for none in ["", "mails", "a b@c", "a@b\r\n"] {
            assert_eq!(Pattern::read(none), None, "{none:?}");
        }
    }
}
