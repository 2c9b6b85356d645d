//! What a client asks for, and what is kept of it.

use super::json;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// Bytes of an order or a customer.
const NAME_MAX: usize = 256;
/// Bytes of a checksum.
const CHECKSUM_MAX: usize = 64;
/// The largest whole number that every JSON reader keeps (RFC 8259, 6).
const AMOUNT_MAX: u64 = (1 << 53) - 1;

/// A request to charge. It is also the request's fingerprint: the fields are all
/// that the service knows of a body, so two bodies with the same fields ask for
/// the same. A field beyond them is refused, since it could neither be kept nor
/// compared.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Charging {
    pub order: String,
    pub customer: String,
    pub amount: u64,
    #[serde(default)]
    pub checksum: Option<String>,
}

impl Charging {
    /// Reads a body; the error says what is wrong with it.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let read: Self = json::object(body)?;
        let long = |name: &str, text: &str, max: usize| match text.len() {
            0 => Some(format!("{name} is empty")),
            len if len > max => Some(format!("{name} has {len} bytes, {max} are taken")),
            _ => None,
        };
        let checksum = read.checksum.as_deref();
        let wrong = long("order", &read.order, NAME_MAX)
            .or_else(|| long("customer", &read.customer, NAME_MAX))
            .or_else(|| checksum.and_then(|text| long("checksum", text, CHECKSUM_MAX)));
        match wrong {
            Some(why) => Err(why),
            None if read.amount == 0 => Err("amount is 0: there is nothing to charge".into()),
            None if read.amount > AMOUNT_MAX => Err(format!("amount is larger than {AMOUNT_MAX}")),
            None => Ok(read),
        }
    }
}

/// A charge that was made. Never changed, never removed but with its account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Charge {
    /// Place in the order of commits, from 1.
    pub number: u64,
    pub asked: Arc<Charging>,
    /// The idempotency key that it came with, where keys are kept.
    pub key: Option<Arc<str>>,
    /// Milliseconds since the epoch.
    pub time_ms: u64,
}

impl Charge {
    /// `ch_000001`.
    pub fn name(&self) -> String {
        name_of(self.number)
    }

    /// As the answer to the POST says it.
    pub fn receipt(&self) -> Value {
        serde_json::json!({
            "charge": self.name(), "order": self.asked.order, "amount": self.asked.amount,
        })
    }

    /// As a GET shows it.
    pub fn shown(&self) -> Value {
        serde_json::json!({
            "charge": self.name(),
            "order": self.asked.order,
            "customer": self.asked.customer,
            "amount": self.asked.amount,
            "checksum": self.asked.checksum,
            "created_ms": self.time_ms,
        })
    }

    /// A line of the audit, with its line break.
    pub fn line(&self) -> String {
        let line = serde_json::json!({
            "number": self.number,
            "order": self.asked.order,
            "customer": self.asked.customer,
            "amount": self.asked.amount,
            "checksum": self.asked.checksum,
            "key": self.key.as_deref(),
            "time": self.time_ms,
        });
        format!("{line}\n")
    }
}

pub(super) fn name_of(number: u64) -> String {
    format!("ch_{number:06}")
}

/// The number in a charge's name, if it is written as the service writes it.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_prefix("ch_")?.parse().ok()?;
    (number > 0 && name_of(number) == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_strictly() {
        let good = r#"{"order":"x1-2-3","customer":"k0","amount":100,"checksum":"00c0ffee"}"#;
        let read = Charging::parse(good.as_bytes()).unwrap();
        assert_eq!(read.checksum.as_deref(), Some("00c0ffee"));
        assert!(Charging::parse(br#"{"order":"o","customer":"c","amount":1}"#).is_ok());
        let long = format!(
            r#"{{"order":"{}","customer":"c","amount":1}}"#,
            "o".repeat(257)
        );
        for bad in [
            "",
            "[]",
            r#"["o","c",1]"#,
            "{",
            r#"{"order":"o","customer":"c"}"#,
            r#"{"order":"","customer":"c","amount":1}"#,
            r#"{"order":"o","customer":"","amount":1}"#,
            r#"{"order":"o","customer":"c","amount":0}"#,
            r#"{"order":"o","customer":"c","amount":-1}"#,
            r#"{"order":"o","customer":"c","amount":1.5}"#,
            r#"{"order":"o","customer":"c","amount":"1"}"#,
            r#"{"order":"o","customer":"c","amount":9007199254740992}"#,
            r#"{"order":7,"customer":"c","amount":1}"#,
            r#"{"order":"o","customer":"c","amount":1,"more":1}"#,
            r#"{"order":"o","order":"p","customer":"c","amount":1}"#,
            r#"{"order":"o","customer":"c","amount":1} x"#,
            r#"{"order":"o","customer":"c","amount":1,"checksum":""}"#,
            &long,
        ] {
            assert!(Charging::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        let deep = "[".repeat(60_000);
        assert!(Charging::parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn names_turn_back_and_look_alikes_do_not() {
        for number in [1, 42, 999_999, 1_000_000] {
            assert_eq!(number_of(&name_of(number)), Some(number));
        }
        for name in [
            "ch_000000",
            "ch_1",
            "ch_+00001",
            "000001",
            "ch_",
            "ch_0000001",
        ] {
            assert_eq!(number_of(name), None, "{name}");
        }
    }
}
