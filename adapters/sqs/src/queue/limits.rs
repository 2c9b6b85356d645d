//! How much of everything there may be: what AWS documents as constants, what
//! this server bounds for itself as a value.

/// Time within which the same deduplication id is the same message ("Exactly-once
/// processing in Amazon SQS", developer guide).
pub const DEDUPLICATION_WINDOW_MS: u64 = 300_000;
/// Time within which a receive attempt can be repeated (`ReceiveMessage`,
/// `ReceiveRequestAttemptId`).
pub const ATTEMPT_WINDOW_MS: u64 = 300_000;
/// Longest message, and longest batch together ("Amazon SQS message quotas").
pub const MESSAGE_BYTES_MAX: u64 = 1_048_576;
/// Longest time a message can stay invisible from its receive on ("Amazon SQS
/// visibility timeout").
pub const VISIBILITY_S_MAX: u64 = 43_200;
/// Longest wait of a receive ("Amazon SQS short and long polling").
pub const WAIT_S_MAX: u64 = 20;
/// Entries of a batch, and messages of a receive.
pub const BATCH_MAX: usize = 10;
/// How long a purge goes on, and how long the name of a deleted queue is taken
/// (`PurgeQueue`, `DeleteQueue`).
pub const PAUSE_MS: u64 = 60_000;
/// Move tasks that are remembered per queue (`ListMessageMoveTasks`).
pub const MOVE_TASKS_MAX: usize = 10;

/// Bounds that tests set lower.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages in flight per queue; AWS: 120,000 for both types
    /// (`ChangeMessageVisibility`).
    pub in_flight: usize,
    /// Queues. AWS has no such limit.
    pub queues: usize,
    /// Messages that a queue takes in over its life: each stays in its audit log,
    /// which bounds messages and deduplication table too. AWS has no such limit.
    pub accepted_per_queue: usize,
    /// Bytes of message that a queue takes in over its life. AWS has no such limit.
    pub bytes_per_queue: u64,
    /// Prefixes with a clock of their own.
    pub clocks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight: 120_000,
            queues: 10_000,
            accepted_per_queue: 500_000,
            bytes_per_queue: 512 * 1024 * 1024,
            clocks: 100_000,
        }
    }
}
