use super::*;

fn id(sequence: u32) -> MessageId {
    MessageId::new(1, 2, sequence).unwrap()
}

#[test]
fn effects_are_read_line_by_line() {
    let text = format!(
        "{{\"id\":\"{}\",\"key\":\"k1\",\"seq\":4,\"checksum\":\"0000beef\",\"position\":9,\"more\":1}}\n\n\
         {{\"id\":{}}}\n{{\"id\":\"x",
        id(3).to_text(),
        id(4).to_i64(),
    );
    let seen = effects(text.as_bytes()).unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!((seen[0].id, seen[1].id), (id(3), id(4)));
    assert_eq!(seen[0].key.as_deref(), Some("k1"));
    assert_eq!((seen[0].key_seq, seen[0].checksum), (Some(4), Some(0xbeef)));
    assert_eq!((seen[0].position, seen[1].key_seq), (Some(9), None));
    // A last line without its end is whole when it reads as one.
    let whole = format!("{{\"id\":\"{}\"}}", id(5).to_text());
    assert_eq!(effects(whole.as_bytes()).unwrap().len(), 1);
    assert!(effects(b"").unwrap().is_empty());
}

#[test]
fn what_is_no_effect_is_named_with_its_line() {
    for (text, part) in [
        ("{\"id\":\"x1-2-3\"}\nnonsense\n", "line 2: "),
        ("{\"key\":\"k\"}\n", "line 1: missing field `id`"),
        (
            "{\"id\":\"o'brien\"}\n",
            "line 1: \"o'brien\" is no message id",
        ),
        (
            "{\"id\":\"x1-2-3\",\"checksum\":\"zz\"}\n",
            "line 1: the checksum",
        ),
    ] {
        let why = effects(text.as_bytes()).unwrap_err();
        assert!(why.contains(part), "{why}");
    }
    assert!(effects(b"\xff\n").unwrap_err().contains("UTF-8"));
}

#[test]
fn silence_and_success_mean_that_all_were_sent() {
    let messages = [0, 1].map(|seq| Outgoing {
        id: id(seq),
        key: "k".into(),
        payload: String::new(),
        fields: Vec::new(),
    });
    let ran = |output: &str, succeeded| Ran {
        output: output.into(),
        succeeded,
        how: "ended with exit status: 1".into(),
    };
    let of = |output: &str, succeeded| {
        let fed = outcomes(&ran(output, succeeded), &messages).unwrap();
        fed.iter().map(|fed| fed.outcome).collect::<Vec<_>>()
    };
    assert_eq!(of("", true), [Outcome::Ok; 2]);
    assert_eq!(of("", false), [Outcome::Unknown; 2]);
    let one = format!("{{\"id\":\"{}\",\"outcome\":\"ok\"}}\n", id(1).to_text());
    // What is not answered for is not known, whatever the exit code.
    assert_eq!(of(&one, true), [Outcome::Unknown, Outcome::Ok]);
    let failed = one.replace("ok", "fail");
    assert_eq!(of(&failed, false), [Outcome::Unknown, Outcome::Fail]);
    for wrong in [
        "nonsense\n".to_string(),
        one.replace("1-2-1", "1-2-7"),
        one.replace("ok", "yes"),
    ] {
        assert!(outcomes(&ran(&wrong, true), &messages).is_err(), "{wrong}");
    }
}
