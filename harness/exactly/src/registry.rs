//! The adapters there are.

use exactly_adapter::Adapter;

/// The adapter of a kind of system.
pub(crate) fn adapter(kind: &str) -> Option<Box<dyn Adapter>> {
    match kind {
        "kafka" => Some(Box::new(exactly_kafka::Kafka)),
        "postgres" => Some(Box::new(exactly_postgres::Postgres)),
        "sqs" => Some(Box::new(exactly_sqs::SqsSystem)),
        "http" => Some(Box::new(exactly_http::Http)),
        "redis" => Some(Box::new(exactly_redis::RedisSystem)),
        "smtp" => Some(Box::new(exactly_smtp::Smtp)),
        _ => None,
    }
}

/// The kinds of system there are.
pub fn kinds() -> &'static [&'static str] {
    &["kafka", "postgres", "sqs", "http", "redis", "smtp"]
}

/// Serves an embedded system on `port` (0: a free one) until the process ends;
/// `announce` gets the line that says it is ready. `None` when nothing is embedded under that name.
pub async fn serve_embedded(
    name: &str,
    port: u16,
    announce: impl FnOnce(&str),
) -> Option<std::io::Result<()>> {
    match name {
        "kafka" => Some(exactly_kafka::serve_embedded(port, announce).await),
        "sqs" => Some(exactly_sqs::serve_embedded(port, announce).await),
        "http" => Some(exactly_http::serve_embedded(port, announce).await),
        "redis" => Some(exactly_redis::serve_embedded(port, announce).await),
        "smtp" => Some(exactly_smtp::serve_embedded(port, announce).await),
        _ => None,
    }
}
