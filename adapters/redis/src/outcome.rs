//! What the error of a write that is fed says of it.

use crate::client::Trouble;
use crate::errors;
use exactly_adapter::Judged;
use exactly_model::Outcome;

/// No connection was there, so that nothing was written.
const NOT_SENT: Judged = Judged {
    outcome: Outcome::Fail,
    because: "there was no connection: nothing was sent",
};
/// The request was written, and its reply never came.
const UNANSWERED: Judged = Judged {
    outcome: Outcome::Unknown,
    because: "it was sent and not answered: a server does what it has read",
};

/// The rule for `trouble` with a command of the harness's own: none runs a script.
pub(crate) fn judge(trouble: &Trouble) -> Judged {
    match trouble {
        Trouble::NotConnected(_) | Trouble::HungUp(_) => NOT_SENT,
        Trouble::Refused { code, what } => errors::judge("XADD", &format!("{code} {what}")),
        Trouble::Unanswered(_) | Trouble::Strange(_) => UNANSWERED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_or_refused_did_not_happen_and_what_was_not_answered_may_have() {
        let why = String::new;
        let refused = |code: &str| Trouble::Refused {
            code: code.into(),
            what: "as it says".into(),
        };
        for (trouble, outcome) in [
            (Trouble::NotConnected(why()), Outcome::Fail),
            (Trouble::HungUp(why()), Outcome::Fail),
            (refused("OOM"), Outcome::Fail),
            (refused("LOADING"), Outcome::Fail),
            (refused("NOTHINGWEKNOW"), Outcome::Unknown),
            (Trouble::Unanswered(why()), Outcome::Unknown),
            (Trouble::Strange(why()), Outcome::Unknown),
        ] {
            let judged = judge(&trouble);
            assert_eq!(judged.outcome, outcome, "{trouble}");
            assert!(!judged.because.is_empty());
        }
    }
}
