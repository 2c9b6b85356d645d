//! A trial's queues.

use crate::client::{CallError, Sqs};
use crate::names::Names;
use exactly_adapter::StartError;
use exactly_model::Queue;
use serde_json::{Value, json};

/// Creates every queue of the setup; those for dead letters first, since the others
/// name them.
pub(crate) async fn create(sqs: &Sqs, names: &Names) -> Result<(), StartError> {
    let (first, then): (Vec<&Queue>, Vec<&Queue>) = names
        .queues()
        .iter()
        .partition(|queue| queue.dead_letters.is_none());
    for queue in first.into_iter().chain(then) {
        let attributes = attributes(sqs, names, queue).await?;
        let name = names.physical(queue);
        let fields = json!({ "QueueName": name, "Attributes": attributes });
        let created = sqs.call("CreateQueue", &fields).await;
        let created = created.map_err(|error| cannot_create(queue, &error))?;
        if let Some(url) = created.get("QueueUrl").and_then(Value::as_str) {
            sqs.learns_account(url);
        }
    }
    Ok(())
}

async fn attributes(sqs: &Sqs, names: &Names, queue: &Queue) -> Result<Value, StartError> {
    let mut attributes = json!({ "VisibilityTimeout": queue.visibility_s.to_string() });
    if queue.fifo {
        attributes["FifoQueue"] = "true".into();
        attributes["ContentBasedDeduplication"] = queue.content_based.to_string().into();
        if queue.dedup_per_group {
            attributes["DeduplicationScope"] = "messageGroup".into();
        }
    }
    let Some(dead) = &queue.dead_letters else {
        return Ok(attributes);
    };
    let target = names.queue(dead).ok_or_else(|| StartError::Config {
        system: crate::KIND,
        why: format!(
            "queue {} sends its dead letters to {dead}, which is not there",
            queue.name
        ),
        hint: "name it among the queues of the setup".into(),
    })?;
    let arn = arn(sqs, &names.physical(target)).await;
    let arn = arn.map_err(|error| cannot_create(queue, &error))?;
    let policy = json!({
        "deadLetterTargetArn": arn,
        "maxReceiveCount": queue.max_receives.unwrap_or(1).to_string(),
    });
    attributes["RedrivePolicy"] = policy.to_string().into();
    Ok(attributes)
}

/// The ARN of a queue.
pub(crate) async fn arn(sqs: &Sqs, name: &str) -> Result<String, CallError> {
    let fields = json!({
        "QueueUrl": sqs.queue_url(name),
        "AttributeNames": ["QueueArn"],
    });
    let answer = sqs.call("GetQueueAttributes", &fields).await?;
    let arn = answer
        .pointer("/Attributes/QueueArn")
        .and_then(Value::as_str);
    Ok(arn.unwrap_or_default().to_string())
}

/// Removes the trial's queues, as far as that goes.
pub(crate) async fn delete(sqs: &Sqs, names: &Names) {
    for queue in names.queues() {
        let fields = json!({ "QueueUrl": sqs.queue_url(&names.physical(queue)) });
        if let Err(error) = sqs.call("DeleteQueue", &fields).await {
            tracing::debug!(%error, queue = queue.name, "cannot delete the queue");
        }
    }
}

fn cannot_create(queue: &Queue, error: &CallError) -> StartError {
    StartError::Config {
        system: crate::KIND,
        why: format!("cannot create the queue {}: {error}", queue.name),
        hint: "check its settings, and that the server is an SQS".into(),
    }
}
