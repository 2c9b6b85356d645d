//! What a path names.

/// A resource of the service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route<'a> {
    /// `/{account}/charges`
    Charges(&'a str),
    /// `/{account}/charges/{charge}`
    Charge(&'a str, &'a str),
    /// `/_exactly/accounts/{account}`
    Account(&'a str),
    /// `/_exactly/accounts/{account}/script`
    Script(&'a str),
    /// `/_exactly/charges`
    Audit,
}

impl<'a> Route<'a> {
    pub fn of(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let parts = [
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ];
        let route = match parts {
            [Some("_exactly"), Some("charges"), None, ..] => Self::Audit,
            [Some("_exactly"), Some("accounts"), Some(account), None, ..] => Self::Account(account),
            [
                Some("_exactly"),
                Some("accounts"),
                Some(account),
                Some("script"),
                None,
            ] => Self::Script(account),
            [Some(account), Some("charges"), None, ..] => Self::Charges(account),
            [Some(account), Some("charges"), Some(charge), None, ..] => {
                Self::Charge(account, charge)
            }
            _ => return None,
        };
        route.account().is_none_or(is_name).then_some(route)
    }

    fn account(self) -> Option<&'a str> {
        match self {
            Self::Charges(account)
            | Self::Charge(account, _)
            | Self::Account(account)
            | Self::Script(account) => Some(account),
            Self::Audit => None,
        }
    }

    /// The methods that it has, as an `Allow` field.
    pub const fn methods(self) -> &'static str {
        match self {
            Self::Charges(_) => "GET, HEAD, POST",
            Self::Charge(..) | Self::Audit => "GET, HEAD",
            Self::Account(_) => "GET, HEAD, PUT, DELETE",
            Self::Script(_) => "PUT",
        }
    }
}

/// Names that need no encoding anywhere.
fn is_name(name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_resources() {
        for (path, route) in [
            ("/x1-2/charges", Some(Route::Charges("x1-2"))),
            (
                "/x1-2/charges/ch_000001",
                Some(Route::Charge("x1-2", "ch_000001")),
            ),
            ("/_exactly/charges", Some(Route::Audit)),
            ("/_exactly/accounts/x1-2", Some(Route::Account("x1-2"))),
            (
                "/_exactly/accounts/x1-2/script",
                Some(Route::Script("x1-2")),
            ),
            ("", None),
            ("/", None),
            ("/charges", None),
            ("//charges", None),
            ("/x1-2", None),
            ("/x1-2/charges/a/b", None),
            ("/x1-2/charges/a/b/c/d", None),
            ("/X1/charges", None),
            ("/x%31/charges", None),
            ("/_exactly/accounts/a/script/more", None),
            ("/_exactly/accounts/a/script/more/still", None),
            ("/_exactly/accounts", None),
            ("/_exactly/charges/", None),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
        assert_eq!(Route::of(&format!("/{}/charges", "a".repeat(65))), None);
    }
}
