//! Names of points, what positions stand for, and which exchange a fault means.

use crate::support::{Rig, Saw, eventually};
use exactly_model::{Event, Fault, FaultKind, FaultState, Phase, Selector};

fn points(rig: &Rig) -> Vec<String> {
    rig.director
        .observed()
        .iter()
        .map(|seen| seen.point.to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_points_are_counted_within_an_incarnation() {
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    for request in ["T", "E 1", "E 1", "R", "E 2", "E 1", "T"] {
        client.ask(request).await;
    }
    let (_next, port) = rig.life(2);
    rig.client(port).await.ask("E 1").await;
    // In the order of their requests; what changes nothing is no point.
    let expected = [
        "s T",
        "s E {1}",
        "s E {1} #2",
        "s E {2}",
        "s E {1} #3",
        "s T #2",
        "s E {1}",
    ];
    assert_eq!(points(&rig), expected);
    let incarnations: Vec<u32> = rig
        .director
        .observed()
        .iter()
        .map(|o| o.incarnation)
        .collect();
    assert_eq!(incarnations, [1, 1, 1, 1, 1, 1, 2]);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_stands_for_what_it_newly_covers() {
    let rig = Rig::with([]).await;
    rig.feed(0..6);
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    for request in ["A 0", "A 3", "A 3", "A 9", "A 2", "A 4"] {
        assert_eq!(client.ask(request).await, Saw::ok(request));
    }
    // A position that was set back covers the same messages once more.
    let expected = [
        "s A",
        "s A {0,1,2}",
        "s A #2",
        "s A {3,4,5}",
        "s A #3",
        "s A {2,3}",
    ];
    assert_eq!(points(&rig), expected);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_was_lost_covers_its_messages_again() {
    let lost = Fault::new(
        FaultKind::DropRequest,
        Phase::Before,
        Selector::new("s", "A"),
    );
    let unseen = Fault::new(
        FaultKind::DropReply,
        Phase::After,
        Selector::new("s", "A").covering(3),
    );
    let rig = Rig::with([lost, unseen]).await;
    rig.feed(0..6);
    let (_life, port) = rig.life(1);
    assert_eq!(rig.client(port).await.ask("A 3").await, Saw::RESET);
    assert_eq!(rig.client(port).await.ask("A 3").await, Saw::ok("A 3"));
    assert_eq!(rig.client(port).await.ask("A 6").await, Saw::RESET);
    // It took effect, although nobody saw the reply.
    assert_eq!(rig.client(port).await.ask("A 6").await, Saw::ok("A 6"));
    assert_eq!(
        points(&rig),
        ["s A {0,1,2}", "s A {0,1,2} #2", "s A {3,4,5}", "s A"]
    );
    rig.end().await;
    assert!(rig.director.all_fired());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ordinal_means_the_nth_of_its_operation_whatever_it_carries() {
    let second = Selector {
        nth: Some(1),
        ..Selector::new("s", "A")
    };
    let rig = Rig::with([Fault::new(FaultKind::DropRequest, Phase::Before, second)]).await;
    rig.feed(0..6);
    let (_life, port) = rig.life(1);
    let mut client = rig.client(port).await;
    for request in ["E 0", "A 1", "E 1", "E 1"] {
        assert_eq!(client.ask(request).await, Saw::ok(request));
    }
    assert_eq!(client.ask("A 2").await, Saw::RESET);
    assert_eq!(rig.client(port).await.ask("A 3").await, Saw::ok("A 3"));
    rig.end().await;
    let fired = rig
        .faults()
        .into_iter()
        .find(|f| f.state == FaultState::Fired)
        .unwrap();
    assert_eq!(fired.point.unwrap().to_string(), "s A {1}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_selector_with_ids_means_the_nth_equal_point() {
    let point = Selector {
        ids: Some(vec![1]),
        nth: Some(1),
        ..Selector::new("s", "E").in_incarnation(2)
    };
    let rig = Rig::with([Fault::new(FaultKind::DropRequest, Phase::Before, point)]).await;
    for number in [1, 2] {
        let (_life, port) = rig.life(number);
        let mut client = rig.client(port).await;
        for request in ["E 0", "E 1", "E 2"] {
            assert_eq!(client.ask(request).await, Saw::ok(request));
        }
        let again = if number == 1 {
            Saw::ok("E 1")
        } else {
            Saw::RESET
        };
        assert_eq!(client.ask("E 1").await, again);
    }
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanges_in_flight_are_counted_over_all_connections_of_a_process() {
    let rig = Rig::with([]).await;
    let (_life, port) = rig.life(1);
    let other = rig.spawn("other", &["sleep", "600"]);
    let (_other, other_port) = rig.life_of("v", 1, other);
    let (mut a, mut b) = (rig.client(port).await, rig.client(port).await);
    let mut c = rig.client(other_port).await;
    rig.server.stall("E 1");
    a.send("E 1").await;
    rig.server.has_received("E 1").await;
    assert_eq!(b.ask("E 2").await, Saw::ok("E 2"));
    // The one before was answered, and is not in flight any more.
    eventually("its end", || rig.director.activity() == 1).await;
    a.send("E 3").await;
    eventually("both on one connection", || {
        rig.director.observed().len() == 3
    })
    .await;
    assert_eq!(c.ask("E 4").await, Saw::ok("E 4"));
    rig.server.release("E 1");
    assert_eq!(a.saw().await, Saw::ok("E 1"));
    assert_eq!(a.saw().await, Saw::ok("E 3"));
    let in_flight: Vec<u32> = rig
        .director
        .observed()
        .iter()
        .map(|o| o.in_flight)
        .collect();
    assert_eq!(in_flight, [1, 2, 2, 1]);
    rig.end().await;
    let recorded = rig
        .exchanges()
        .into_iter()
        .find(|e| e.point.ids == [2])
        .unwrap();
    assert_eq!(recorded.in_flight, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_are_on_record_when_they_reach_the_client() {
    let unseen = Fault::new(FaultKind::DropReply, Phase::After, Selector::new("s", "T"));
    let rig = Rig::with([unseen]).await;
    let (_life, port) = rig.life(1);
    // A take whose reply was dropped handed nothing to anybody.
    assert_eq!(rig.client(port).await.ask("T 0 2").await, Saw::RESET);
    assert_eq!(rig.client(port).await.ask("T 0 5").await, Saw::ok("T 0 5"));
    rig.end().await;
    let delivered: Vec<(i64, i64)> = rig
        .records()
        .into_iter()
        .filter_map(|record| match record.event {
            Event::Delivery(d) => Some((d.first, d.last)),
            _ => None,
        })
        .collect();
    assert_eq!(delivered, [(0, 5)]);
}
