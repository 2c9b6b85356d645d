//! What a message carries, and what it may carry.

use super::limits::BATCH_MAX;
use super::operation::{AttributeInput, SendEntry};
use super::refusal::{Code, Refusal};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The system attribute that a sender may set.
pub(super) const TRACE_HEADER: &str = "AWSTraceHeader";
const NAME_LENGTH_MAX: usize = 256;

/// The value of a message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// Of the types `String` and `Number`.
    Text(String),
    /// Of the type `Binary`.
    Binary(Vec<u8>),
}

/// A message attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, and a label of the user's behind a period.
    pub data_type: String,
    /// What it says.
    pub value: AttributeValue,
}

impl Attribute {
    fn bytes(&self) -> usize {
        let value = match &self.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Binary(bytes) => bytes.len(),
        };
        self.data_type.len() + value
    }
}

/// What a message carries. It never changes, and moves with the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The body.
    pub body: String,
    /// The message attributes.
    pub attributes: BTreeMap<String, Attribute>,
    /// The system attributes that the sender set.
    pub system_attributes: BTreeMap<String, Attribute>,
    /// The message group.
    pub group: Option<Arc<str>>,
}

impl Content {
    /// Size as SQS counts it: body and attributes ("Amazon SQS message metadata";
    /// message system attributes don't count).
    pub fn bytes(&self) -> u64 {
        let attributes = self
            .attributes
            .iter()
            .map(|(name, attribute)| name.len() + attribute.bytes());
        (self.body.len() + attributes.sum::<usize>()) as u64
    }

    /// The content of an entry, where SQS carries such.
    pub(super) fn of(entry: &SendEntry) -> Result<Self, Refusal> {
        let body = entry.message_body.as_deref().unwrap_or_default();
        if body.is_empty() {
            return Err(Refusal::missing("MessageBody"));
        }
        if !body.chars().all(is_carried) {
            return Err(Refusal::new(
                Code::InvalidMessageContents,
                "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.",
            ));
        }
        if let Some(group) = &entry.message_group_id {
            check_token(group, "MessageGroupId")?;
        }
        Ok(Self {
            body: body.into(),
            attributes: attributes_of(&entry.message_attributes)?,
            system_attributes: system_attributes_of(&entry.message_system_attributes)?,
            group: entry.message_group_id.as_deref().map(Arc::from),
        })
    }
}

/// Source: `SendMessage`, `MessageBody`.
fn is_carried(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Group, deduplication and attempt ids: 1 to 128 alphanumeric and punctuation
/// characters (`SendMessage`, `ReceiveMessage`).
pub(super) fn check_token(token: &str, parameter: &str) -> Result<(), Refusal> {
    let letters = token.bytes().all(|byte| byte.is_ascii_graphic());
    if letters && (1..=128).contains(&token.len()) {
        return Ok(());
    }
    let reason = format!(
        "{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length."
    );
    Err(Refusal::value(token, parameter, &reason))
}

fn attributes_of(
    given: &BTreeMap<String, AttributeInput>,
) -> Result<BTreeMap<String, Attribute>, Refusal> {
    if given.len() > BATCH_MAX {
        return Err(Refusal::new(
            Code::InvalidParameterValue,
            format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{BATCH_MAX}].",
                given.len()
            ),
        ));
    }
    given
        .iter()
        .map(|(name, input)| {
            check_name(name)?;
            Ok((name.clone(), attribute_of(name, input)?))
        })
        .collect()
}

/// Source: `MessageAttributeNames` of `ReceiveMessage`.
fn check_name(name: &str) -> Result<(), Refusal> {
    let lower = name.to_ascii_lowercase();
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let periods = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    if letters && !periods && !reserved && (1..=NAME_LENGTH_MAX).contains(&name.len()) {
        return Ok(());
    }
    Err(Refusal::new(
        Code::InvalidParameterValue,
        format!(
            "The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore (_), hyphen (-), and period (.) characters, and must not start with AWS. or Amazon., nor start or end with a period or have periods in succession."
        ),
    ))
}

fn attribute_of(name: &str, input: &AttributeInput) -> Result<Attribute, Refusal> {
    let refused = |why: String| Err(Refusal::new(Code::InvalidParameterValue, why));
    let data_type = input.data_type.clone().unwrap_or_default();
    if data_type.is_empty() {
        return refused(format!(
            "The message attribute '{name}' must contain a non-empty message attribute type."
        ));
    }
    let value = match data_type.split('.').next() {
        Some("String") => input.string_value.clone().map(AttributeValue::Text),
        Some("Number") => {
            let number = input.string_value.clone();
            if number
                .as_deref()
                .is_some_and(|number| number.trim().parse::<f64>().is_err())
            {
                return refused(format!(
                    "Can't cast the value of message attribute '{name}' to a number."
                ));
            }
            number.map(AttributeValue::Text)
        }
        Some("Binary") => input.binary_value.clone().map(AttributeValue::Binary),
        _ => {
            return refused(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
            ));
        }
    };
    let is_there = |value: &AttributeValue| match value {
        AttributeValue::Text(text) => !text.is_empty() && text.chars().all(is_carried),
        AttributeValue::Binary(bytes) => !bytes.is_empty(),
    };
    match value.filter(is_there) {
        Some(value) => Ok(Attribute { data_type, value }),
        None => refused(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for message attribute type '{data_type}'."
        )),
    }
}

fn system_attributes_of(
    given: &BTreeMap<String, AttributeInput>,
) -> Result<BTreeMap<String, Attribute>, Refusal> {
    given
        .iter()
        .map(|(name, input)| {
            if name != TRACE_HEADER {
                return Err(Refusal::new(
                    Code::InvalidParameterValue,
                    format!("Message system attribute name '{name}' is invalid."),
                ));
            }
            Ok((name.clone(), attribute_of(name, input)?))
        })
        .collect()
}
