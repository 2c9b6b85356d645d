//! How the judge says numbers and messages in words.

use exactly_model::Code;

/// `1 trial`, `3 trials`, `2 classes`.
pub(crate) fn count(n: u64, noun: &str) -> String {
    let plural = match (n, noun.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{n} {noun}{plural}")
}

/// The form in which reports name a message: `<trial>-<sequence>`.
pub(crate) fn message(trial: u32, sequence: u32) -> String {
    format!("{trial}-{sequence}")
}

/// What a trial did that shows `code`: "3 of 104 trials ...".
pub(crate) const fn deed(code: Code) -> &'static str {
    match code {
        Code::L1 => "lost messages",
        Code::L3 => "left messages unseen",
        Code::L4 => "committed positions ahead of effects",
        Code::L7 => "had messages given up by the system",
        Code::D1 => "appended messages more than once",
        Code::D2 => "had messages delivered again",
        Code::D3 => "doubled effects",
        Code::D4 => "doubled effects when the system had forgotten",
        Code::D5 => "had effects that do not agree",
        Code::D6 => "had messages taken for others",
        Code::O1 => "reordered effects",
        Code::O2 => "had the log in another order than that of the sends",
        Code::O3 => "jumped over messages",
        Code::O4 => "had messages delivered after later ones",
        Code::G1 => "showed effects that nobody asked for",
        Code::G2 => "showed effects of aborted transactions",
        Code::G4 => "recovered unknown attempts",
        Code::T1 => "tore units apart",
        Code::T2 => "wrote to one system and not to the other",
        Code::T3 => "split position and effect",
        Code::T5 => "committed messages in a unit that was not theirs",
        Code::F1 => "had effects by an old owner",
        Code::F2 => "fenced the only owner",
        Code::I1 => "had positions with two values",
        Code::I2 => "changed content",
        Code::V1 => "got stuck",
        Code::X1 => "showed effects reported as failed",
    }
}

/// `text` as the end of a sentence: without a full stop of its own.
pub(crate) fn unstopped(text: &str) -> &str {
    text.trim().trim_end_matches('.')
}
