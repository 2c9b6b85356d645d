//! Request targets: path, query, and templates such as `/charges/{id}`.
//!
//! Everything here is bounded by the length of the target, which the head's
//! limit bounds, and by a number of segments.

use std::borrow::Cow;

/// Segments of a path or template.
const SEGMENTS_MAX: usize = 32;

/// A target's path and query. An absolute target (RFC 9112 3.2.2) loses its
/// scheme and authority; `*` stays as it is.
pub fn split_target(target: &str) -> (&str, Option<&str>) {
    let local = match target.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => {
            rest.find(['/', '?']).map_or("/", |at| &rest[at..])
        }
        _ => target,
    };
    match local.split_once('?') {
        Some(("", query)) => ("/", Some(query)),
        Some((path, query)) => (path, Some(query)),
        None => (local, None),
    }
}

fn is_scheme(scheme: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    !scheme.is_empty() && scheme.bytes().all(legal)
}

/// `text` with its escapes decoded (RFC 3986 2.1); `None` when one is torn or
/// when the result is not UTF-8. A `+` stays a `+`: it is a space in forms only.
pub fn percent_decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

/// A path with named segments: `/charges/{id}`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template(Vec<Segment>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Segment {
    Static(String),
    Named(String),
}

impl Template {
    /// Reads a template. It begins with `/`; `{name}` stands for one whole
    /// segment that is not empty. The error says what is wrong with it.
    pub fn new(template: &str) -> Result<Self, String> {
        let path = template
            .strip_prefix('/')
            .ok_or_else(|| format!("path template {template:?} does not begin with `/`"))?;
        let mut segments: Vec<Segment> = Vec::new();
        for part in path.split('/') {
            let segment = Segment::new(part).ok_or_else(|| {
                format!(
                    "path template {template:?}: segment {part:?} is neither text nor `{{name}}`"
                )
            })?;
            if matches!(segment, Segment::Named(_)) && segments.contains(&segment) {
                return Err(format!("path template {template:?} names {part} twice"));
            }
            segments.push(segment);
        }
        if segments.len() > SEGMENTS_MAX {
            return Err(format!(
                "path template {template:?} has more than {SEGMENTS_MAX} segments"
            ));
        }
        Ok(Self(segments))
    }

    /// The values of the named segments, decoded, where `path` (still encoded,
    /// without its query) is of this form. `.` and `..` are no values: a server
    /// may take them for another path.
    pub fn matches(&self, path: &str) -> Option<Vec<(&str, String)>> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let mut values = Vec::new();
        for segment in &self.0 {
            let part = percent_decode(parts.next()?)?;
            match segment {
                Segment::Static(text) if *text == part => {}
                Segment::Static(_) => return None,
                Segment::Named(_) if matches!(&*part, "" | "." | "..") => return None,
                Segment::Named(name) => values.push((name.as_str(), part.into_owned())),
            }
        }
        parts.next().is_none().then_some(values)
    }
}

impl Segment {
    fn new(part: &str) -> Option<Self> {
        let name = part.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        match name {
            Some(name) if !name.is_empty() && !name.contains(['{', '}']) => {
                Some(Self::Named(name.into()))
            }
            None if !part.contains(['{', '}']) => {
                Some(Self::Static(percent_decode(part)?.into_owned()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_split() {
        let check = |target, path, query| assert_eq!(split_target(target), (path, query));
        check("/a/b?c=d?e", "/a/b", Some("c=d?e"));
        check("/a", "/a", None);
        check("/a?", "/a", Some(""));
        check("*", "*", None);
        check("http://h:80/a?b", "/a", Some("b"));
        check("http://h", "/", None);
        check("http://h?b", "/", Some("b"));
        check("/a?u=http://h/b", "/a", Some("u=http://h/b"));
    }

    #[test]
    fn escapes_are_decoded() {
        let check =
            |text, decoded: Option<&str>| assert_eq!(percent_decode(text).as_deref(), decoded);
        check("a+b", Some("a+b"));
        check("a%20b%2F%c3%A9", Some("a b/\u{e9}"));
        for torn in ["%", "a%2", "%zz", "%+5", "%ff"] {
            check(torn, None);
        }
    }

    #[test]
    fn templates_match_whole_segments() {
        let template = Template::new("/charges/{id}/refunds").expect("a template");
        let id = |path| template.matches(path).map(|values| values[0].1.clone());
        assert_eq!(id("/charges/a%2Fb/refunds").as_deref(), Some("a/b"));
        assert_eq!(id("/%63harges/7/refunds").as_deref(), Some("7"));
        let others = [
            "/charges//refunds",
            "/charges/7",
            "/charges/7/refunds/",
            "/charges/7/8/refunds",
            "/Charges/7/refunds",
            "charges/7/refunds",
            "/charges/%zz/refunds",
            "/charges/../refunds",
            "/charges/%2e%2E/refunds",
            "*",
            "",
        ];
        for other in others {
            assert_eq!(id(other), None, "{other:?}");
        }
        assert_eq!(
            Template::new("/").expect("a template").matches("/"),
            Some(vec![])
        );
    }

    #[test]
    fn templates_are_checked() {
        let long = "/a".repeat(SEGMENTS_MAX + 1);
        for wrong in [
            "", "a", "/{}", "/{a", "/a}", "/x{a}", "/{a}{b}", "/{a}/{a}", "/%zz", &long,
        ] {
            assert!(Template::new(wrong).is_err(), "{wrong:?}");
        }
        assert!(Template::new(&"/a".repeat(SEGMENTS_MAX)).is_ok());
    }
}
