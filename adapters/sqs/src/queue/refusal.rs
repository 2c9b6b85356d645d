//! What SQS refuses with: one code in two spellings, and a sentence.

/// Why SQS refused. Source of the names and statuses: the "Errors" part of each
/// page of the Amazon SQS API Reference, and its page "Common Error Types".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Two entries of a batch have the same id.
    BatchEntryIdsNotDistinct,
    /// The messages of a batch are longer than 1 MiB together.
    BatchRequestTooLong,
    /// A batch without entries.
    EmptyBatchRequest,
    /// The action does not exist.
    InvalidAction,
    /// An attribute that does not exist, or not for this type of queue.
    InvalidAttributeName,
    /// A value that the attribute cannot have.
    InvalidAttributeValue,
    /// The id of an entry has characters that ids don't have.
    InvalidBatchEntryId,
    /// The body has characters that SQS does not carry.
    InvalidMessageContents,
    /// A parameter has a value that it cannot have here.
    InvalidParameterValue,
    /// The request is not one of the protocol.
    MalformedInput,
    /// The message is not in flight.
    MessageNotInflight,
    /// A parameter that has to be there is not.
    MissingParameter,
    /// Too many messages in flight, or a bound of this server.
    OverLimit,
    /// The queue was purged within the last 60 seconds.
    PurgeQueueInProgress,
    /// A queue of this name was deleted within the last 60 seconds.
    QueueDeletedRecently,
    /// There is no such queue.
    QueueDoesNotExist,
    /// There is such a queue, with other attributes.
    QueueNameExists,
    /// The receipt handle is none of this queue's.
    ReceiptHandleIsInvalid,
    /// The request is longer than this server reads.
    RequestEntityTooLarge,
    /// There is no such resource (move tasks only).
    ResourceNotFound,
    /// More than ten entries in a batch.
    TooManyEntriesInBatchRequest,
    /// SQS has this, this server does not.
    UnsupportedOperation,
}

impl Code {
    /// The name in `__type` of the JSON protocol.
    pub fn shape(self) -> &'static str {
        match self {
            Self::InvalidAction => "com.amazon.coral.service#UnknownOperationException",
            Self::InvalidParameterValue => {
                "com.amazon.coral.service#InvalidParameterValueException"
            }
            Self::MalformedInput => "com.amazon.coral.service#SerializationException",
            Self::MissingParameter => "com.amazon.coral.service#MissingRequiredParameterException",
            Self::BatchEntryIdsNotDistinct => "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "com.amazonaws.sqs#BatchRequestTooLong",
            Self::EmptyBatchRequest => "com.amazonaws.sqs#EmptyBatchRequest",
            Self::InvalidAttributeName => "com.amazonaws.sqs#InvalidAttributeName",
            Self::InvalidAttributeValue => "com.amazonaws.sqs#InvalidAttributeValue",
            Self::InvalidBatchEntryId => "com.amazonaws.sqs#InvalidBatchEntryId",
            Self::InvalidMessageContents => "com.amazonaws.sqs#InvalidMessageContents",
            Self::MessageNotInflight => "com.amazonaws.sqs#MessageNotInflight",
            Self::OverLimit => "com.amazonaws.sqs#OverLimit",
            Self::PurgeQueueInProgress => "com.amazonaws.sqs#PurgeQueueInProgress",
            Self::QueueDeletedRecently => "com.amazonaws.sqs#QueueDeletedRecently",
            Self::QueueDoesNotExist => "com.amazonaws.sqs#QueueDoesNotExist",
            Self::QueueNameExists => "com.amazonaws.sqs#QueueNameExists",
            Self::ReceiptHandleIsInvalid => "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            Self::RequestEntityTooLarge => "com.amazonaws.sqs#RequestEntityTooLarge",
            Self::ResourceNotFound => "com.amazonaws.sqs#ResourceNotFoundException",
            Self::TooManyEntriesInBatchRequest => "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
            Self::UnsupportedOperation => "com.amazonaws.sqs#UnsupportedOperation",
        }
    }

    /// The code of the query protocol, which SDKs show for the JSON protocol too
    /// (header `x-amzn-query-error`).
    pub fn query(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::MessageNotInflight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::PurgeQueueInProgress => "AWS.SimpleQueueService.PurgeQueueInProgress",
            Self::QueueDeletedRecently => "AWS.SimpleQueueService.QueueDeletedRecently",
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists => "QueueAlreadyExists",
            Self::TooManyEntriesInBatchRequest => {
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
            }
            Self::UnsupportedOperation => "AWS.SimpleQueueService.UnsupportedOperation",
            Self::InvalidAction => "InvalidAction",
            Self::InvalidAttributeName => "InvalidAttributeName",
            Self::InvalidAttributeValue => "InvalidAttributeValue",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::InvalidParameterValue => "InvalidParameterValue",
            Self::MalformedInput => "MalformedInput",
            Self::MissingParameter => "MissingParameter",
            Self::OverLimit => "OverLimit",
            Self::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
            Self::ResourceNotFound => "ResourceNotFoundException",
        }
    }

    /// The HTTP status of both protocols.
    pub fn status(self) -> u16 {
        match self {
            Self::OverLimit | Self::PurgeQueueInProgress => 403,
            Self::ReceiptHandleIsInvalid | Self::ResourceNotFound => 404,
            Self::RequestEntityTooLarge => 413,
            _ => 400,
        }
    }
}

/// A refusal: nothing was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.query())]
pub struct Refusal {
    /// What kind.
    pub code: Code,
    /// The sentence for people, AWS's where it is known.
    pub message: String,
}

impl Refusal {
    /// A refusal with its sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The sentence of a parameter that has a value it cannot have.
    pub(crate) fn value(value: impl std::fmt::Display, parameter: &str, reason: &str) -> Self {
        Self::new(
            Code::InvalidParameterValue,
            format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"),
        )
    }

    /// The sentence of a parameter that has to be there.
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::new(
            Code::MissingParameter,
            format!("The request must contain the parameter {parameter}."),
        )
    }
}
