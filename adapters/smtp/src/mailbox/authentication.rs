//! AUTH (RFC 4954) with PLAIN (RFC 4616) and LOGIN.
//!
//! Any credentials are taken, and none is kept: they are looked at for their form and
//! forgotten with the line that they stood in.

/// What a client has to answer next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Plain,
    LoginUser,
    LoginPassword,
}

/// What an answer to a challenge leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Ask(Step),
    Taken,
    /// Not what the mechanism says, or given up with `*` (RFC 4954 4).
    Refused,
}

impl Step {
    /// The first step of a mechanism.
    pub fn of(mechanism: &str) -> Option<Self> {
        match mechanism {
            _ if mechanism.eq_ignore_ascii_case("PLAIN") => Some(Self::Plain),
            _ if mechanism.eq_ignore_ascii_case("LOGIN") => Some(Self::LoginUser),
            _ => None,
        }
    }

    /// What it asks, in base64 (RFC 4954 4).
    pub fn challenge(self) -> &'static str {
        match self {
            Self::Plain => "334 ",
            // `Username:` and `Password:`.
            Self::LoginUser => "334 VXNlcm5hbWU6",
            Self::LoginPassword => "334 UGFzc3dvcmQ6",
        }
    }

    pub fn answered(self, response: &[u8]) -> Outcome {
        if !is_base64(response) {
            return Outcome::Refused;
        }
        match self {
            Self::LoginUser => Outcome::Ask(Self::LoginPassword),
            Self::LoginPassword | Self::Plain => Outcome::Taken,
        }
    }
}

/// RFC 4648 4; `=` alone is an empty response (RFC 4954 4).
fn is_base64(text: &[u8]) -> bool {
    if text.is_empty() || text == b"=" {
        return true;
    }
    let end = text.iter().position(|b| *b == b'=').unwrap_or(text.len());
    let (data, padding) = text.split_at(end);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'+' || *b == b'/';
    text.len().is_multiple_of(4)
        && padding.len() <= 2
        && padding.iter().all(|b| *b == b'=')
        && data.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_base64_is_an_answer() {
        for (text, taken) in [
            ("AGEAYg==", true),
            ("AGEAYgA=", true),
            ("", true),
            ("=", true),
            ("*", false),
            ("AGEAYg", false),
            ("AGE=AYg=", false),
            ("A===", false),
            ("AG A", false),
        ] {
            let is = Step::Plain.answered(text.as_bytes()) == Outcome::Taken;
            assert_eq!(is, taken, "{text:?}");
        }
        assert_eq!(
            Step::LoginUser.answered(b"YQ=="),
            Outcome::Ask(Step::LoginPassword)
        );
        assert_eq!(Step::of("plain"), Some(Step::Plain));
        assert_eq!(Step::of("CRAM-MD5"), None);
    }
}
