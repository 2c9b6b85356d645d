//! Long polling: a receive that finds nothing looks again when its queue is
//! touched, when a delay or a visibility timeout runs out, and when the clock is
//! moved. Where its client goes away it takes no message any more.

use super::server::Peer;
use super::shared::Shared;
use crate::queue::{Answer, Operation, ReceiveMessage, Refusal};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Time has whole milliseconds here: sooner than that nothing can have changed.
const LEAST: Duration = Duration::from_millis(1);

pub(super) async fn receive(
    shared: &Shared,
    asked: ReceiveMessage,
    peer: &Peer,
) -> Result<Answer, Refusal> {
    let began = Instant::now();
    let operation = Operation::ReceiveMessage(asked.clone());
    loop {
        let look = shared.look(&operation, &asked);
        let until = began + look.wait;
        let Some(bell) = look.bell.filter(|_| Instant::now() < until) else {
            return look.outcome;
        };
        let next = look
            .next_change
            .map(|next| Instant::now() + next.max(LEAST));
        let next = next.map_or(until, |next| next.min(until));
        tokio::select! {
            // Whichever comes first: what follows is the same.
            () = bell => {}
            () = sleep_until(next) => {}
            // Nobody hears what is answered: nothing was found so far.
            () = peer.gone() => return look.outcome,
        }
    }
}
