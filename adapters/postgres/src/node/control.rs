//! The hold that the harness has on a server of its own.

use super::process::Node;
use crate::adapter::KIND;
use crate::client::Pool;
use async_trait::async_trait;
use exactly_adapter::{Control, StartError, StopSignal};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// There is one.
const NODE: u32 = 1;
/// Recovery reads what was written since the last checkpoint.
const HEALED_WITHIN: Duration = Duration::from_secs(90);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Breaks and mends a server of the harness's own.
pub(crate) struct Hold {
    node: Arc<Node>,
    pool: Pool,
}

impl Hold {
    /// On `node`, of which `pool` asks.
    pub(crate) const fn new(node: Arc<Node>, pool: Pool) -> Self {
        Self { node, pool }
    }
}

#[async_trait]
impl Control for Hold {
    fn nodes(&self) -> Vec<u32> {
        vec![NODE]
    }

    fn at(&self, host: &str, port: u16) -> Option<u32> {
        let here = ["127.0.0.1", "localhost"].contains(&host);
        (here && port == self.node.port()).then_some(NODE)
    }

    async fn kill(&self, node: u32) {
        if node == NODE {
            self.node.kill().await;
            self.pool.renew();
        }
    }

    /// Fast: clients are cut off, what is committed is written down.
    async fn stop(&self, node: u32) {
        self.stop_by(node, StopSignal::Int).await;
    }

    async fn stop_by(&self, node: u32, signal: StopSignal) {
        if node == NODE {
            // A smart shutdown waits for the harness as for any client.
            self.pool.leave().await;
            self.node.stop(signal).await;
            self.pool.renew();
        }
    }

    async fn start(&self, node: u32) -> Result<(), StartError> {
        if node == NODE {
            self.node.start().await?;
            // It may have ended by itself before.
            self.pool.renew();
        }
        Ok(())
    }

    async fn pause(&self, node: u32) {
        if node == NODE {
            self.node.pause();
        }
    }

    async fn resume(&self, node: u32) {
        if node == NODE {
            self.node.resume();
        }
    }

    async fn healed(&self) -> Result<(), StartError> {
        let deadline = Instant::now() + HEALED_WITHIN;
        loop {
            let why = match self.pool.is_in_recovery().await {
                Ok(false) => return Ok(()),
                Ok(true) => "it is still in recovery".to_string(),
                Err(why) => why,
            };
            let gone = self.node.gone();
            if gone.is_some() || Instant::now() >= deadline {
                return Err(StartError::NotStarted {
                    system: KIND,
                    why: gone.unwrap_or(why),
                    hint: "see the server's output in the run's folder".into(),
                });
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}
