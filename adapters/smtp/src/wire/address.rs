//! Addresses of an envelope (RFC 5321 4.1.2, RFC 6531 3.3).

/// RFC 5321 4.5.3.1.1, .2 and .3.
const LOCAL_PART_MAX: usize = 64;
const DOMAIN_MAX: usize = 255;
const PATH_MAX: usize = 256;

/// What is wrong with an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("no address of the form <local@domain> (RFC 5321 4.1.2)")]
    Form,
    #[error("a part of the address is too long (RFC 5321 4.5.3.1)")]
    Long,
    #[error("an address outside of ASCII needs SMTPUTF8 (RFC 6531 3.5)")]
    NeedsUtf8,
}

/// An address, as it was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Address {
    /// `local@domain`; empty for the null reverse-path.
    pub text: String,
    /// Whether it needs SMTPUTF8.
    pub international: bool,
}

impl Address {
    /// Reads `<...>` off the front of `text`, and answers the rest. A source route is
    /// taken and ignored (RFC 5321 appendix C).
    pub fn read(text: &str) -> Result<(Self, &str), AddressError> {
        let inner = text.strip_prefix('<').ok_or(AddressError::Form)?;
        let end = closing(inner).ok_or(AddressError::Form)?;
        let (path, rest) = (&inner[..end], &inner[end + 1..]);
        if path.len() + 2 > PATH_MAX {
            return Err(AddressError::Long);
        }
        let mailbox = match path.strip_prefix('@') {
            None => path,
            Some(route) => route.split_once(':').ok_or(AddressError::Form)?.1,
        };
        let address = Self {
            text: mailbox.into(),
            international: !mailbox.is_ascii(),
        };
        // The null reverse-path, and the one name that needs no domain (RFC 5321 4.5.1):
        // whether they may stand here is the command's to say.
        if mailbox.is_empty() || mailbox.eq_ignore_ascii_case("postmaster") {
            return Ok((address, rest));
        }
        let (local, domain) = mailbox.rsplit_once('@').ok_or(AddressError::Form)?;
        if local.len() > LOCAL_PART_MAX || domain.len() > DOMAIN_MAX {
            return Err(AddressError::Long);
        }
        match is_local(local) && is_domain(domain) {
            true => Ok((address, rest)),
            false => Err(AddressError::Form),
        }
    }
}

/// Where the `>` stands that ends a path: not the one in a quoted string.
fn closing(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

fn is_atom_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(c)
        || (!c.is_ascii() && !c.is_control())
}

fn is_local(local: &str) -> bool {
    let quoted = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(inside) => is_quoted(inside),
        None => local
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom_char)),
    }
}

fn is_quoted(inside: &str) -> bool {
    let mut escaped = false;
    for c in inside.chars() {
        match c {
            _ if c.is_control() => return false,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return false,
            _ => {}
        }
    }
    !escaped
}

fn is_domain(domain: &str) -> bool {
    let literal = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(literal) = literal {
        return !literal.is_empty()
            && literal
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ".:-".contains(c));
    }
    let is_label = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii();
        !label.is_empty()
            && label.chars().all(|c| plain(c) && !c.is_control())
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_what_is_none_is_refused() {
        for (given, text, rest) in [
            ("<a@b.example>", "a@b.example", ""),
            ("<a@b> SIZE=1", "a@b", " SIZE=1"),
            ("<>", "", ""),
            ("<Postmaster>", "Postmaster", ""),
            ("<@x,@y:a@b>", "a@b", ""),
            (r#"<"a> \"b"@c>"#, r#""a> \"b"@c"#, ""),
            ("<a@[127.0.0.1]>", "a@[127.0.0.1]", ""),
            ("<a@[IPv6:::1]>", "a@[IPv6:::1]", ""),
            ("<jürgen@bücher.example>", "jürgen@bücher.example", ""),
            ("<x7-12-3+b@c>", "x7-12-3+b@c", ""),
        ] {
            let (address, left) = Address::read(given).unwrap();
            assert_eq!((address.text.as_str(), left), (text, rest), "{given}");
            assert_eq!(address.international, !text.is_ascii());
        }
        for given in [
            "",
            "a@b",
            "<a@b",
            "<a>",
            "<a@>",
            "<@b>",
            "<a@@b>",
            "<a b@c>",
            "<.a@b>",
            "<a.@b>",
            "<a..b@c>",
            "<a@-b>",
            "<a@b->",
            "<a@b..c>",
            "<a@b c>",
            "<\"a@b>",
            "<\"a\"b\"@c>",
            "<a@[]>",
            "<a@[<]>",
            "<a@b_c>",
            "<\"a\\\"@b>",
            "<a\u{1}@b>",
            "<\u{80}@b>",
        ] {
            assert_eq!(Address::read(given), Err(AddressError::Form), "{given}");
        }
        for given in [
            format!("<{}@b>", "a".repeat(65)),
            format!("<a@{}>", "b".repeat(256)),
            format!("<a@{}>", "b".repeat(253)),
        ] {
            assert_eq!(Address::read(&given), Err(AddressError::Long), "{given}");
        }
    }
}
