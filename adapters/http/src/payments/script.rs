//! Answers by schedule: for people who try the service by hand, and for tests.
//! Runs of the harness do not use it: they break exchanges at the boundary.

use serde::Deserialize;

/// Steps of one script.
const STEPS_MAX: usize = 1_000;
/// The longest delay, in milliseconds.
const SLOW_MS_MAX: u64 = 60_000;

/// What is done to which request.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    steps: Vec<Step>,
    /// Requests since the script was put.
    seen: u64,
}

/// `{"nth": 2, "do": "slow", "ms": 300}`, `{"nth": 1, "do": "fail", "status": 503}`.
#[derive(Clone, Debug, Deserialize)]
struct Step {
    /// Counted from 1, over the charge requests since the script was put.
    nth: u64,
    #[serde(flatten)]
    act: Act,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Act {
    /// The charge is made, and the answer given, so much later.
    Slow { ms: u64 },
    /// Answered with an error, and no charge is made.
    Fail { status: u16 },
    /// The charge is made, and answered with an error.
    FailAfterApply { status: u16 },
}

/// What the script has in mind for one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Planned {
    pub slow_ms: u64,
    pub fail: Option<u16>,
    pub fail_after_apply: Option<u16>,
}

impl Script {
    /// Reads a list of steps; the error says what is wrong with it.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let steps: Vec<Step> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if steps.len() > STEPS_MAX {
            return Err(format!("{} steps, {STEPS_MAX} are taken", steps.len()));
        }
        for step in &steps {
            if step.nth == 0 {
                return Err("nth is counted from 1".into());
            }
            match step.act {
                Act::Slow { ms } if ms > SLOW_MS_MAX => {
                    return Err(format!("slow for {ms} ms, {SLOW_MS_MAX} are taken"));
                }
                Act::Fail { status } | Act::FailAfterApply { status }
                    if !(400..=599).contains(&status) =>
                {
                    return Err(format!("status {status} is no error: 400 to 599"));
                }
                _ => {}
            }
        }
        Ok(Self { steps, seen: 0 })
    }

    /// What is in mind for the next request.
    pub fn next(&mut self) -> Planned {
        self.seen += 1;
        let mut planned = Planned::default();
        for step in self.steps.iter().filter(|step| step.nth == self.seen) {
            match step.act {
                Act::Slow { ms } => planned.slow_ms = ms,
                Act::Fail { status } => planned.fail = Some(status),
                Act::FailAfterApply { status } => planned.fail_after_apply = Some(status),
            }
        }
        planned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_at_their_turn() {
        let steps = br#"[{"nth":2,"do":"fail","status":503},{"nth":1,"do":"slow","ms":5},
            {"nth":3,"do":"slow","ms":7},{"nth":3,"do":"fail-after-apply","status":500}]"#;
        let mut script = Script::parse(steps).unwrap();
        let planned = [script.next(), script.next(), script.next(), script.next()];
        assert_eq!(planned[0].slow_ms, 5);
        assert_eq!(planned[1].fail, Some(503));
        assert_eq!(
            (planned[2].slow_ms, planned[2].fail_after_apply),
            (7, Some(500))
        );
        assert_eq!(planned[3], Planned::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in [
            "{}",
            r#"[{"nth":0,"do":"slow","ms":1}]"#,
            r#"[{"nth":1,"do":"slow","ms":60001}]"#,
            r#"[{"nth":1,"do":"slow"}]"#,
            r#"[{"nth":1,"do":"fail","status":200}]"#,
            r#"[{"nth":1,"do":"fail-after-apply","status":600}]"#,
            r#"[{"nth":1,"do":"explode"}]"#,
        ] {
            assert!(Script::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let long = format!(
            "[{}]",
            vec![r#"{"nth":1,"do":"slow","ms":1}"#; 1001].join(",")
        );
        assert!(Script::parse(long.as_bytes()).is_err());
    }
}
