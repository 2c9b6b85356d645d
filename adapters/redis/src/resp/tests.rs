//! Every type, every limit, and bytes cut anywhere.

use super::*;
use proptest::prelude::*;

fn tokens(bytes: &[u8]) -> Vec<Token<'_>> {
    let (len, frame) = next_frame(bytes).unwrap().unwrap();
    assert_eq!(len, bytes.len());
    let mut reader = frame.reader();
    std::iter::from_fn(|| reader.token()).collect()
}

#[test]
fn every_type_is_read() {
    use Token::*;
    for (bytes, expect) in [
        (&b"+OK\r\n"[..], vec![Simple(b"OK")]),
        (b"-ERR no\r\n", vec![Error(b"ERR no")]),
        (b":-7\r\n", vec![Integer(-7)]),
        (b":+7\r\n", vec![Integer(7)]),
        (b"$0\r\n\r\n", vec![Bulk(b"")]),
        (b"$4\r\na\r\nb\r\n", vec![Bulk(b"a\r\nb")]),
        (b"$-1\r\n", vec![Null]),
        (b"*-1\r\n", vec![Null]),
        (b"_\r\n", vec![Null]),
        (b"*0\r\n", vec![Array(0)]),
        (b"#t\r\n", vec![Boolean(true)]),
        (b",-1.5e3\r\n", vec![Double(b"-1.5e3")]),
        (b",inf\r\n", vec![Double(b"inf")]),
        (
            b"(-12345678901234567890123\r\n",
            vec![BigNumber(b"-12345678901234567890123")],
        ),
        (b"!5\r\nERR x\r\n", vec![Error(b"ERR x")]),
        (b"=7\r\ntxt:abc\r\n", vec![Bulk(b"abc")]),
        (b"~1\r\n:1\r\n", vec![Set(1), Integer(1)]),
        (
            b"%1\r\n+a\r\n*1\r\n_\r\n",
            vec![Map(1), Simple(b"a"), Array(1), Null],
        ),
        (
            b">2\r\n+message\r\n+x\r\n",
            vec![Push(2), Simple(b"message"), Simple(b"x")],
        ),
        (
            b"|1\r\n+ttl\r\n:3\r\n|0\r\n*1\r\n|1\r\n+a\r\n+b\r\n:1\r\n",
            vec![
                Attribute(1),
                Simple(b"ttl"),
                Integer(3),
                Attribute(0),
                Array(1),
                Attribute(1),
                Simple(b"a"),
                Simple(b"b"),
                Integer(1),
            ],
        ),
        (
            b"|1\r\n+a\r\n+b\r\n>1\r\n+x\r\n",
            vec![
                Attribute(1),
                Simple(b"a"),
                Simple(b"b"),
                Push(1),
                Simple(b"x"),
            ],
        ),
    ] {
        assert_eq!(tokens(bytes), expect, "{}", bytes.escape_ascii());
        for end in 0..bytes.len() {
            assert_eq!(
                next_frame(&bytes[..end]),
                Ok(None),
                "{}",
                bytes.escape_ascii()
            );
        }
    }
}

#[test]
fn attributes_are_passed_over() {
    let bytes = b"|1\r\n+a\r\n*2\r\n:1\r\n:2\r\n*1\r\n|1\r\n+a\r\n+b\r\n$1\r\nx\r\n";
    let (_, frame) = next_frame(bytes).unwrap().unwrap();
    let mut reader = frame.past_attributes();
    assert_eq!(reader.array(), Some(1));
    assert_eq!(reader.text(), Some(&b"x"[..]));
    assert_eq!(reader.value(), None);
}

