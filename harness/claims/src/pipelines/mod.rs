//! The pipelines under test. Each file is one service as its users would write
//! it; what they share is in `app` (settings, the order itself, timeouts), in
//! `charges`, in `mails`, in `queues`, in `streams`, in `subscribers` and in
//! `transactions`.

pub(crate) mod ack_then_effect;
pub(crate) mod app;
pub(crate) mod auto_commit_timer;
pub(crate) mod batch_commit;
pub(crate) mod batch_partial_acked;
pub(crate) mod batch_partial_retried;
pub(crate) mod charge_after_commit;
pub(crate) mod charge_before_commit;
pub(crate) mod charge_new_key;
pub(crate) mod charge_once;
pub(crate) mod charge_retried;
pub(crate) mod charge_same_key;
pub(crate) mod charges;
pub(crate) mod concurrent_highest_offset;
pub(crate) mod effect_then_ack;
pub(crate) mod idempotent_only;
pub(crate) mod inbox_then_ack;
pub(crate) mod mail_after_commit;
pub(crate) mod mail_in_transaction;
pub(crate) mod mail_in_transaction_once;
pub(crate) mod mail_retried;
pub(crate) mod mail_retried_by_pool;
pub(crate) mod mails;
pub(crate) mod position_in_database;
pub(crate) mod queues;
pub(crate) mod redis_ack_then_effect;
pub(crate) mod redis_effect_then_ack;
pub(crate) mod redis_hint;
pub(crate) mod redis_inbox_then_ack;
pub(crate) mod redis_new_entries_only;
pub(crate) mod redis_subscriber;
pub(crate) mod redis_subscriber_twice;
pub(crate) mod row_after_commit;
pub(crate) mod row_before_commit;
pub(crate) mod sqs_batch_go_on;
pub(crate) mod sqs_batch_stop;
pub(crate) mod sqs_delete_then_effect;
pub(crate) mod sqs_effect_then_delete;
pub(crate) mod sqs_inbox_by_business_id;
pub(crate) mod sqs_inbox_by_message_id;
pub(crate) mod sqs_inbox_by_sequence;
pub(crate) mod sqs_resend;
pub(crate) mod sqs_resend_by_number;
pub(crate) mod sqs_resend_content_based;
pub(crate) mod sqs_resend_new_id;
pub(crate) mod streams;
pub(crate) mod subscribers;
pub(crate) mod transactional;
pub(crate) mod transactions;

#[cfg(test)]
mod tests {
    /// Users do not know that they are watched: the code of a pipeline must not
    /// be able to please its judge.
    #[test]
    fn no_pipeline_knows_the_harness() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/pipelines");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).expect("the sources are there") {
            let path = entry.expect("the folder can be read").path();
            if path.ends_with("mod.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source is text");
            let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
            for line in code {
                assert!(!line.contains("exactly"), "{}: {line}", path.display());
            }
            files += 1;
        }
        let shared = [
            "app",
            "charges",
            "mails",
            "queues",
            "streams",
            "subscribers",
            "transactions",
        ];
        let shared = shared.len();
        assert_eq!(files, crate::programs().len() + shared, "one file each");
    }
}
