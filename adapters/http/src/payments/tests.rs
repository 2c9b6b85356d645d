//! The state machine, rule by rule.

use super::account::CHARGES_MAX;
use super::answer::{Answer, Kind};
use super::state::{ACCOUNTS_MAX, Begun, Payments, Work};
use serde_json::{Value, json};

const ACCOUNT: &str = "x1-2";

fn opened(settings: &Value) -> Payments {
    let mut payments = Payments::default();
    assert_eq!(
        payments
            .open(ACCOUNT, settings.to_string().as_bytes())
            .status,
        201
    );
    payments
}

fn with_keys() -> Payments {
    opened(&json!({ "keys": "store" }))
}

fn body(order: u32, amount: u32) -> Vec<u8> {
    let order = format!("x1-2-{order}");
    json!({ "order": order, "customer": "k0", "amount": amount })
        .to_string()
        .into_bytes()
}

fn begin(payments: &mut Payments, body: &[u8], key: Option<&str>) -> Begun {
    payments.begin(ACCOUNT, body, Ok(key.map(String::from)))
}

fn begun(payments: &mut Payments, body: &[u8], key: Option<&str>) -> Work {
    match begin(payments, body, key) {
        Begun::Working(work) => work,
        Begun::Answered(answer) => panic!("answered at once: {answer:?}"),
    }
}

fn answered(payments: &mut Payments, body: &[u8], key: Option<&str>) -> Answer {
    match begin(payments, body, key) {
        Begun::Answered(answer) => answer,
        Begun::Working(work) => panic!("not answered at once: {work:?}"),
    }
}

/// Begins and finishes.
fn charge(payments: &mut Payments, body: &[u8], key: Option<&str>) -> Answer {
    match begin(payments, body, key) {
        Begun::Answered(answer) => answer,
        Begun::Working(work) => payments.finish(work, 1_000),
    }
}