#[test]
fn hostile_frames_are_errors() {
    let nested = b"*1\r\n".repeat(1_000_000);
    let mut line = vec![b'+'];
    line.resize(LINE_MAX + 10, b'a');
    for (bytes, what) in [
        (&b"*2147483647\r\n"[..], "values"),
        (b"%9223372036854775807\r\n", "values"),
        (b"*99999999999999999999\r\n", "number"),
        (b"$9999999999\r\n", "bytes"),
        (b"=9999999999\r\n", "bytes"),
        (b"$-2\r\n", "-2"),
        (b"~-1\r\n", "-1"),
        (b"!-1\r\n", "-1"),
        (b">0\r\n", "none of its type"),
        (b"=3\r\ntxt\r\n", "none of its type"),
        (b"*1\r\n>1\r\n", "within another"),
        (b"$?\r\n", "streamed"),
        (b"*?\r\n", "streamed"),
        (b";4\r\n", "streamed"),
        (b"$1\r\nabc", "CR LF"),
        (b"+a\nb\r\n", "CR LF"),
        (b"+a\rb\r\n", "CR LF"),
        (b":\r\n", "number"),
        (b":1x\r\n", "number"),
        (b"#x\r\n", "none of its type"),
        (b",x\r\n", "none of its type"),
        (b"(1.5\r\n", "none of its type"),
        (b"_x\r\n", "none of its type"),
        (b"HTTP/1.1 400", "begins no value"),
        (&nested, "nested"),
        (&line, "line"),
    ] {
        let mut frames = Frames::default();
        let error = frames.next(bytes).unwrap_err().to_string();
        assert!(error.contains(what), "{what}: {error}");
        assert!(frames.reserved() <= 2 * NESTING_MAX);
    }
}

#[test]
fn values_are_counted_over_all_levels() {
    let mut bytes = format!("*{ELEMENTS_MAX}\r\n").into_bytes();
    bytes.extend(b"_\r\n".repeat(ELEMENTS_MAX));
    assert_eq!(
        next_frame(&bytes),
        Err(RespError::Elements(ELEMENTS_MAX as u64 + 1))
    );
}

#[test]
fn requests_are_read() {
    for (bytes, expect) in [
        (
            &b"*2\r\n$3\r\nGET\r\n$2\r\n\r\n\r\n"[..],
            vec![&b"GET"[..], b"\r\n"],
        ),
        (b"*0\r\n", vec![]),
        (b"*-1\r\n", vec![]),
        (b"\r\n", vec![]),
        (b"PING\r\n", vec![b"PING"]),
        (b"  set\ta  b \n", vec![b"set", b"a", b"b"]),
        (
            b"SET k \"a \\x41\\n\\\"\" 'it\\'s'\r\n",
            vec![b"SET", b"k", b"a A\n\"", b"it's"],
        ),
        (b"SET k \"\"\r\n", vec![b"SET", b"k", b""]),
    ] {
        let request = next_request(bytes).unwrap().unwrap();
        assert_eq!(request.len, bytes.len());
        let args: Vec<_> = (0..request.args())
            .filter_map(|n| request.arg(bytes, n))
            .collect();
        assert_eq!(args, expect);
        let taken = bytes::Bytes::copy_from_slice(bytes);
        assert_eq!(request.clone().into_args(&taken), expect);
        for end in 0..bytes.len() {
            assert_eq!(next_request(&bytes[..end]), Ok(None));
        }
    }
}

