//! The audit is what was sent: no more, no less, in the order of commits.

use crate::talk::{ask, books, open, serve};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
struct Sent {
    order: u32,
    customer: String,
    amount: u64,
    checksum: Option<u32>,
    key: Option<u8>,
}

fn sent() -> impl Strategy<Value = Sent> {
    (
        0..40_u32,
        // Whatever a JSON string can hold, line breaks and quotes too.
        "[a-z\"\\\\\n\u{e9} ]{1,12}",
        1..1_000_u64,
        proptest::option::of(any::<u32>()),
        proptest::option::of(0..6_u8),
    )
        .prop_map(|(order, customer, amount, checksum, key)| Sent {
            order,
            customer,
            amount,
            checksum,
            key,
        })
}

impl Sent {
    fn body(&self) -> Value {
        let mut body = json!({
            "order": format!("x1-2-{}", self.order),
            "customer": self.customer,
            "amount": self.amount,
        });
        if let Some(checksum) = self.checksum {
            body["checksum"] = format!("{checksum:08x}").into();
        }
        body
    }
}

/// What the books must hold: every request, but a key only once.
fn expected(all: &[Sent], keys: bool) -> Vec<Value> {
    let mut used = BTreeSet::new();
    let counted = all.iter().filter(|sent| match sent.key {
        Some(key) if keys => used.insert(key),
        _ => true,
    });
    let lines = counted.zip(1..).map(|(sent, number): (_, u64)| {
        let body = sent.body();
        json!({
            "number": number,
            "order": body["order"],
            "customer": body["customer"],
            "amount": body["amount"],
            "checksum": body["checksum"],
            "key": sent.key.filter(|_| keys).map(|key| key.to_string()),
        })
    });
    lines.collect()
}

async fn run(all: Vec<Sent>, keys: bool) -> Result<(), TestCaseError> {
    let at = serve().await;
    open(
        at,
        "a",
        if keys {
            r#"{"keys":"store"}"#
        } else {
            r#"{"keys":"none"}"#
        },
    )
    .await;
    for sent in &all {
        let header = sent.key.map(|key| format!("Idempotency-Key: {key}"));
        let headers: Vec<&str> = header.iter().map(String::as_str).collect();
        let got = ask(at, "POST", "/a/charges", &headers, &sent.body().to_string()).await;
        prop_assert!(matches!(got.status, 201 | 422), "{:?}", got);
    }
    let mut read = books(at, "a").await;
    for line in &mut read {
        prop_assert!(line["time"].as_u64().is_some());
        line.as_object_mut().unwrap().remove("time");
    }
    prop_assert_eq!(read, expected(&all, keys));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_books_are_what_was_sent(
        all in proptest::collection::vec(sent(), 0..30),
        keys in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(all, keys))?;
    }
}
