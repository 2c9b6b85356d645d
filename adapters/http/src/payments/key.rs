//! The `Idempotency-Key` field (draft-ietf-httpapi-idempotency-key-header, 2.1):
//! an Item of Structured Fields whose value is a String (RFC 9651, 3.3.3).
//!
//! Many clients send it without quotes. What then reads as one word is taken;
//! quoted and bare, the same word is the same key.

/// Bytes of a key.
const KEY_MAX: usize = 255;

/// Reads the field's lines; the error says what is wrong.
pub(super) fn parse<'a>(
    lines: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<String>, &'static str> {
    let mut lines = lines.into_iter();
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err("Idempotency-Key stands there twice");
    }
    let text = std::str::from_utf8(line).map_err(|_| "Idempotency-Key is not ASCII")?;
    let text = text.trim_matches([' ', '\t']);
    let key = match text.strip_prefix('"') {
        Some(rest) => quoted(rest)?,
        None => bare(text)?,
    };
    match key.len() {
        0 => Err("Idempotency-Key is empty"),
        1..=KEY_MAX => Ok(Some(key)),
        _ => Err("Idempotency-Key is longer than 255 bytes"),
    }
}

/// The rest of a String behind its opening quote. Parameters behind it mean
/// nothing here and are left out, as the RFC asks for ones that are unknown.
fn quoted(rest: &str) -> Result<String, &'static str> {
    let mut key = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next() {
            Some('"') => break,
            Some('\\') => match chars.next() {
                Some(c @ ('"' | '\\')) => key.push(c),
                _ => return Err("Idempotency-Key has a backslash before neither \" nor \\"),
            },
            Some(c @ ' '..='~') => key.push(c),
            Some(_) => return Err("Idempotency-Key has a character that is not printable ASCII"),
            None => return Err("Idempotency-Key has no closing quote"),
        }
    }
    match chars.as_str() {
        "" => Ok(key),
        parameters if parameters.starts_with(';') => Ok(key),
        _ => Err("Idempotency-Key goes on behind its closing quote"),
    }
}

fn bare(text: &str) -> Result<String, &'static str> {
    let is_word = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '\\');
    match text.chars().all(is_word) {
        true => Ok(text.to_string()),
        false => Err("Idempotency-Key without quotes is not one word"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Result<Option<String>, &'static str> {
        parse([line.as_bytes()])
    }

    #[test]
    fn quoted_and_bare_are_the_same_key() {
        for line in [
            r#""8e03978e-40d5-43dd-bc93-6894a57f9324""#,
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
            r#"  "8e03978e-40d5-43dd-bc93-6894a57f9324";v=1 "#,
        ] {
            let key = one(line).unwrap();
            assert_eq!(key.as_deref(), Some("8e03978e-40d5-43dd-bc93-6894a57f9324"));
        }
        assert_eq!(one(r#""a \"b\" \\c""#), Ok(Some(r#"a "b" \c"#.into())));
        assert_eq!(parse([]), Ok(None));
    }

    #[test]
    fn what_is_malformed_is_said() {
        let long = "k".repeat(256);
        for line in [
            "",
            " ",
            "\"\"",
            "\"a",
            "\"a\"b",
            "\"a\\n\"",
            "a b",
            "a,b",
            "a\"b",
            "\"\u{e9}\"",
            "é",
            "\"a\tb\"",
            "a;b",
            &long,
        ] {
            assert!(one(line).is_err(), "{line:?}");
        }
        assert!(parse([b"\"\xff\"".as_slice()]).is_err());
        assert!(parse([b"a".as_slice(), b"a".as_slice()]).is_err());
        assert!(one(&"k".repeat(255)).is_ok());
    }
}
