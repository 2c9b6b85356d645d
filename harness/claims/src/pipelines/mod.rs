//! The pipelines under test. Each file is one service as its users would write
//! it; what they share (settings, the order itself, timeouts) is in `app`.

pub(crate) mod ack_then_effect;
pub(crate) mod app;
pub(crate) mod auto_commit_timer;
pub(crate) mod batch_commit;
pub(crate) mod batch_partial_acked;
pub(crate) mod batch_partial_retried;
pub(crate) mod concurrent_highest_offset;
pub(crate) mod effect_then_ack;
pub(crate) mod inbox_then_ack;