fn value(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn charges(payments: &Payments) -> usize {
    payments.audit(&format!("account={ACCOUNT}")).unwrap().len()
}

fn state(payments: &Payments, name: &str) -> Value {
    value(&payments.state(ACCOUNT))[name].clone()
}

#[test]
fn a_charge_is_made_and_shown() {
    let mut payments = opened(&json!({}));
    let answer = charge(&mut payments, &body(7, 300), None);
    assert_eq!((answer.status, answer.kind), (201, Kind::Json));
    let receipt = json!({ "charge": "ch_000001", "order": "x1-2-7", "amount": 300 });
    assert_eq!(value(&answer), receipt);
    assert_eq!(answer.location.as_deref(), Some("/x1-2/charges/ch_000001"));
    let shown = value(&payments.get(ACCOUNT, "ch_000001"));
    assert_eq!(shown["customer"], "k0");
    assert_eq!(shown["created_ms"], 1_000);
    let second = charge(&mut payments, &body(8, 1), None);
    assert_eq!(value(&second)["charge"], "ch_000002");
}

#[test]
fn where_keys_are_not_kept_they_are_ignored() {
    let mut payments = opened(&json!({ "keys": "none" }));
    for _ in 0..2 {
        let answer = charge(&mut payments, &body(1, 5), Some("k"));
        assert_eq!((answer.status, answer.replayed), (201, false));
    }
    let malformed = payments.begin(ACCOUNT, &body(1, 5), Err("malformed"));
    assert!(matches!(malformed, Begun::Working(_)));
    assert_eq!(charges(&payments), 2);
    let kept = payments.audit("account=x1-2").unwrap();
    assert!(kept.iter().all(|charge| charge.key.is_none()));
}

#[test]
fn a_retry_with_its_key_gets_the_same_answer_and_no_second_charge() {
    let mut payments = with_keys();
    let first = charge(&mut payments, &body(1, 5), Some("k"));
    // White space and the order of fields make no other request.
    let again = br#" {"amount": 5, "customer": "k0", "order": "x1-2-1"} "#;
    let second = charge(&mut payments, again, Some("k"));
    assert!(second.replayed && !first.replayed);
    assert_eq!(second, first.clone().again());
    assert_eq!(charges(&payments), 1);
    // Another key, or none: another charge.
    assert_eq!(charge(&mut payments, &body(1, 5), Some("l")).status, 201);
    assert_eq!(charge(&mut payments, &body(1, 5), None).status, 201);
    assert_eq!(charges(&payments), 3);
}

#[test]
fn a_key_with_another_body_is_refused() {
    let mut payments = with_keys();
    let first = begun(&mut payments, &body(1, 5), Some("k"));
    // While the first is being worked on, and after it.
    assert_eq!(answered(&mut payments, &body(1, 6), Some("k")).status, 422);
    payments.finish(first, 0);
    for other in [
        body(1, 6),
        body(2, 5),
        br#"{"order":"x1-2-1","customer":"k1","amount":5}"#.to_vec(),
        br#"{"order":"x1-2-1","customer":"k0","amount":5,"checksum":"00000001"}"#.to_vec(),
    ] {
        let answer = answered(&mut payments, &other, Some("k"));
        assert_eq!((answer.status, answer.kind), (422, Kind::Problem));
    }
    assert_eq!(charges(&payments), 1);
}

#[test]
fn of_two_at_once_with_one_key_one_runs() {
    let mut payments = with_keys();
    let first = begun(&mut payments, &body(1, 5), Some("k"));
    let twin = answered(&mut payments, &body(1, 5), Some("k"));
    assert_eq!((twin.status, twin.retry_after_s), (409, Some(1)));
    assert_eq!(state(&payments, "working"), 1);
    assert_eq!(charges(&payments), 0);
    let answer = payments.finish(first, 0);
    assert_eq!(answer.status, 201);
    assert_eq!(
        charge(&mut payments, &body(1, 5), Some("k")),
        answer.again()
    );
    assert_eq!(
        (charges(&payments), state(&payments, "working")),
        (1, json!(0))
    );
}

#[test]
fn a_malformed_key_or_body_takes_nothing() {
    let mut payments = with_keys();
    for (body, key) in [
        (body(1, 5), Err("malformed")),
        (b"{".to_vec(), Ok(Some("k".to_string()))),
    ] {
        match payments.begin(ACCOUNT, &body, key) {
            Begun::Answered(answer) => assert_eq!(answer.status, 400),
            Begun::Working(work) => panic!("{work:?}"),
        }
    }
    assert_eq!(
        (charges(&payments), state(&payments, "keys")),
        (0, json!(0))
    );
    assert_eq!(charge(&mut payments, &body(1, 5), Some("k")).status, 201);
}

#[test]
fn a_declined_charge_is_an_answer_that_is_kept() {
    let mut payments = opened(&json!({ "keys": "store", "refuse": ["k0"] }));
    let first = charge(&mut payments, &body(1, 5), Some("k"));
    assert_eq!(first.status, 402);
    assert_eq!(charge(&mut payments, &body(1, 5), Some("k")), first.again());
    assert_eq!(charges(&payments), 0);
    let other = br#"{"order":"x1-2-1","customer":"k1","amount":5}"#;
    assert_eq!(charge(&mut payments, other, Some("l")).status, 201);
}

#[test]
fn scripted_answers_say_nothing_of_what_was_done() {
    let mut payments = with_keys();
    let script = json!([
        { "nth": 1, "do": "fail", "status": 503 },
        { "nth": 2, "do": "fail-after-apply", "status": 500 },
        { "nth": 4, "do": "slow", "ms": 250 },
        { "nth": 5, "do": "fail-after-apply", "status": 502 },
    ]);
    let put = payments.script(ACCOUNT, script.to_string().as_bytes());
    assert_eq!(put.status, 200);
    assert_eq!(charge(&mut payments, &body(1, 5), Some("k")).status, 503);
    // Nothing was done, nothing is kept: the same key works.
    assert_eq!(
        (charges(&payments), state(&payments, "keys")),
        (0, json!(0))
    );
    assert_eq!(charge(&mut payments, &body(1, 5), Some("k")).status, 500);
    assert_eq!(charges(&payments), 1);
    let third = charge(&mut payments, &body(1, 5), Some("k"));
    assert_eq!((third.status, third.replayed), (201, true));
    assert_eq!(begun(&mut payments, &body(2, 5), None).takes_ms(), 250);
    // The answer to a retry may be lost as well.
    assert_eq!(charge(&mut payments, &body(1, 5), Some("k")).status, 502);
    assert_eq!(charge(&mut payments, &body(1, 5), Some("k")).status, 201);
    assert_eq!(charges(&payments), 1);
    assert_eq!(payments.script(ACCOUNT, b"[7]").status, 400);
    assert_eq!(payments.script("other", b"[]").status, 404);
}

#[test]
fn pages_go_through_all_charges_once() {
    let mut payments = opened(&json!({}));
    for order in 0..25 {
        charge(&mut payments, &body(order, 1), None);
    }
    let (mut query, mut seen) = ("limit=10".to_string(), Vec::new());
    for pages in 1.. {
        let page = value(&payments.list(ACCOUNT, &query));
        let charges = page["charges"].as_array().unwrap();
        seen.extend(
            charges
                .iter()
                .map(|c| c["order"].as_str().unwrap().to_string()),
        );
        let Some(next) = page["next"].as_str() else {
            assert_eq!(pages, 3);
            break;
        };
        query = next.split_once('?').unwrap().1.to_string();
    }
    let all: Vec<_> = (0..25).map(|order| format!("x1-2-{order}")).collect();
    assert_eq!(seen, all);
    // A page that ends where the charges end is the last one.
    assert!(value(&payments.list(ACCOUNT, "limit=25"))["next"].is_null());
    assert_eq!(
        value(&payments.list(ACCOUNT, "after=ch_000999"))["charges"],
        json!([])
    );
    for wrong in ["limit=0", "limit=x", "limit=-1", "after=7", "after="] {
        assert_eq!(payments.list(ACCOUNT, wrong).status, 400, "{wrong}");
    }
}

#[test]
fn what_is_not_there_is_404() {
    let mut payments = with_keys();
    charge(&mut payments, &body(1, 1), None);
    for name in ["ch_000002", "ch_000000", "ch_1", "x", ""] {
        assert_eq!(payments.get(ACCOUNT, name).status, 404, "{name}");
    }
    assert_eq!(payments.get("other", "ch_000001").status, 404);
    assert_eq!(payments.list("other", "").status, 404);
    assert_eq!(payments.state("other").status, 404);
    assert_eq!(payments.close("other").status, 404);
    assert_eq!(payments.audit("account=other").unwrap_err().status, 404);
    assert_eq!(payments.audit("").unwrap_err().status, 400);
    let begun = payments.begin("other", &body(1, 1), Ok(None));
    assert!(matches!(begun, Begun::Answered(answer) if answer.status == 404));
}

#[test]
fn accounts_are_opened_once_and_dropped_with_all_they_have() {
    let mut payments = with_keys();
    charge(&mut payments, &body(1, 5), Some("k"));
    assert_eq!(payments.open(ACCOUNT, br#"{"keys":"store"}"#).status, 200);
    assert_eq!(charges(&payments), 1);
    assert_eq!(payments.open(ACCOUNT, br#"{"keys":"none"}"#).status, 409);
    for wrong in ["", "[]", r#"{"keys":"some"}"#, r#"{"more":1}"#] {
        assert_eq!(payments.open("y", wrong.as_bytes()).status, 400, "{wrong}");
    }
    let work = begun(&mut payments, &body(2, 5), Some("l"));
    assert_eq!(payments.close(ACCOUNT).status, 200);
    assert_eq!(payments.open(ACCOUNT, br#"{"keys":"none"}"#).status, 201);
    // What was begun for the one that is gone is not done to its successor.
    assert_eq!(payments.finish(work, 0).status, 404);
    assert_eq!(
        (charges(&payments), state(&payments, "working")),
        (0, json!(0))
    );
}

#[test]
fn accounts_and_charges_are_bounded() {
    let mut payments = with_keys();
    for n in 1..ACCOUNTS_MAX {
        assert_eq!(payments.open(&format!("y{n}"), b"{}").status, 201);
    }
    assert_eq!(payments.open("one-more", b"{}").status, 503);
    payments.close("y1");
    assert_eq!(payments.open("one-more", b"{}").status, 201);

    let one = body(1, 1);
    for _ in 0..CHARGES_MAX - 1 {
        charge(&mut payments, &one, None);
    }
    charge(&mut payments, &one, Some("k"));
    let full = answered(&mut payments, &one, None);
    assert_eq!(full.status, 503);
    assert!(value(&full)["detail"].as_str().unwrap().contains("100000"));
    // What has a key is still answered.
    assert_eq!(charge(&mut payments, &one, Some("k")).status, 201);
    assert_eq!(charges(&payments), CHARGES_MAX);
}

#[test]
fn charges_that_are_being_made_count_as_well() {
    let mut payments = opened(&json!({}));
    let one = body(1, 1);
    for _ in 0..CHARGES_MAX - 1 {
        charge(&mut payments, &one, None);
    }
    let last = begun(&mut payments, &one, None);
    assert_eq!(answered(&mut payments, &one, None).status, 503);
    assert_eq!(payments.finish(last, 0).status, 201);
    assert_eq!(charges(&payments), CHARGES_MAX);
}

#[test]
fn problems_say_their_status_in_words() {
    let problem = value(&Answer::problem(422, "why"));
    let expected = json!({
        "type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": "why",
    });
    assert_eq!(problem, expected);
}
