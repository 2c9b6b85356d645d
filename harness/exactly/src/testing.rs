//! A cell for tests of this crate: rows of `orders`, fed from a topic.

use crate::Selected;
use exactly_model::{Guarantee, Limits};
use serde_json::json;

/// The variant `variant` of the claim `claim`, which asserts exactly-once.
pub(crate) fn cell(variant: &str) -> Selected {
    let system =
        |kind: &str| json!({ "name": kind, "kind": kind, "client_timeout_ms": null, "setup": {} });
    let observers = json!([{
        "name": "orders", "system": "postgres", "kind": "row", "query": "select id from orders",
        "effects_per_message": 1
    }]);
    let pipeline = json!({
        "systems": [system("kafka"), system("postgres")],
        "processes": [],
        "feed": {
            "system": "kafka", "to": "orders", "messages": 6, "concurrency": 1, "id": "text",
            "keys": 1, "payload": "{id}", "before_start": true
        },
        "observers": observers,
        "kinds": [],
        "timers": [],
        "limits": Limits::default(),
    });
    let cell = json!({
        "claim": "claim", "variant": variant, "sentence": "It is.",
        "asserted": "exactly-once", "forbidden": Guarantee::ExactlyOnce.forbids(),
        "expected": "exactly-once", "observers": observers, "witnesses": []
    });
    Selected {
        cell: serde_json::from_value(cell).expect("a cell"),
        pipeline: serde_json::from_value(pipeline).expect("a pipeline"),
    }
}
