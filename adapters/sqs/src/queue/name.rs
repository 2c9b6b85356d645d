//! Names of queues, and their ARNs.

use super::refusal::{Code, Refusal};

/// The account in URLs and ARNs that this server makes; it accepts any.
pub const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";
const LENGTH_MAX: usize = 80;
const FIFO_SUFFIX: &str = ".fifo";

/// Whether a queue may have this name. Source: `CreateQueue`, `QueueName`: up to
/// 80 characters, alphanumeric, hyphens and underscores; that of a FIFO queue
/// ends with `.fifo`, that of a standard queue does not.
pub(super) fn check(name: &str, fifo: bool) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::missing("QueueName"));
    }
    let stem = if fifo {
        name.strip_suffix(FIFO_SUFFIX)
    } else {
        Some(name)
    };
    let is_word = |stem: &str| {
        !stem.is_empty()
            && stem
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() <= LENGTH_MAX && stem.is_some_and(is_word) {
        return Ok(());
    }
    let rule = if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    };
    Err(Refusal::new(Code::InvalidParameterValue, rule))
}

/// The ARN of a queue.
pub fn arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// The name in an ARN, of any region and account.
pub(super) fn of_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let is_queue = parts.next() == Some("arn") && parts.nth(1) == Some("sqs");
    let name = parts.nth(2)?;
    (is_queue && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_create_queue() {
        let long = "a".repeat(80);
        let too_long = "a".repeat(81);
        let long_fifo = format!("{}.fifo", "a".repeat(75));
        let too_long_fifo = format!("{}.fifo", "a".repeat(76));
        let table = [
            ("orders", false, true),
            ("orders", true, false),
            ("orders.fifo", true, true),
            ("orders.fifo", false, false),
            (".fifo", true, false),
            ("or ders", false, false),
            ("or.ders", false, false),
            ("Or-d_3", false, true),
            ("", false, false),
            (long.as_str(), false, true),
            (too_long.as_str(), false, false),
            (long_fifo.as_str(), true, true),
            (too_long_fifo.as_str(), true, false),
        ];
        for (name, fifo, allowed) in table {
            assert_eq!(check(name, fifo).is_ok(), allowed, "{name} fifo={fifo}");
        }
    }

    #[test]
    fn an_arn_names_its_queue() {
        assert_eq!(of_arn(&arn("orders.fifo")), Some("orders.fifo"));
        assert_eq!(of_arn("arn:aws:sqs:eu-west-1:123:q"), Some("q"));
        for other in [
            "arn:aws:sns:us-east-1:1:q",
            "q",
            "arn:aws:sqs:us-east-1:1:",
            "",
        ] {
            assert_eq!(of_arn(other), None, "{other}");
        }
    }
}
