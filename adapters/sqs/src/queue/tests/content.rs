//! What a message may carry.

use super::scene::*;
use crate::queue::*;

fn attribute(data_type: &str, text: Option<&str>, bytes: Option<&[u8]>) -> AttributeInput {
    AttributeInput {
        data_type: Some(data_type.into()),
        string_value: text.map(String::from),
        binary_value: bytes.map(Vec::from),
    }
}

fn with(name: &str, input: AttributeInput) -> SendEntry {
    let mut message = entry("", "", "a");
    message.message_attributes.insert(name.into(), input);
    message
}

#[test]
fn bodies_are_text_of_1_byte_to_1_mib() {
    let mut scene = Scene::standard(&[]);
    let most = MESSAGE_BYTES_MAX as usize;
    scene.post(&"x".repeat(most));
    let refusal = scene
        .try_send("q", entry("", "", &"x".repeat(most + 1)))
        .expect_err("too long");
    assert_eq!(refusal.code, Code::InvalidParameterValue);
    assert_eq!(
        refusal.message,
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
    );
    let refusal = scene.try_send("q", entry("", "", "")).expect_err("empty");
    assert_eq!(refusal.code, Code::MissingParameter);
    for body in ["\u{0}", "a\u{8}", "\u{fffe}", "\u{ffff}"] {
        let refusal = scene
            .try_send("q", entry("", "", body))
            .expect_err("not carried");
        assert_eq!(refusal.code, Code::InvalidMessageContents, "{body:?}");
    }
    scene.post("\t\r\n\u{fffd}\u{10ffff}");
}

#[test]
fn attributes_count_for_the_length() {
    let mut scene = Scene::standard(&[("MaximumMessageSize", "1024")]);
    let fits = |length: usize| {
        let mut message = with("name", attribute("String", Some("value"), None));
        message.message_body = Some("x".repeat(length));
        message
    };
    let others = "name".len() + "String".len() + "value".len();
    scene.try_send("q", fits(1_024 - others)).expect("fits");
    let refusal = scene
        .try_send("q", fits(1_025 - others))
        .expect_err("too long");
    assert_eq!(refusal.code, Code::InvalidParameterValue);
    assert!(refusal.message.contains("1024"));
}

#[test]
fn attributes_that_are_none_are_refused() {
    let mut scene = Scene::standard(&[]);
    let text = |name: &str| with(name, attribute("String", Some("v"), None));
    let long = "n".repeat(257);
    let mut many = entry("", "", "a");
    for number in 0..11 {
        let input = attribute("String", Some("v"), None);
        many.message_attributes.insert(format!("n{number}"), input);
    }
    let mut system = entry("", "", "a");
    let trace = attribute("String", Some("v"), None);
    system
        .message_system_attributes
        .insert("Other".into(), trace);
    let table = [
        text(""),
        text(".n"),
        text("n."),
        text("n..m"),
        text("AWS.n"),
        text("amazon.n"),
        text("n m"),
        text(&long),
        with("n", attribute("Text", Some("v"), None)),
        with("n", attribute("", Some("v"), None)),
        with("n", attribute("String", Some(""), None)),
        with("n", attribute("String", None, Some(b"v"))),
        with("n", attribute("Number", Some("x"), None)),
        with("n", attribute("Binary", None, Some(b""))),
        many,
        system,
    ];
    for message in table {
        let refusal = scene.try_send("q", message.clone()).expect_err("refused");
        assert_eq!(refusal.code, Code::InvalidParameterValue, "{message:?}");
    }
    for (data_type, text, bytes) in [
        ("String.label", Some("v"), None),
        ("Number.int", Some("-1.5e3"), None),
        ("Binary.png", None, Some(&b"\x00\xff"[..])),
    ] {
        let message = with("n", attribute(data_type, text, bytes));
        scene.try_send("q", message).expect(data_type);
    }
}

#[test]
fn the_trace_header_is_kept_and_has_a_digest_of_its_own() {
    let mut scene = Scene::standard(&[]);
    let mut message = entry("", "", "a");
    let trace = attribute("String", Some("Root=1"), None);
    message
        .message_system_attributes
        .insert("AWSTraceHeader".into(), trace);
    let sent = scene.try_send("q", message).expect("sent");
    assert!(sent.md5_of_system_attributes.is_some());
    assert_eq!(sent.md5_of_attributes, None);
    assert_eq!(scene.receive("q")[0].system["AWSTraceHeader"], "Root=1");
}

#[test]
fn what_a_queue_takes_in_is_bounded() {
    let limits = Limits {
        accepted_per_queue: 2,
        ..Limits::default()
    };
    let mut scene = Scene::with(limits);
    scene.create("q", &[]);
    scene.post("a");
    scene.post("b");
    let refusal = scene.try_send("q", entry("", "", "c")).expect_err("full");
    assert_eq!(refusal.code, Code::OverLimit);
    let limits = Limits {
        bytes_per_queue: 2,
        ..Limits::default()
    };
    let mut scene = Scene::with(limits);
    scene.create("q", &[]);
    scene.post("ab");
    let refusal = scene.try_send("q", entry("", "", "c")).expect_err("full");
    assert_eq!(refusal.code, Code::OverLimit);
}
