//! ElasticMQ's jars, under the setting `ELASTICMQ_HOME`.

use exactly_adapter::jvm::JvmServer;

/// As Maven has it, or the jar that holds everything; 1.6 is the first version whose
/// AWS JSON protocol answers all that is asked here.
pub(super) static ELASTICMQ: JvmServer = JvmServer {
    system: crate::KIND,
    name: "ElasticMQ",
    setting: "ELASTICMQ_HOME",
    jars: &["elasticmq-server_2.13-", "elasticmq-server-all-"],
    oldest: [1, 6],
    get: "fetch them by `mvn -f .ci/elasticmq/pom.xml dependency:copy-dependencies \
          -DincludeScope=runtime -DoutputDirectory=\"$ELASTICMQ_HOME/libs\"` (docs/sqs.md)",
};
