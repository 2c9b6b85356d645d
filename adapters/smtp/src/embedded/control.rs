//! What only the harness asks.

use super::server::Shared;
use crate::mailbox::Asked;
use crate::names::trial_of;
use crate::pattern::Pattern;
use crate::wire::stuffed;
use exactly_adapter::TrialNames;
use std::sync::atomic::Ordering;

/// Mails, and octets of their lines, in one answer.
const MAILS_AT_ONCE: usize = 1000;
const OCTETS_AT_ONCE: usize = 1 << 20;

/// Puts the answer behind `replies`.
pub(super) fn answer(shared: &Shared, asked: &str, replies: &mut Vec<u8>) {
    if said(shared, asked, replies).is_none() {
        replies.extend_from_slice(b"501 5.5.4 Nothing that the harness asks\r\n");
    }
}

fn said(shared: &Shared, asked: &str, replies: &mut Vec<u8>) -> Option<()> {
    let words: Vec<&str> = asked.split(' ').collect();
    let text = match words.as_slice() {
        ["MAILS", trial, from, recipient @ ..] => {
            let from = from.parse().ok()?;
            mails(shared, &of(trial, recipient)?, from, replies)
        }
        ["COUNT", trial, recipient @ ..] => {
            shared.mailbox().count(&of(trial, recipient)?).to_string()
        }
        ["CONTENT", number] => {
            let mail = shared.mailbox().get(number.parse().ok()?)?;
            replies.extend_from_slice(format!("250 {}\r\n", mail.shown.size).as_bytes());
            replies.extend_from_slice(&stuffed(&mail.content));
            return Some(());
        }
        ["FORGET", trial] => shared.mailbox().forget(trial_of(trial)?).to_string(),
        ["AUTH", "PLAINTEXT"] => {
            shared.plain_auth.store(true, Ordering::Relaxed);
            "2.0.0 Ok".into()
        }
        ["CERT"] => {
            for line in shared.identity.authority.lines() {
                replies.extend_from_slice(format!("250-{line}\r\n").as_bytes());
            }
            "-".into()
        }
        _ => return None,
    };
    replies.extend_from_slice(format!("250 {text}\r\n").as_bytes());
    Some(())
}

fn of(trial: &str, recipient: &[&str]) -> Option<Asked> {
    let trial: Option<TrialNames> = match trial {
        "*" => None,
        trial => Some(trial_of(trial)?),
    };
    let recipient = match recipient {
        [] => None,
        [one] => Some(Pattern::read(one)?),
        _ => return None,
    };
    Some(Asked { trial, recipient })
}

/// The lines of a page, and from which number on there are more.
fn mails(shared: &Shared, asked: &Asked, from: u64, replies: &mut Vec<u8>) -> String {
    let (page, mut next) = shared.mailbox().list(asked, from, MAILS_AT_ONCE);
    let before = replies.len();
    for mail in page {
        if replies.len() - before > OCTETS_AT_ONCE {
            next = Some(mail.shown.number);
            break;
        }
        // A mail's line is text and numbers: it is always written.
        if let Ok(line) = serde_json::to_string(&mail.shown) {
            replies.extend_from_slice(format!("250-{line}\r\n").as_bytes());
        }
    }
    next.map_or("-".into(), |number| number.to_string())
}
