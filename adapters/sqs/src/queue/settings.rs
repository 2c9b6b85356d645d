//! The attributes of a queue that can be set. Source of names, ranges and
//! defaults: `CreateQueue` and `SetQueueAttributes`, `Attributes`.

use super::limits::{MESSAGE_BYTES_MAX, VISIBILITY_S_MAX, WAIT_S_MAX};
use super::name;
use super::refusal::{Code, Refusal};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Attributes that are told and cannot be set.
pub(super) const TOLD: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];
/// Attributes that are kept and change nothing here.
const KEPT: [&str; 5] = [
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];
const RECEIVES_MAX: u32 = 1_000;

/// After how many receives a message goes where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redrive {
    pub target: String,
    pub receives_max: u32,
    /// The policy as it was set, to be told.
    pub text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedriveText {
    dead_letter_target_arn: String,
    max_receive_count: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub fifo: bool,
    pub content_based: bool,
    pub per_group: bool,
    throughput_per_group: bool,
    pub visibility_s: u64,
    pub delay_s: u64,
    pub wait_s: u64,
    pub message_bytes_max: u64,
    pub retention_s: u64,
    pub redrive: Option<Redrive>,
    kept: BTreeMap<String, String>,
}

impl Settings {
    /// The defaults of a new queue.
    pub fn new(fifo: bool) -> Self {
        Self {
            fifo,
            content_based: false,
            per_group: false,
            throughput_per_group: false,
            visibility_s: 30,
            delay_s: 0,
            wait_s: 0,
            message_bytes_max: MESSAGE_BYTES_MAX,
            retention_s: 345_600,
            redrive: None,
            kept: BTreeMap::new(),
        }
    }

    /// These with other values for some.
    pub fn with(&self, values: &BTreeMap<String, String>) -> Result<Self, Refusal> {
        let mut changed = self.clone();
        for (name, value) in values {
            changed.set(name, value)?;
        }
        if changed.throughput_per_group && !changed.per_group {
            return Err(invalid("FifoThroughputLimit"));
        }
        Ok(changed)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        match name {
            "VisibilityTimeout" => self.visibility_s = within(name, value, 0..=VISIBILITY_S_MAX)?,
            "DelaySeconds" => self.delay_s = within(name, value, 0..=900)?,
            "ReceiveMessageWaitTimeSeconds" => self.wait_s = within(name, value, 0..=WAIT_S_MAX)?,
            "MaximumMessageSize" => {
                self.message_bytes_max = within(name, value, 1_024..=MESSAGE_BYTES_MAX)?;
            }
            "MessageRetentionPeriod" => self.retention_s = within(name, value, 60..=1_209_600)?,
            "RedrivePolicy" => self.redrive = redrive(value)?,
            "FifoQueue" if truth(name, value)? == self.fifo => {}
            "ContentBasedDeduplication" if self.fifo => self.content_based = truth(name, value)?,
            "DeduplicationScope" if self.fifo => {
                self.per_group = either(name, value, ["queue", "messageGroup"])?;
            }
            "FifoThroughputLimit" if self.fifo => {
                self.throughput_per_group = either(name, value, ["perQueue", "perMessageGroupId"])?;
            }
            name if KEPT.contains(&name) => {
                self.kept.insert(name.into(), value.into());
            }
            name => return Err(unknown(name)),
        }
        Ok(())
    }

    /// Their values by name.
    pub fn told(&self) -> BTreeMap<String, String> {
        let mut told = self.kept.clone();
        let mut tell = |name: &str, value: String| told.insert(name.into(), value);
        tell("VisibilityTimeout", self.visibility_s.to_string());
        tell("DelaySeconds", self.delay_s.to_string());
        tell("ReceiveMessageWaitTimeSeconds", self.wait_s.to_string());
        tell("MaximumMessageSize", self.message_bytes_max.to_string());
        tell("MessageRetentionPeriod", self.retention_s.to_string());
        if let Some(redrive) = &self.redrive {
            tell("RedrivePolicy", redrive.text.clone());
        }
        if self.fifo {
            let pick = |second: bool, words: [&str; 2]| words[usize::from(second)].to_string();
            tell("FifoQueue", "true".into());
            tell("ContentBasedDeduplication", self.content_based.to_string());
            tell(
                "DeduplicationScope",
                pick(self.per_group, ["queue", "messageGroup"]),
            );
            let limit = pick(self.throughput_per_group, ["perQueue", "perMessageGroupId"]);
            tell("FifoThroughputLimit", limit);
        }
        told
    }

    /// Whether an attribute of that name exists for this type of queue.
    pub fn knows(&self, name: &str) -> bool {
        TOLD.contains(&name)
            || KEPT.contains(&name)
            || name == "RedrivePolicy"
            || self.told().contains_key(name)
            || Self::new(true).told().contains_key(name)
    }
}

/// The refusal of an attribute that does not exist.
pub(super) fn unknown(name: &str) -> Refusal {
    Refusal::new(
        Code::InvalidAttributeName,
        format!("Unknown Attribute {name}."),
    )
}