#[test]
fn hostile_requests_are_errors() {
    let line = vec![b'a'; LINE_MAX];
    for (bytes, error) in [
        (&b"*2147483647\r\n"[..], RespError::Elements(2_147_483_647)),
        (b"*1\r\n$9999999999\r\n", RespError::Size(9_999_999_999)),
        (
            b"*1\r\n$-1\r\n",
            RespError::Negative {
                kind: '$',
                length: -1,
            },
        ),
        (b"*1\r\n*1\r\n", RespError::Argument(b'*')),
        (b"*1\r\n:1\r\n", RespError::Argument(b':')),
        (b"*1\r\n$1\r\nab\r\n", RespError::Ending),
        (b"*?\r\n", RespError::Streamed('*')),
        (b"*1\n", RespError::Ending),
        (b"\x16\x03\x01", RespError::Tls),
        (b"GET / HTTP/1.1\r\n", RespError::Http),
        (b"post / x\r\n", RespError::Http),
        (b"Host: a\r\n", RespError::Http),
        (b"a\0b", RespError::Type(0)),
        (b"SET \"a\r\n", RespError::Quotes),
        (b"SET \"a\"b\r\n", RespError::Quotes),
        (&line, RespError::Line),
    ] {
        assert_eq!(next_request(bytes), Err(error), "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_bulk_in_many_reads_is_looked_at_once() {
    // Were each read to begin at the front, this would look at half a terabyte.
    let mut wire = b"*2\r\n".to_vec();
    for _ in 0..2 {
        wire.extend(format!("${}\r\n", 4 << 20).bytes());
        wire.extend(vec![b'\r'; 4 << 20]);
        wire.extend(b"\r\n");
    }
    let (mut requests, mut frames) = (Requests::default(), Frames::default());
    for end in (0..wire.len()).step_by(64) {
        assert_eq!(requests.next(&wire[..end]), Ok(None));
        assert_eq!(frames.next(&wire[..end]), Ok(None));
    }
    assert_eq!(requests.next(&wire).unwrap().unwrap().args(), 2);
    assert_eq!(
        frames.next(&wire).unwrap().unwrap().bytes().len(),
        wire.len()
    );
}

/// Any value, at most a few levels deep.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let string = |kind: char| {
        prop::collection::vec(any::<u8>(), 4..40).prop_map(move |text| {
            let mut bytes = format!("{kind}{}\r\n", text.len()).into_bytes();
            bytes.extend(text);
            bytes.extend(b"\r\n");
            bytes
        })
    };
    let leaf = prop_oneof![
        "\\+[ -~]{0,20}\r\n".prop_map(String::into_bytes),
        "-[A-Z]{1,9} [ -~]{0,20}\r\n".prop_map(String::into_bytes),
        any::<i64>().prop_map(|n| format!(":{n}\r\n").into_bytes()),
        any::<f64>().prop_map(|n| format!(",{n}\r\n").into_bytes()),
        string('$'),
        string('='),
        string('!'),
        Just(b"$-1\r\n".to_vec()),
        Just(b"_\r\n".to_vec()),
        Just(b"#f\r\n".to_vec()),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        let kind = prop::sample::select(vec!['*', '~', '%', '|']);
        (kind, prop::collection::vec(inner.clone(), 0..6), inner).prop_map(
            |(kind, mut values, said_of)| {
                if matches!(kind, '%' | '|') && values.len() % 2 == 1 {
                    values.pop();
                }
                let half = if matches!(kind, '%' | '|') { 2 } else { 1 };
                let mut bytes = format!("{kind}{}\r\n", values.len() / half).into_bytes();
                bytes.extend(values.concat());
                if kind == '|' {
                    bytes.extend(said_of);
                }
                bytes
            },
        )
    })
}

proptest! {
    #[test]
    fn frames_end_where_they_end_however_they_are_cut(
        values in prop::collection::vec(value(), 1..6),
        cuts in prop::collection::vec(1_usize..30, 1..40),
    ) {
        let wire = values.concat();
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        let (mut taken, mut end) = (0, 0);
        let mut cuts = cuts.into_iter().cycle();
        while end < wire.len() {
            end = wire.len().min(end + cuts.next().unwrap());
            while let Some(frame) = frames.next(&wire[taken..end]).unwrap() {
                taken += frame.bytes().len();
                let mut reader = frame.past_attributes();
                reader.skip(1);
                prop_assert_eq!(reader.token(), None);
                found.push(frame.bytes().to_vec());
            }
        }
        prop_assert_eq!(found, values);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), first in "[*$+:%|>=~#,_(!-]?") {
        let bytes = [first.as_bytes(), &bytes].concat();
        if let Ok(Some((len, frame))) = next_frame(&bytes) {
            prop_assert!(len <= bytes.len());
            let mut reader = frame.reader();
            while reader.token().is_some() {}
        }
        if let Ok(Some(request)) = next_request(&bytes) {
            prop_assert!(request.len <= bytes.len());
            prop_assert!((0..request.args()).all(|n| request.arg(&bytes, n).is_some()));
        }
    }
}
