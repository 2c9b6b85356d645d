//! What the boundary does in the system's name: error-before, error-after,
//! apply-part.

use crate::support::{Rig, Saw, at, effect, eventually};
use exactly_model::{ExchangeRecord, Fate, Fault, FaultKind, FaultState, Outcome, Phase, Selector};

const ARMED_FIRED: [FaultState; 2] = [FaultState::Armed, FaultState::Fired];
const ARMED_MISSED: [FaultState; 2] = [FaultState::Armed, FaultState::Missed];

fn exchange(rig: &Rig, point: &str) -> ExchangeRecord {
    let mut found = rig.exchanges().into_iter();
    found
        .find(|e| e.point.to_string() == point)
        .unwrap_or_else(|| panic!("no exchange {point}"))
}

/// The remark that says why fault 0 was missed.
fn why(rig: &Rig) -> String {
    let mut notes = rig.notes().into_iter().map(|note| note.text);
    notes.find(|text| text.contains("missed")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_before_is_all_that_comes_of_the_request() {
    let rig = Rig::with([at(FaultKind::ErrorBefore, Phase::Before, 1)]).await;
    let (life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("E 0").await, Saw::ok("E 0"));
    assert_eq!(client.ask("E 1").await, Saw::Line("no not now".into()));
    // The connection goes on, and replies still find their requests.
    assert_eq!(client.ask("F 2").await, Saw::Line("no such luck".into()));
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.server.received(), ["E 0", "F 2", "E 1"]);
    let refused = exchange(&rig, "s E {1}");
    assert_eq!(
        (refused.fate, refused.outcome),
        (Fate::Dropped, Outcome::Fail)
    );
    assert_eq!(refused.error.as_deref(), Some("not now"));
    assert_eq!(refused.sent_ns, None);
    assert_eq!(exchange(&rig, "s F {2}").outcome, Outcome::Fail);
    let retry = exchange(&rig, "s E {1} #2");
    assert_eq!((retry.fate, retry.outcome), (Fate::Answered, Outcome::Ok));
    assert_eq!(rig.states(0), ARMED_FIRED);
    assert!(life.disturbance() > std::time::Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_before_waits_for_the_replies_before_it() {
    let rig = Rig::with([at(FaultKind::ErrorBefore, Phase::Before, 1)]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    // Neither makes a point: the boundary still has to know of both.
    rig.server.stall("B 3");
    client.send("R\nB 3\nE 1\nE 2").await;
    assert_eq!(client.saw().await, Saw::ok("R"));
    rig.server.has_received("B 3").await;
    eventually("the strike", || rig.director.is_striking()).await;
    assert!(rig.exchanges().is_empty());
    rig.server.release("B 3");
    assert_eq!(client.saw().await, Saw::Line("data 3".into()));
    assert_eq!(client.take(3).await, crate::support::pattern(3));
    assert_eq!(client.saw().await, Saw::Line("no not now".into()));
    assert_eq!(client.saw().await, Saw::ok("E 2"));
    rig.end().await;
    assert_eq!(rig.server.applied(), ["R", "B 3", "E 2"]);
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_before_does_not_wait_for_ever() {
    let rig = Rig::with([at(FaultKind::ErrorBefore, Phase::Before, 1)]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    rig.server.stall("R");
    client.send("R\nE 1").await;
    // It was missed, and goes its way.
    eventually("the end of the wait", || {
        rig.recorder.flush().unwrap();
        !rig.notes().is_empty()
    })
    .await;
    rig.server.release("R");
    assert_eq!(client.saw().await, Saw::ok("R"));
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
    assert!(
        why(&rig).contains("other replies were awaited"),
        "{}",
        why(&rig)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_legal_error_the_request_is_passed_on_and_the_run_says_so() {
    for (request, reason) in [
        ("F 1", "the protocol has no such error for it"),
        ("Q 1", "the request expects no reply"),
    ] {
        let point = Selector::new("s", &request[..1]);
        let rig = Rig::with([Fault::new(FaultKind::ErrorBefore, Phase::Before, point)]).await;
        let (_life, port) = rig.life(1);
        let mut client = rig.client(port).await;
        client.send(request).await;
        rig.server.has_received(request).await;
        assert_eq!(client.ask("F 2").await, Saw::Line("no such luck".into()));
        rig.end().await;
        assert_eq!(rig.states(0), ARMED_MISSED);
        assert!(why(&rig).ends_with(reason), "{}", why(&rig));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opaque_connection_has_no_errors() {
    let rig = Rig::with([at(FaultKind::ErrorBefore, Phase::Before, 1)]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    // The reply to it is what the decoder cannot read.
    rig.server.stall("X");
    client.send("E 0").await;
    assert_eq!(client.saw().await, Saw::ok("E 0"));
    client.send("X\nE 1").await;
    rig.server.release("X");
    assert_eq!(client.saw().await, Saw::Line("<<X>>".into()));
    assert_eq!(client.saw().await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_after_belies_what_was_applied() {
    let rig = Rig::with([at(FaultKind::ErrorAfter, Phase::After, 1)]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    client.send("E 0\nE 1\nE 2").await;
    assert_eq!(client.saw().await, Saw::ok("E 0"));
    assert_eq!(client.saw().await, Saw::Line("no timed out".into()));
    assert_eq!(client.saw().await, Saw::ok("E 2"));
    assert_eq!(client.ask("E 1").await, Saw::ok("E 1"));
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 0", "E 1", "E 2", "E 1"]);
    let told = exchange(&rig, "s E {1}");
    assert_eq!((told.fate, told.outcome), (Fate::Applied, Outcome::Ok));
    let error = told.error.unwrap();
    assert_eq!(error, "applied; the client was told timed out");
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_after_never_follows_what_was_not_applied() {
    let refused = Fault::new(FaultKind::ErrorAfter, Phase::After, Selector::new("s", "F"));
    let rig = Rig::with([refused]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("F 1").await, Saw::Line("no such luck".into()));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
    assert!(
        why(&rig).contains("did not say that it was applied"),
        "{}",
        why(&rig)
    );
    assert_eq!(rig.fate("s F {1}"), Some(Fate::Answered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_legal_error_the_reply_is_passed_on() {
    let ack = Fault::new(FaultKind::ErrorAfter, Phase::After, Selector::new("s", "A"));
    let rig = Rig::with([ack]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("A 1").await, Saw::ok("A 1"));
    rig.end().await;
    assert_eq!(rig.states(0), ARMED_MISSED);
    assert!(why(&rig).contains("no error may follow"), "{}", why(&rig));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_is_applied_and_the_client_cut_off() {
    let fault = at(FaultKind::ApplyPart, Phase::Before, 2);
    let rig = Rig::with([Fault {
        point: Selector::new("s", "M").covering(2),
        ..fault
    }])
    .await;
    let (life, port) = rig.life(1);
    let (mut client, mut other) = (rig.client(port).await, rig.client(port).await);
    client.send("E 0\nM 1 2 3").await;
    assert_eq!(client.saw().await, Saw::ok("E 0"));
    assert_eq!(client.saw().await, Saw::RESET);
    assert_eq!(other.ask("E 4").await, Saw::ok("E 4"));
    assert_eq!(life.handle().unwrap().exited(), None);
    assert_eq!(
        rig.client(port).await.ask("M 1 2 3").await,
        Saw::ok("M 1 2 3")
    );
    rig.end().await;
    assert_eq!(rig.server.applied(), ["E 0", "M 1", "E 4", "M 1 2 3"]);
    let part = exchange(&rig, "s M {1,2,3}");
    // Of the whole nobody can say that it was applied.
    assert_eq!((part.fate, part.outcome), (Fate::Applied, Outcome::Unknown));
    assert_eq!(part.error.as_deref(), Some("a part of it was passed on"));
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_nobody_answers_cuts_the_client_off_all_the_same() {
    let fault = at(FaultKind::ApplyPart, Phase::Before, 2);
    let rig = Rig::with([Fault {
        point: Selector::new("s", "M").covering(2),
        ..fault
    }])
    .await;
    rig.server.stall("M 1");
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    assert_eq!(client.ask("M 1 2").await, Saw::RESET);
    rig.server.release("M 1");
    rig.end().await;
    let part = exchange(&rig, "s M {1,2}");
    assert_eq!(
        (part.fate, part.outcome),
        (Fate::Unanswered, Outcome::Unknown)
    );
    assert_eq!(rig.states(0), ARMED_FIRED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_no_parts_is_passed_on_whole() {
    let one = Selector::new("s", "M").covering(1);
    for (point, request) in [(effect(1), "E 1"), (one, "M 1")] {
        let rig = Rig::with([Fault::new(FaultKind::ApplyPart, Phase::Before, point)]).await;
        let (_life, port) = rig.life(1);
        assert_eq!(rig.client(port).await.ask(request).await, Saw::ok(request));
        rig.end().await;
        assert_eq!(rig.server.applied(), [request]);
        assert_eq!(rig.states(0), ARMED_MISSED);
        assert!(why(&rig).contains("not divisible"), "{}", why(&rig));
    }
}
