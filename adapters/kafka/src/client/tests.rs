//! The cluster as brokers come and go.

use super::{BROKER_IS_GONE, BROKERS_COME_BACK, CallError, Cluster};
use crate::embedded::Bridge;
use std::time::Duration;
use tokio::runtime::Runtime;

const WITHIN: Duration = Duration::from_secs(10);

/// A broker that is gone, connections and all, once it is dropped.
struct Mortal {
    address: String,
    life: Option<Runtime>,
}

impl Mortal {
    async fn start() -> Self {
        let life = Runtime::new().unwrap();
        let started = life.spawn(async {
            let bridge = Bridge::start(0).await.unwrap();
            let address = bridge.address().to_string();
            tokio::spawn(bridge.run());
            address
        });
        Self {
            address: started.await.unwrap(),
            life: Some(life),
        }
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        // Waits for its tasks, which a thread that runs tasks itself may not.
        let life = self.life.take();
        std::thread::spawn(move || drop(life)).join().unwrap();
    }
}

async fn refresh(cluster: &Cluster) -> Result<(), CallError> {
    let answer = tokio::time::timeout(WITHIN, cluster.refresh(&[])).await;
    answer.expect("an answer, or an error at once")
}

#[tokio::test]
async fn any_broker_that_lives_will_do() {
    let (first, second) = (Mortal::start().await, Mortal::start().await);
    let bootstrap = format!("{},127.0.0.1:1,{}", first.address, second.address);
    let cluster = Cluster::connect(&bootstrap, BROKERS_COME_BACK)
        .await
        .unwrap();
    // The one that does not answer is no place to begin at.
    let addresses = cluster.addresses().into_iter();
    let addresses: Vec<_> = addresses
        .map(|(host, port)| format!("{host}:{port}"))
        .collect();
    assert_eq!(addresses, [first.address.clone(), second.address.clone()]);
    refresh(&cluster).await.unwrap();
    drop(first);
    refresh(&cluster).await.unwrap();
}

#[tokio::test]
async fn a_lone_broker_that_is_gone_is_not_waited_for() {
    let broker = Mortal::start().await;
    let cluster = Cluster::connect(&broker.address, BROKER_IS_GONE)
        .await
        .unwrap();
    refresh(&cluster).await.unwrap();
    drop(broker);
    let error = refresh(&cluster).await.unwrap_err();
    assert!(error.is_transport(), "{error}");
    let error = cluster.leaders("orders").await.unwrap_err();
    assert!(error.is_transport(), "{error}");
}
