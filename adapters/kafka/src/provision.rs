//! Names of one trial.

use crate::client::{CallError, Cluster, NewTopic, TopicError};
use exactly_adapter::{StartError, TrialNames};
use exactly_model::Topic;

/// Longest topic name that Kafka takes.
pub(crate) const TOPIC_NAME_MAX: usize = 249;
const INVALID_REPLICATION_FACTOR: i16 = 38;

/// Creates the topics of a trial and waits until they are served.
pub(crate) async fn create(
    cluster: &Cluster,
    names: &Names,
    topics: &[Topic],
) -> Result<(), StartError> {
    names.check(topics)?;
    let new = topics.iter().map(|topic| NewTopic {
        name: names.topic(&topic.name),
        partitions: topic.partitions,
        replicas: topic.replicas,
    });
    let new: Vec<_> = new.collect();
    let created = cluster.create_topics(&new).await;
    created.map_err(|failed| {
        let most = topics.iter().filter_map(|topic| topic.replicas).max();
        not_created(&failed, most, cluster)
    })
}

fn not_created(failed: &TopicError, replicas: Option<u32>, cluster: &Cluster) -> StartError {
    let why = format!("cannot create the trial's topics: {failed}");
    if failed.error.is_transport() {
        let address = cluster.bootstrap();
        return StartError::Unreachable {
            system: "kafka",
            address,
            why,
            hint: Cluster::hint(&failed.error).into(),
        };
    }
    let hint = match (&failed.error, replicas) {
        (CallError::Code(INVALID_REPLICATION_FACTOR), Some(replicas)) => {
            too_many_replicas(replicas, cluster.brokers())
        }
        (error, _) => Cluster::hint(error).into(),
    };
    StartError::Config {
        system: "kafka",
        why,
        hint,
    }
}

fn too_many_replicas(replicas: u32, brokers: usize) -> String {
    let has = match brokers {
        0 | 1 => "1 broker: ask for 1 replica".into(),
        _ => format!("{brokers} brokers: ask for at most {brokers} replicas"),
    };
    match replicas {
        0..=3 => format!("the cluster has {has}, or use --on kafka=local:3"),
        4..=5 => format!("the cluster has {has}, or use --on kafka=local:5"),
        _ => format!("the cluster has {has}"),
    }
}

/// Names of one trial: every one carries the run's and the trial's number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Names {
    suffix: String,
}

impl Names {
    pub fn new(names: TrialNames) -> Self {
        Self {
            suffix: format!("-r{}-t{}", names.run, names.trial),
        }
    }

    /// Physical name of logical topic `logical` (`orders` or `topic.orders`).
    pub fn topic(&self, logical: &str) -> String {
        format!("{}{}", bare(logical), self.suffix)
    }

    pub fn group(&self) -> String {
        format!("g{}", self.suffix)
    }

    pub fn transactional_id(&self) -> String {
        format!("tx{}", self.suffix)
    }

    /// Logical target of a physical topic; a topic that is not this trial's
    /// keeps its name.
    pub fn target(&self, physical: &str) -> String {
        let logical = physical.strip_suffix(&self.suffix).unwrap_or(physical);
        // A request may name one of 32 KiB, and a thousand partitions of it. No broker
        // takes it, and a label needs no more of it.
        let logical = &logical[..logical.floor_char_boundary(TOPIC_NAME_MAX)];
        format!("topic.{logical}")
    }

    /// Refuses names that no broker would take.
    pub fn check(&self, topics: &[Topic]) -> Result<(), StartError> {
        let refuse = |why: String, hint: &str| StartError::Config {
            system: "kafka",
            why,
            hint: hint.into(),
        };
        for topic in topics {
            let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if topic.name.is_empty() || !topic.name.chars().all(legal) {
                return Err(refuse(
                    format!("topic name {:?} is not legal", topic.name),
                    "use letters, digits, dots, underscores and dashes",
                ));
            }
            if self.topic(&topic.name).len() > TOPIC_NAME_MAX {
                return Err(refuse(
                    format!("topic name {:?} is too long", topic.name),
                    "use at most 200 characters: the trial's number is added",
                ));
            }
            if topic.replicas == Some(0) {
                return Err(refuse(
                    format!("topic {:?} has 0 replicas", topic.name),
                    "ask for 1 replica or more, or for none to have the system's default",
                ));
            }
            if topic.partitions == 0 || topic.partitions > 10_000 {
                return Err(refuse(
                    format!("topic {:?} has {} partitions", topic.name, topic.partitions),
                    "ask for 1 to 10000 partitions",
                ));
            }
        }
        Ok(())
    }
}

/// A logical topic without the `topic.` that stands in targets.
pub(crate) fn bare(logical: &str) -> &str {
    logical.strip_prefix("topic.").unwrap_or(logical)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str, partitions: u32) -> Topic {
        Topic {
            name: name.into(),
            partitions,
            replicas: None,
        }
    }

    #[test]
    fn names_turn_back_and_strangers_keep_theirs() {
        let names = Names::new(TrialNames { run: 7, trial: 12 });
        assert_eq!(names.topic("orders"), "orders-r7-t12");
        assert_eq!(names.topic("topic.orders"), "orders-r7-t12");
        assert_eq!(names.target("orders-r7-t12"), "topic.orders");
        assert_eq!(names.target("orders-r7-t1"), "topic.orders-r7-t1");
        assert_eq!(names.target("orders-r7-t112"), "topic.orders-r7-t112");
        assert_eq!(names.target(&"é".repeat(9_000)).len(), "topic.".len() + 248);
        assert_eq!(names.group(), "g-r7-t12");
        assert_eq!(names.transactional_id(), "tx-r7-t12");
    }

    #[test]
    fn more_replicas_than_brokers_are_explained() {
        for (replicas, brokers, expect) in [
            (
                3,
                1,
                "the cluster has 1 broker: ask for 1 replica, or use --on kafka=local:3",
            ),
            (
                5,
                3,
                "the cluster has 3 brokers: ask for at most 3 replicas, or use --on kafka=local:5",
            ),
            (9, 0, "the cluster has 1 broker: ask for 1 replica"),
        ] {
            assert_eq!(too_many_replicas(replicas, brokers), expect);
        }
    }

    #[test]
    fn illegal_setups_are_refused() {
        let names = Names::new(TrialNames { run: 7, trial: 12 });
        assert!(names.check(&[topic("orders", 3)]).is_ok());
        for bad in [
            topic("", 1),
            topic("a b", 1),
            topic("ü", 1),
            topic(&"x".repeat(245), 1),
            topic("orders", 0),
            Topic {
                replicas: Some(0),
                ..topic("orders", 1)
            },
        ] {
            assert!(names.check(std::slice::from_ref(&bad)).is_err(), "{bad:?}");
        }
    }
}