fn invalid(name: &str) -> Refusal {
    Refusal::new(
        Code::InvalidAttributeValue,
        format!("Invalid value for the parameter {name}."),
    )
}

fn within(name: &str, value: &str, range: RangeInclusive<u64>) -> Result<u64, Refusal> {
    let number = value.parse().map_err(|_| invalid(name))?;
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(invalid(name))
    }
}

fn truth(name: &str, value: &str) -> Result<bool, Refusal> {
    either(name, &value.to_ascii_lowercase(), ["false", "true"])
}

/// Whether it is the second of two words.
fn either(name: &str, value: &str, words: [&str; 2]) -> Result<bool, Refusal> {
    let index = words.iter().position(|word| *word == value);
    index.map(|index| index == 1).ok_or_else(|| invalid(name))
}

fn redrive(text: &str) -> Result<Option<Redrive>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let refused = |reason: &str| Refusal::value(text, "RedrivePolicy", reason);
    let policy: RedriveText = serde_json::from_str(text).map_err(|_| {
        refused(
            "Redrive policy is not a valid JSON map with deadLetterTargetArn and maxReceiveCount.",
        )
    })?;
    let count = match &policy.max_receive_count {
        serde_json::Value::String(digits) => digits.parse().ok(),
        other => other.as_u64(),
    };
    let receives_max = count
        .and_then(|count: u64| u32::try_from(count).ok())
        .filter(|count| (1..=RECEIVES_MAX).contains(count))
        .ok_or_else(|| refused("Invalid value for maxReceiveCount, must be between 1 and 1000."))?;
    let target = name::of_arn(&policy.dead_letter_target_arn)
        .ok_or_else(|| refused("Invalid value for deadLetterTargetArn."))?;
    Ok(Some(Redrive {
        target: target.into(),
        receives_max,
        text: text.into(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(fifo: bool, name: &str, value: &str) -> Result<Settings, Code> {
        let values = BTreeMap::from([(name.to_string(), value.to_string())]);
        Settings::new(fifo)
            .with(&values)
            .map_err(|refusal| refusal.code)
    }

    #[test]
    fn values_outside_their_range_are_refused() {
        let table = [
            ("VisibilityTimeout", "0", "43200", "43201"),
            ("DelaySeconds", "0", "900", "901"),
            ("ReceiveMessageWaitTimeSeconds", "0", "20", "21"),
            ("MaximumMessageSize", "1024", "1048576", "1048577"),
            ("MessageRetentionPeriod", "60", "1209600", "1209601"),
        ];
        for (name, least, most, beyond) in table {
            for value in [least, most] {
                let told = set(false, name, value).expect(name).told();
                assert_eq!(told[name], value);
            }
            for value in [beyond, "-1", "x", ""] {
                assert_eq!(
                    set(false, name, value),
                    Err(Code::InvalidAttributeValue),
                    "{name}={value}"
                );
            }
        }
    }

    #[test]
    fn names_that_do_not_exist_or_not_for_this_type_are_refused() {
        for name in [
            "Nothing",
            "QueueArn",
            "ContentBasedDeduplication",
            "DeduplicationScope",
            "FifoQueue",
        ] {
            assert_eq!(
                set(false, name, "true"),
                Err(Code::InvalidAttributeName),
                "{name}"
            );
        }
        assert!(set(true, "ContentBasedDeduplication", "true").is_ok());
        assert_eq!(
            set(true, "FifoQueue", "false"),
            Err(Code::InvalidAttributeName)
        );
    }

    #[test]
    fn throughput_per_group_needs_deduplication_per_group() {
        let name = "FifoThroughputLimit";
        assert_eq!(
            set(true, name, "perMessageGroupId"),
            Err(Code::InvalidAttributeValue)
        );
        let values = [
            ("DeduplicationScope", "messageGroup"),
            (name, "perMessageGroupId"),
        ];
        let values = values.map(|(name, value)| (name.to_string(), value.to_string()));
        assert!(Settings::new(true).with(&values.into()).is_ok());
    }

    #[test]
    fn a_redrive_policy_names_a_queue_and_a_count() {
        let policy = |count: &str| {
            format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:0:dead","maxReceiveCount":{count}}}"#
            )
        };
        for count in ["3", "\"3\""] {
            let set = set(false, "RedrivePolicy", &policy(count)).expect("a policy");
            assert_eq!(
                set.redrive
                    .map(|redrive| (redrive.target, redrive.receives_max)),
                Some(("dead".into(), 3))
            );
        }
        for count in ["0", "1001", "-1", "\"x\""] {
            assert_eq!(
                set(false, "RedrivePolicy", &policy(count)),
                Err(Code::InvalidParameterValue)
            );
        }
        for text in [
            "{}",
            "x",
            r#"{"deadLetterTargetArn":"dead","maxReceiveCount":1}"#,
        ] {
            assert_eq!(
                set(false, "RedrivePolicy", text),
                Err(Code::InvalidParameterValue)
            );
        }
        assert_eq!(set(false, "RedrivePolicy", "").expect("none").redrive, None);
    }
}
