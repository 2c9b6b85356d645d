//! Requests and responses, paired.

use super::toy::{GET, OK, closed, drive};
use exactly_adapter::Decoder;
use exactly_model::{Class, Outcome};

#[test]
fn an_exchange_opens_and_closes() {
    let mut drive = drive();
    let post = "POST /orders?x=1 HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
    let units = drive.up(post);
    let head = units[0].opens.clone().expect("an exchange");
    assert_eq!(
        (head.operation.as_str(), head.target.as_str()),
        ("POST", "/orders")
    );
    assert_eq!((head.class, head.expects_reply), (Class::Effect, true));
    assert_eq!((units.len(), &units[0].forward[..]), (1, post.as_bytes()));
    assert_eq!(drive.decoder.awaited(), 1);
    let units = drive.down("HTTP/1.1 409 Conflict\r\nContent-Length: 0\r\n\r\n");
    let reply = units[0].closes.clone().expect("a reply");
    assert_eq!((reply.key, reply.outcome), (head.key, Outcome::Fail));
    assert_eq!(reply.error.as_deref(), Some("status 409"));
    assert_eq!(drive.decoder.awaited(), 0);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let mut drive = drive();
    assert_eq!(drive.up(GET.repeat(3)).len(), 3);
    assert_eq!(drive.decoder.awaited(), 3);
    assert_eq!(closed(&drive.down(OK)), [1]);
    assert_eq!(closed(&drive.down(OK.repeat(2))), [2, 3]);
    assert_eq!(drive.error, None);
}

#[test]
fn too_many_in_flight_are_refused() {
    let mut drive = drive();
    drive.up(GET.repeat(1024));
    assert_eq!((drive.decoder.awaited(), &drive.error), (1024, &None));
    drive.up(GET);
    assert!(drive.error.is_some_and(|error| error.contains("9.3.2")));
    assert_eq!(drive.out[0].len(), GET.len() * 1025);
}

#[test]
fn interim_responses_close_nothing() {
    let mut drive = drive();
    drive.up(GET);
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    assert_eq!(closed(&drive.down(hints)), [0; 0]);
    assert_eq!(drive.out[1], hints.as_bytes());
    assert_eq!(closed(&drive.down(OK)), [1]);
}

#[test]
fn the_answer_to_head_has_no_body() {
    let mut drive = drive();
    drive.up(format!("HEAD /a HTTP/1.1\r\n\r\n{GET}"));
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    assert_eq!(closed(&drive.down(format!("{head}{OK}"))), [1, 2]);
}

#[test]
fn nor_have_204_and_304() {
    let mut drive = drive();
    drive.up(GET.repeat(3));
    let none =
        "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n";
    assert_eq!(closed(&drive.down(format!("{none}{OK}"))), [1, 2, 3]);
    assert_eq!(drive.error, None);
}

#[test]
fn what_is_no_exchange_keeps_its_place_in_the_order() {
    let mut drive = drive();
    let health = "GET /health HTTP/1.1\r\n\r\n";
    let units = drive.up(format!("{GET}{health}{GET}"));
    assert!(units[1].opens.is_none() && units[2].opens.is_some());
    assert_eq!(closed(&drive.down(OK.repeat(3))), [1, 3]);
    assert_eq!(drive.out[1], OK.repeat(3).as_bytes());
}

#[test]
fn messages_are_rewritten() {
    let mut drive = drive();
    drive.up("PUT /a HTTP/1.1\r\nhost: h\r\nX-Host: s\r\nx-gone: 1\r\nContent-Length: 2\r\n\r\nab");
    assert_eq!(
        drive.out[0],
        b"PUT /a HTTP/1.1\r\nX-Host: s\r\nHost: s\r\nContent-Length: 2\r\n\r\nab"
    );
    drive.down("HTTP/1.1 200 OK\r\nX-Rewrite: http://proxy/q\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
    assert_eq!(
        drive.out[1],
        b"HTTP/1.1 200 OK\r\nX-Rewrite: http://proxy/q\r\nContent-Length: 14\r\n\r\nhttp://proxy/q"
    );
}

#[test]
fn deliveries_and_context_come_back() {
    let mut drive = drive();
    drive.up("POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nab");
    let units = drive.down("HTTP/1.1 200 OK\r\nX-Deliver: 1\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(units[0].delivers[0].target, "ab true 3");
}

#[test]
fn an_upgrade_makes_both_directions_opaque() {
    let mut drive = drive();
    let upgrade = "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    drive.up(upgrade);
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(closed(&drive.down(format!("{switch}\x01\x02"))), [1]);
    drive.up(b"\0\r\n\n");
    drive.down(b"\xff");
    assert_eq!(drive.error, None);
    assert_eq!(drive.out[0], [upgrade.as_bytes(), b"\0\r\n\n"].concat());
    assert_eq!(drive.out[1], [switch.as_bytes(), b"\x01\x02\xff"].concat());
}

#[test]
fn an_upgrade_that_is_turned_down_changes_nothing() {
    let mut drive = drive();
    drive.up("GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    drive.down(OK);
    drive.up(GET);
    assert_eq!(closed(&drive.down(OK)), [2]);
}

#[test]
fn a_tunnel_begins_with_success() {
    for (status, tunnels) in [(200, true), (407, false)] {
        let mut drive = drive();
        drive.up("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
        drive.down(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
        drive.up(b"\x16\x03\x01");
        assert_eq!(drive.error.is_none(), tunnels, "{status}");
    }
}

#[test]
fn a_switch_that_is_unasked_or_has_requests_behind_is_refused() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    let upgrade = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    let old = "GET /ws HTTP/1.0\r\nUpgrade: websocket\r\n\r\n";
    let behind = format!("{upgrade}{GET}");
    for (requests, section) in [(GET, "7.8"), (old, "7.8"), (&behind, "9.3.6")] {
        let mut drive = drive();
        drive.up(requests);
        drive.down(switch);
        assert!(
            drive.error.is_some_and(|error| error.contains(section)),
            "{requests:?}"
        );
        assert_eq!(drive.out[1], switch.as_bytes());
    }
}

#[test]
fn unasked_responses_are_refused_but_for_a_farewell() {
    let timeout = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
    let leaving = "HTTP/1.1 503 X\r\nConnection: close\r\n\r\nbye";
    let hints = "HTTP/1.0 103 Early Hints\r\n\r\n";
    for (response, refused) in [
        (OK, true),
        (hints, true),
        (timeout, false),
        (leaving, false),
    ] {
        let mut drive = drive();
        drive.down(response);
        assert_eq!(drive.error.is_some(), refused, "{response:?}");
        assert_eq!(drive.out[1], response.as_bytes());
    }
}

#[test]
fn a_response_after_the_last_is_refused() {
    let last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let old = "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n";
    let kept = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    for (response, refused) in [(last, true), (old, true), (kept, false)] {
        let mut drive = drive();
        drive.up(GET.repeat(2));
        drive.down(format!("{response}{OK}"));
        assert_eq!(drive.error.is_some(), refused, "{response:?}");
    }
}
