//! The logical target of a request: its path, without what is another in every
//! trial. Points of two trials are the same point only if their targets are.

use super::ids::Finder;
use exactly_http1::{percent_decode, split_target};

/// Stands for a segment that names one thing of many.
const ID: &str = "{id}";
/// Segments that are kept; the rest is one `*`.
const SEGMENTS_MAX: usize = 12;
/// Bytes of a segment that are kept as they are.
const SEGMENT_MAX: usize = 64;
/// A word at least so long that has letters and digits is made by a machine.
const MADE_LEN: usize = 16;

/// The template of `target`, as it stands in a request line. `account` is the
/// first segment that is left out.
pub(crate) fn template(target: &str, account: &str, finder: Finder) -> String {
    let (path, _) = split_target(target);
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = match path.strip_prefix(account) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            rest.strip_prefix('/').unwrap_or(rest)
        }
        _ => path,
    };
    let mut template = String::new();
    for (at, segment) in path.split('/').enumerate() {
        template.push('/');
        if at == SEGMENTS_MAX {
            template.push('*');
            break;
        }
        template.push_str(match is_id(segment, finder) {
            true => ID,
            false => segment,
        });
    }
    template
}

/// Whether a segment names one thing of many: it holds an id of the trial, is a
/// number or a UUID, has the form `ch_000001` of many services' names, or is
/// longer than words in paths are.
fn is_id(segment: &str, finder: Finder) -> bool {
    let Some(segment) = percent_decode(segment) else {
        return true;
    };
    let has_digit = |text: &str| text.bytes().any(|b| b.is_ascii_digit());
    let is_number = !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
    let is_named = segment.split_once('_').is_some_and(|(kind, name)| {
        let is_kind = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase());
        is_kind && name.bytes().all(|b| b.is_ascii_alphanumeric()) && has_digit(name)
    });
    let is_made = segment.len() >= MADE_LEN && has_digit(&segment);
    is_number
        || is_named
        || is_made
        || segment.len() > SEGMENT_MAX
        || finder.is_in(segment.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use exactly_adapter::TrialNames;

    fn check(target: &str, expect: &str) {
        let finder = Finder::new(TrialNames { run: 7, trial: 12 });
        assert_eq!(template(target, "x7-12", finder), expect, "{target}");
    }

    #[test]
    fn what_differs_from_trial_to_trial_is_left_out() {
        check("/x7-12/charges", "/charges");
        check("/x7-12/charges?after=ch_000001", "/charges");
        check("/x7-12/charges/ch_000001", "/charges/{id}");
        check("/x7-12/charges/x7-12-3", "/charges/{id}");
        check("/x7-12/charges/order%2Dx7%2D12%2D3", "/charges/{id}");
        check("/x7-12", "/");
        check("/x7-12/", "/");
        check("/", "/");
        check("http://127.0.0.1:8080/x7-12/charges", "/charges");
        check("/v1/orders/42/lines/7", "/v1/orders/{id}/lines/{id}");
        check(
            "/v1/customers/cus_9s6XKzkNRiz8i3/refunds",
            "/v1/customers/{id}/refunds",
        );
        check(
            "/orders/65786163-0000-8070-8000-00000c000003",
            "/orders/{id}",
        );
        check("/o/01J9ZQ4W8Y6XKQ3M5N7P9R1S3T", "/o/{id}");
    }

    #[test]
    fn what_is_a_word_stays() {
        for path in [
            "/v1/charges",
            "/payment_intents",
            "/payment-intents/search",
            "/oauth2/token",
            "*",
        ] {
            let expect = if path == "*" { "/*" } else { path };
            check(path, expect);
        }
        // Another one's account is no account of this trial.
        check("/x7-13/charges", "/x7-13/charges");
        check("/x7-123/charges", "/x7-123/charges");
    }

    #[test]
    fn strange_paths_are_bounded() {
        check(
            &"/a".repeat(5_000),
            &format!("{}/*", "/a".repeat(SEGMENTS_MAX)),
        );
        check(&format!("/{}", "a".repeat(5_000)), "/{id}");
        check("/%zz/b", "/{id}/b");
        check("", "/");
        check("//a", "//a");
    }
}
