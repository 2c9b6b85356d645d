//! `Expect: 100-continue`.

use super::toy::{GET, OK, closed, drive};

const HEAD: &str = "PUT /a HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

#[test]
fn the_boundary_asks_for_the_body() {
    let mut drive = drive();
    let units = drive.up(HEAD);
    assert_eq!(
        (units.len(), &units[0].answer[..]),
        (1, CONTINUE.as_bytes())
    );
    assert!(units[0].opens.is_none() && units[0].forward.is_empty());
    let units = drive.up("ab");
    assert_eq!(&units[0].forward[..], [HEAD, "ab"].concat().as_bytes());
    assert!(units[0].opens.is_some() && units[0].answer.is_empty());
    // The system's own 100 is of no use to anybody; a second one is.
    let units = drive.down([CONTINUE, CONTINUE, OK].concat());
    assert_eq!(closed(&units), [1]);
    assert_eq!(drive.out[1], [CONTINUE, OK].concat().as_bytes());
}

#[test]
fn a_system_may_still_turn_it_down() {
    let mut drive = drive();
    drive.up([HEAD, "ab"].concat());
    let failed = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(closed(&drive.down(failed)), [1]);
}

#[test]
fn it_waits_for_the_responses_before_it() {
    let mut drive = drive();
    let units = drive.up([GET, GET, HEAD].concat());
    assert_eq!(units.len(), 2);
    drive.down(OK);
    assert_eq!(drive.out[1], OK.as_bytes());
    drive.down(OK);
    assert_eq!(drive.out[1], [OK, OK, CONTINUE].concat().as_bytes());
    assert!(drive.up("ab")[0].opens.is_some());
}

#[test]
fn a_client_that_does_not_wait_hears_the_systems_own() {
    let mut drive = drive();
    drive.up([GET, HEAD, "ab"].concat());
    drive.down([OK, CONTINUE, OK].concat());
    assert_eq!(drive.out[1], [OK, CONTINUE, OK].concat().as_bytes());
    assert_eq!(drive.error, None);
}

#[test]
fn only_what_waits_is_asked() {
    let nothing = "PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n";
    let old = "PUT /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab";
    let other = "PUT /a HTTP/1.1\r\nExpect: tea\r\nContent-Length: 2\r\n\r\nab";
    for request in [nothing, old, other] {
        let units = drive().up(request);
        assert_eq!((units.len(), units[0].answer.len()), (1, 0), "{request:?}");
    }
}
