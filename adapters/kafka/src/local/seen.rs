//! What one node knows of its cluster.

use crate::wire::{Cursor, Read};

/// What one node knows of the cluster.
#[derive(Debug, Default)]
pub(super) struct Seen {
    brokers: usize,
    controller: i32,
    pub partitions: Vec<Partition>,
}

#[derive(Debug)]
pub(super) struct Partition {
    pub topic: String,
    pub index: i32,
    pub leader: i32,
    replicas: usize,
    in_sync: usize,
}

impl Seen {
    /// Metadata v9 to v12, with the replicas and those in sync.
    pub fn read(version: i16, mut body: Cursor<'_>) -> Read<Self> {
        body.i32()?;
        let mut seen = Seen {
            brokers: body.count()?,
            ..Seen::default()
        };
        for _ in 0..seen.brokers {
            body.i32()?;
            body.string()?;
            body.i32()?;
            body.nullable_string()?;
            body.tags()?;
        }
        body.nullable_string()?;
        seen.controller = body.i32()?;
        for _ in 0..body.count()? {
            body.i16()?;
            let topic = body.string()?;
            if version >= 10 {
                body.uuid()?;
            }
            body.bool()?;
            for _ in 0..body.count()? {
                seen.partitions.push(partition(topic, &mut body)?);
            }
            body.i32()?;
            body.tags()?;
        }
        Ok(seen)
    }

    /// What is missing in a cluster of `nodes` nodes, as `node` sees it.
    pub fn check(&self, node: u32, nodes: usize) -> Result<(), String> {
        if self.brokers < nodes {
            return Err(format!(
                "node {node} knows {} of {nodes} nodes",
                self.brokers
            ));
        }
        if self.controller < 0 {
            return Err(format!("node {node} knows no controller"));
        }
        let behind = |p: &&Partition| p.leader < 0 || p.in_sync < p.replicas;
        let Some(first) = self.partitions.iter().find(behind) else {
            return Ok(());
        };
        let all = self.partitions.iter().filter(behind).count();
        let (topic, index) = (&first.topic, first.index);
        let what = match first.leader {
            ..0 => "has no leader".into(),
            _ => format!(
                "has {} of {} replicas in sync",
                first.in_sync, first.replicas
            ),
        };
        Err(format!(
            "{topic}/{index} {what}, as node {node} sees it ({all} such partitions)"
        ))
    }
}

fn partition(topic: &str, body: &mut Cursor<'_>) -> Read<Partition> {
    body.i16()?;
    let (index, leader) = (body.i32()?, body.i32()?);
    body.i32()?;
    let replicas = skip(body)?;
    let in_sync = skip(body)?;
    skip(body)?;
    body.tags()?;
    Ok(Partition {
        topic: topic.into(),
        index,
        leader,
        replicas,
        in_sync,
    })
}

/// Skips a list of node numbers and answers how many they were.
fn skip(body: &mut Cursor<'_>) -> Read<usize> {
    let count = body.count()?;
    for _ in 0..count {
        body.i32()?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::text;
    use bytes::BytesMut;
    use kafka_protocol::messages::metadata_response::{
        MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
    };
    use kafka_protocol::messages::{BrokerId, MetadataResponse, TopicName};
    use kafka_protocol::protocol::Encodable;

    fn ids(ids: &[i32]) -> Vec<BrokerId> {
        ids.iter().map(|id| BrokerId(*id)).collect()
    }

    fn partition(index: i32, leader: i32, in_sync: &[i32]) -> MetadataResponsePartition {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(leader))
            .with_replica_nodes(ids(&[1, 2, 3]))
            .with_isr_nodes(ids(in_sync))
            .with_offline_replicas(ids(&[9, 9]))
    }

    fn cluster(nodes: i32, partitions: Vec<MetadataResponsePartition>) -> MetadataResponse {
        let broker = |node| {
            MetadataResponseBroker::default()
                .with_node_id(BrokerId(node))
                .with_host(text("127.0.0.1"))
                .with_rack(Some(text("r")))
        };
        let topic = MetadataResponseTopic::default()
            .with_name(Some(TopicName(text("orders"))))
            .with_partitions(partitions);
        MetadataResponse::default()
            .with_cluster_id(Some(text("c")))
            .with_controller_id(BrokerId(2))
            .with_brokers((1..=nodes).map(broker).collect())
            .with_topics(vec![topic])
    }

    /// What is missing, the same in every version.
    fn missing(metadata: &MetadataResponse) -> Option<String> {
        let in_version = |version| {
            let mut bytes = BytesMut::new();
            metadata.encode(&mut bytes, version).unwrap();
            let seen = Seen::read(version, Cursor::new(&bytes, true)).unwrap();
            seen.check(1, 3).err()
        };
        let found = in_version(9);
        assert!((10..=12).all(|version| in_version(version) == found));
        found
    }

    #[test]
    fn a_whole_cluster_lacks_nothing_and_each_lack_is_named() {
        let whole = || vec![partition(0, 1, &[3, 1, 2]), partition(1, 3, &[1, 2, 3])];
        assert_eq!(missing(&cluster(3, whole())), None);
        let expect = |metadata: &MetadataResponse, text: &str| {
            let missing = missing(metadata).expect("something is missing");
            assert!(missing.contains(text), "{missing}");
        };
        expect(&cluster(2, whole()), "node 1 knows 2 of 3 nodes");
        let headless = cluster(3, whole()).with_controller_id(BrokerId(-1));
        expect(&headless, "node 1 knows no controller");
        let behind = vec![partition(0, 1, &[1, 2, 3]), partition(1, 3, &[1, 3])];
        expect(&cluster(3, behind), "orders/1 has 2 of 3 replicas in sync");
        let leaderless = vec![partition(0, -1, &[1]), partition(1, -1, &[1])];
        expect(
            &cluster(3, leaderless),
            "orders/0 has no leader, as node 1 sees it (2 such",
        );
    }
}
