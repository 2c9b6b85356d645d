//! What is on the wire, request by request and through the decoder.

use super::*;
use bytes::BytesMut;
use exactly_adapter::{Addresses, Decoder, Direction, Head, Unit};
use exactly_http1::HttpDecoder;
use proptest::prelude::*;

const NAMES: TrialNames = TrialNames { run: 7, trial: 12 };

struct NoAddresses;

impl Addresses for NoAddresses {
    fn boundary_for(&self, host: &str, port: u16) -> std::io::Result<(String, u16)> {
        panic!("{host}:{port}: HTTP names no addresses");
    }
}

fn labeller() -> HttpLabeller {
    HttpLabeller::new(NAMES, "x7-12")
}

fn request(text: &str) -> Request {
    Request::parse(text.as_bytes()).unwrap().unwrap()
}

fn post(path: &str, headers: &str, body: &[u8]) -> Request {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    Request::parse(&[head.as_bytes(), body].concat())
        .unwrap()
        .unwrap()
}

fn response(text: &str) -> Response {
    Response::parse(text.as_bytes()).unwrap().unwrap()
}

fn label(request: &Request) -> Labelled {
    labeller().request(request).unwrap()
}

fn sequences(ids: &[MessageId]) -> Vec<u32> {
    ids.iter().map(|id| id.sequence()).collect()
}

#[test]
fn a_charge_is_labelled_by_its_method_template_and_order() {
    let body = br#"{"order":"x7-12-3","customer":"k0","amount":5}"#;
    let labelled = label(&post(
        "/x7-12/charges",
        "Idempotency-Key: x7-12-9\r\n",
        body,
    ));
    assert_eq!(
        (labelled.operation.as_str(), labelled.target.as_str()),
        ("POST", "/charges")
    );
    assert_eq!(labelled.class, Class::Effect);
    // The body has one: the key is not asked.
    assert_eq!(sequences(&labelled.ids), [3]);
}

#[test]
fn ids_come_from_path_headers_and_body_and_else_from_the_key() {
    let ids = |path: &str, headers: &str, body: &str| {
        sequences(&label(&post(path, headers, body.as_bytes())).ids)
    };
    assert_eq!(
        ids("/o/x7-12-1?of=x7-12-2", "X-Order: x7-12-3\r\n", "x7-12-4"),
        [1, 2, 3, 4]
    );
    assert_eq!(ids("/o", "idempotency-key: \"x7-12-5\"\r\n", "{}"), [5]);
    assert_eq!(ids("/o", "X-Id: x7-13-5\r\n", "x8-12-1"), [0_u32; 0]);
    // What names the service is no message, whoever replaces it.
    let hosted = request("GET /o HTTP/1.1\r\nHost: x7-12-3.test\r\n\r\n");
    assert_eq!(sequences(&label(&hosted).ids), [0_u32; 0]);
    // Compressed bytes are no text, even where they look like one.
    assert_eq!(
        ids("/o", "Content-Encoding: gzip\r\n", "x7-12-4"),
        [0_u32; 0]
    );
    assert_eq!(ids("/o", "Content-Encoding: identity\r\n", "x7-12-4"), [4]);
}

#[test]
fn methods_have_their_class() {
    for (method, class) in [
        ("POST", Class::Effect),
        ("PUT", Class::Effect),
        ("PATCH", Class::Effect),
        ("DELETE", Class::Effect),
        ("GET", Class::Read),
        ("HEAD", Class::Read),
        ("OPTIONS", Class::Read),
        // Methods have a case (RFC 9110 9.1), and any other may do anything.
        ("get", Class::Effect),
        ("MERGE", Class::Effect),
    ] {
        let text = format!("{method} /x7-12/charges HTTP/1.1\r\nHost: h\r\n\r\n");
        let labelled = label(&request(&text));
        assert_eq!(labelled.class, class, "{method}");
        assert_eq!(labelled.operation, method);
    }
}

