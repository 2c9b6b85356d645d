//! Kills with several exchanges in flight.

use crate::support::{Client, Rig, at, eventually, soon};
use exactly_model::{Fate, Fault, FaultKind, FaultState, Others, Phase};

fn kill(phase: Phase, others: Others) -> Fault {
    Fault {
        others: Some(others),
        ..at(FaultKind::Kill, phase, 1)
    }
}

/// Three connections with an exchange each; the other two are with the system,
/// which takes its time. A machine so busy that this test came too late for the
/// cut has shown nothing: then once more.
async fn three_in_flight(phase: Phase, others: Others) -> Rig {
    for _ in 0..5 {
        if let Some(rig) = in_flight(phase, others).await {
            return rig;
        }
    }
    panic!("the cut was over before the system could answer, five times");
}

async fn in_flight(phase: Phase, others: Others) -> Option<Rig> {
    let rig = Rig::with([kill(phase, others)]).await;
    let (life, port) = rig.life(1);
    rig.server.stall("E 2");
    rig.server.stall("E 3");
    let mut clients = Vec::new();
    for request in ["E 2", "E 3"] {
        let mut client = rig.client(port).await;
        client.send(request).await;
        rig.server.has_received(request).await;
        clients.push(client);
    }
    let mut struck = rig.client(port).await;
    struck.send("E 1").await;
    eventually("the strike", || {
        rig.director.is_striking() || life.gate.is_closed()
    })
    .await;
    rig.server.release("E 2");
    rig.server.release("E 3");
    if others == Others::Applied && life.gate.is_closed() {
        return None;
    }
    soon("its death", life.handle().unwrap().wait()).await;
    for client in &mut clients {
        assert_eq!(
            client.saw().await,
            crate::support::Saw::End,
            "no reply after the cut"
        );
    }
    rig.end().await;
    let fired = rig
        .faults()
        .into_iter()
        .find(|f| f.state == FaultState::Fired)
        .unwrap();
    assert_eq!(fired.collateral.len(), 2, "{:?}", fired.collateral);
    assert!(
        fired.collateral[0].starts_with("s E {2}"),
        "{:?}",
        fired.collateral
    );
    Some(rig)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_others_are_applied_and_nobody_sees_a_reply() {
    for phase in [Phase::Before, Phase::After] {
        let rig = three_in_flight(phase, Others::Applied).await;
        let mut applied = rig.server.applied();
        applied.sort();
        match phase {
            Phase::Before => assert_eq!(applied, ["E 2", "E 3"]),
            Phase::After => assert_eq!(applied, ["E 1", "E 2", "E 3"]),
        }
        let fates = rig.fates();
        assert_eq!(fates["s E {2}"], Fate::Applied);
        assert_eq!(fates["s E {3}"], Fate::Applied);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_with_the_system_cannot_be_called_back_and_the_record_says_so() {
    let rig = three_in_flight(Phase::Before, Others::Dropped).await;
    let fired = rig
        .faults()
        .into_iter()
        .find(|f| f.state == FaultState::Fired)
        .unwrap();
    assert!(
        fired.collateral.iter().all(|c| !c.contains("not sent")),
        "{:?}",
        fired.collateral
    );
    for point in ["s E {2}", "s E {3}"] {
        assert_ne!(rig.fate(point), Some(Fate::Dropped));
    }
    assert!(!rig.server.applied().contains(&"E 1".to_string()));
}

/// Requests that arrive while a cut is made. When they arrive in time they are
/// part of it; the record and the server must agree in any case.
async fn arriving(others: Others) -> bool {
    let rig = Rig::with([kill(Phase::Before, others)]).await;
    let (life, port) = rig.life(1);
    let mut clients: Vec<Client> = Vec::new();
    for _ in 0..2 {
        clients.push(rig.client(port).await);
    }
    let mut struck = rig.client(port).await;
    struck.send("E 1").await;
    while !life.gate.is_parking() && !life.gate.is_closed() {
        tokio::task::yield_now().await;
    }
    for (client, request) in clients.iter_mut().zip(["E 2", "E 3"]) {
        client.send(request).await;
    }
    soon("its death", life.handle().unwrap().wait()).await;
    rig.end().await;
    let fired = rig
        .faults()
        .into_iter()
        .find(|f| f.state == FaultState::Fired)
        .unwrap();
    let fates = rig.fates();
    for (point, request) in [("s E {2}", "E 2"), ("s E {3}", "E 3")] {
        let applied = rig.server.applied().contains(&request.to_string());
        let arrived = !matches!(fates.get(point), None | Some(Fate::Dropped));
        assert_eq!(applied, arrived, "{point}: {fates:?}");
        // What the cut knew of went where the schedule wanted it.
        if fired.collateral.iter().any(|c| c.starts_with(point)) {
            assert_eq!(applied, others == Others::Applied, "{:?}", fired.collateral);
        }
    }
    fired.collateral.len() == 2
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_during_a_cut_is_part_of_it() {
    for others in [Others::Applied, Others::Dropped] {
        let mut whole = 0;
        for _ in 0..200 {
            whole += u32::from(arriving(others).await);
            if whole == 3 {
                break;
            }
        }
        assert_eq!(
            whole, 3,
            "{others:?}: in 200 attempts the others never arrived in time"
        );
    }
}
