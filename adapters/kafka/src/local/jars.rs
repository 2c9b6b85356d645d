//! Kafka's jars, under the setting `KAFKA_HOME`.

use exactly_adapter::jvm::{Jars, JvmServer};
use exactly_adapter::{Host, StartError};

/// Everything here is KRaft: 4.0 is the first version without ZooKeeper.
pub(super) static KAFKA: JvmServer = JvmServer {
    system: "kafka",
    name: "Kafka",
    setting: "KAFKA_HOME",
    jars: &["kafka_2.13-"],
    oldest: [4, 0],
    get: "unpack Apache Kafka 4 from https://kafka.apache.org/downloads and set KAFKA_HOME to its \
          folder, or fetch the jars by Maven as docs/kafka.md says",
};

/// Kafka writes its log through slf4j; without a logger behind it a node never
/// says that it is ready.
const LOGGER: &str = "log4j-slf4j";

/// The newest version that there is, with a logger.
pub(super) fn find(host: &dyn Host) -> Result<Jars, StartError> {
    let jars = KAFKA.find(host)?;
    if !jars.has(LOGGER) {
        return Err(KAFKA.missing(format!(
            "no {LOGGER}*.jar beside Kafka {} in {}",
            jars.version(),
            jars.folder().display()
        )));
    }
    Ok(jars)
}