#[test]
fn responses_are_judged_by_the_table() {
    let labelled = Labelled::new("POST", "/charges", Class::Effect);
    let say = |text: &str| labeller().response(&labelled, &response(text));
    let created = say("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((created.outcome, created.error), (Outcome::Ok, None));
    let problem = r#"{"type":"about:blank","title":"T","detail":"why\u0007 not"}"#;
    let refused = say(&format!(
        "HTTP/1.1 422 X\r\nContent-Length: {}\r\n\r\n{problem}",
        problem.len()
    ));
    assert_eq!(refused.outcome, Outcome::Fail);
    assert_eq!(refused.error.as_deref(), Some("status 422: why not"));
    let failed = say("HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\noops");
    assert_eq!(failed.outcome, Outcome::Unknown);
    assert!(
        failed
            .error
            .unwrap()
            .starts_with("status 500: RFC 9110 15.6")
    );
    assert!(!created.fenced && !failed.fenced);
}

#[test]
fn a_kept_answer_names_the_message_it_was_kept_for() {
    let labelled = Labelled::new("POST", "/charges", Class::Effect);
    let body = r#"{"charge":"ch_000001","order":"x7-12-4","amount":5}"#;
    for (marker, kept) in [("Idempotent-Replayed: true\r\n", vec![4]), ("", vec![])] {
        let text = format!(
            "HTTP/1.1 201 Created\r\n{marker}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let said = labeller().response(&labelled, &response(&text));
        assert_eq!(sequences(&said.duplicate_of), kept);
        assert_eq!(said.outcome, Outcome::Ok);
    }
}

#[test]
fn errors_are_legal_ones_and_go_by_the_message() {
    let mut labeller = labeller();
    let mut error = |method: &str, sequence, when| {
        let id = MessageId::new(7, 12, sequence).unwrap();
        let labelled = Labelled {
            ids: vec![id],
            ..Labelled::new(method, "/charges", Class::Effect)
        };
        labeller.error(&labelled, when)
    };
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let mut statuses = |when| {
            let refusals = (0..6).map(|sequence| error(method, sequence, when).unwrap());
            refusals.map(|refusal| refusal.status).collect::<Vec<_>>()
        };
        assert_eq!(statuses(Phase::Before), [503, 429, 503, 429, 503, 429]);
        assert_eq!(statuses(Phase::After), [500, 502, 504, 500, 502, 504]);
    }
    for method in ["GET", "HEAD", "OPTIONS", "MERGE"] {
        assert_eq!(error(method, 0, Phase::Before), None);
        assert_eq!(error(method, 0, Phase::After), None);
    }
    let refusal = error("POST", 0, Phase::Before).unwrap();
    assert!(
        refusal
            .headers
            .contains(&("Retry-After".into(), "0".into()))
    );
    assert_eq!(refusal.error, "status 503: Service Unavailable");
}

fn units(decoder: &mut dyn Decoder, dir: Direction, bytes: &[u8], cut: usize) -> Vec<Unit> {
    let mut buf = BytesMut::new();
    let mut units = Vec::new();
    for piece in bytes.chunks(cut.max(1)) {
        buf.extend_from_slice(piece);
        while let Some(unit) = decoder.next(dir, &mut buf, &NoAddresses).unwrap() {
            units.push(unit);
        }
    }
    assert!(buf.is_empty());
    units
}

#[test]
fn through_the_decoder_however_the_bytes_are_cut() {
    let body = r#"{"order":"x7-12-3","customer":"k0","amount":5}"#;
    let one = format!(
        "POST /x7-12/charges HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let two = "GET /x7-12/charges/ch_000001 HTTP/1.1\r\nHost: h\r\n\r\n";
    let answers = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}\
                   HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let requests = format!("{one}{two}");
    for cut in [1, 7, requests.len()] {
        let mut decoder = HttpDecoder::new(labeller());
        let opened = units(&mut decoder, Direction::ToSystem, requests.as_bytes(), cut);
        let heads: Vec<&Head> = opened
            .iter()
            .filter_map(|unit| unit.opens.as_ref())
            .collect();
        let labels: Vec<_> = heads
            .iter()
            .map(|h| (h.operation.as_str(), h.target.as_str()))
            .collect();
        assert_eq!(labels, [("POST", "/charges"), ("GET", "/charges/{id}")]);
        assert_eq!(sequences(&heads[0].ids), [3]);
        let closed = units(&mut decoder, Direction::ToClient, answers.as_bytes(), cut);
        let replies: Vec<_> = closed
            .iter()
            .filter_map(|unit| unit.closes.as_ref())
            .collect();
        assert_eq!(replies[0].outcome, Outcome::Ok);
        assert_eq!(replies[1].outcome, Outcome::Fail);
        assert_eq!(
            (replies[0].key, replies[1].key),
            (heads[0].key, heads[1].key)
        );
    }
}

#[test]
fn an_error_stands_in_the_place_of_the_answer() {
    let body = "x7-12-1";
    let text =
        format!("POST /x7-12/charges HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n{body}");
    let mut decoder = HttpDecoder::new(labeller());
    let opened = units(&mut decoder, Direction::ToSystem, text.as_bytes(), 4096);
    let key = opened[0].opens.as_ref().unwrap().key;
    let reply = decoder.error_reply(key, Phase::Before).unwrap();
    assert!(
        reply
            .bytes
            .starts_with(b"HTTP/1.1 429 Too Many Requests\r\n")
    );
    assert_eq!(decoder.awaited(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever stands in a body, a path or a header, labels are made in bounds.
    #[test]
    fn hostile_requests_get_bounded_labels(
        path in "/[!-~]{0,300}",
        value in "[ -~]{0,200}",
        body in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let header = format!("X-Any: {value}\r\n");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\n{header}Content-Length: {}\r\n\r\n",
            body.len()
        );
        if let Ok(Some(request)) = Request::parse(&[head.as_bytes(), &body].concat()) {
            let labelled = label(&request);
            prop_assert!(labelled.target.len() <= request.target.len() + 64);
            prop_assert!(labelled.ids.iter().all(|id| (id.run(), id.trial()) == (7, 12)));
            prop_assert!(labelled.ids.is_sorted());
        }
    }

    #[test]
    fn hostile_answers_are_judged(
        status in 200_u16..1_000,
        body in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", body.len());
        if let Ok(Some(response)) = Response::parse(&[head.as_bytes(), &body].concat()) {
            let labelled = Labelled::new("POST", "/charges", Class::Effect);
            let said = labeller().response(&labelled, &response);
            prop_assert_eq!(said.outcome, judge_status(status).outcome);
            prop_assert!(said.error.unwrap_or_default().chars().count() <= WORDS_MAX + 16);
        }
    }
}

#[test]
fn hostile_bodies_take_bounded_room() {
    let many: String = (0..20_000).map(|n| format!("\"x7-12-{n}\",")).collect();
    assert_eq!(label(&post("/o", "", many.as_bytes())).ids.len(), 4096);
    let deep = "[".repeat(100_000);
    assert!(label(&post("/o", "", deep.as_bytes())).ids.is_empty());
    let text = format!(
        "HTTP/1.1 500 X\r\nContent-Length: {}\r\n\r\n{deep}",
        deep.len()
    );
    let labelled = Labelled::new("POST", "/o", Class::Effect);
    let said = labeller().response(&labelled, &response(&text));
    assert_eq!(said.outcome, Outcome::Unknown);
    let long = format!(r#"{{"detail":"{}"}}"#, "é".repeat(10_000));
    let text = format!(
        "HTTP/1.1 400 X\r\nContent-Length: {}\r\n\r\n{long}",
        long.len()
    );
    let said = labeller().response(&labelled, &response(&text));
    assert_eq!(
        said.error.unwrap().chars().count(),
        "status 400: ".len() + WORDS_MAX
    );
}
