//! Nodes of the toy system, and who breaks them.

use super::Server;
use async_trait::async_trait;
use exactly_adapter::{Control, StartError};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Numbered from 1.
pub struct Nodes {
    servers: Vec<Arc<Server>>,
    done: Mutex<Vec<String>>,
    refuses: AtomicBool,
}

impl Nodes {
    pub async fn start(number: usize) -> Self {
        let mut servers = Vec::new();
        for _ in 0..number {
            servers.push(Arc::new(Server::start().await));
        }
        Self {
            servers,
            done: Mutex::default(),
            refuses: AtomicBool::new(false),
        }
    }

    pub fn server(&self, node: u32) -> Arc<Server> {
        self.servers[node as usize - 1].clone()
    }

    /// What was done to them, in order.
    pub fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }

    /// No node starts again from now on.
    pub fn refuse(&self) {
        self.refuses.store(true, Ordering::SeqCst);
    }

    fn note(&self, what: String) {
        self.done.lock().unwrap().push(what);
    }
}

#[async_trait]
impl Control for Nodes {
    fn nodes(&self) -> Vec<u32> {
        (1..=self.servers.len() as u32).collect()
    }

    fn at(&self, _host: &str, port: u16) -> Option<u32> {
        let found = self.servers.iter().position(|server| server.port() == port);
        found.map(|index| index as u32 + 1)
    }

    async fn kill(&self, node: u32) {
        self.server(node).kill().await;
        self.note(format!("kill {node}"));
    }

    async fn stop(&self, node: u32) {
        self.server(node).kill().await;
        self.note(format!("stop {node}"));
    }

    async fn start(&self, node: u32) -> Result<(), StartError> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err(StartError::NotStarted {
                system: "toy",
                why: format!("node {node} does not start"),
                hint: "look at it".into(),
            });
        }
        self.server(node).restart();
        self.note(format!("start {node}"));
        Ok(())
    }

    async fn pause(&self, node: u32) {
        self.server(node).pause(true);
        self.note(format!("pause {node}"));
    }

    async fn resume(&self, node: u32) {
        self.server(node).pause(false);
        self.note(format!("resume {node}"));
    }

    async fn healed(&self) -> Result<(), StartError> {
        assert!(
            self.servers
                .iter()
                .all(|server| server.is_up() && !server.is_paused())
        );
        self.note("healed".into());
        Ok(())
    }
}
