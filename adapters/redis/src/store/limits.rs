//! How much of everything there can be.

/// Limits of an embedded server. They are far above what the claims need, and there
/// so that no client takes all memory.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Clients at a time; Redis has `maxclients` 10000.
    pub clients: usize,
    /// Estimated bytes of all keys, `maxmemory` or not: beyond it writes are refused
    /// with OOM.
    pub key_bytes: usize,
    /// Subscriptions of all clients.
    pub subscriptions: usize,
    /// Commands in one transaction.
    pub queued_commands: usize,
    /// Bytes of the commands in one transaction.
    pub queued_bytes: usize,
    /// Keys that one client watches.
    pub watched_keys: usize,
    /// Clocks that were moved.
    pub clocks: usize,
    /// Bytes that wait for one client, whatever `client-output-buffer-limit` says.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 10_000,
            key_bytes: 1 << 30,
            subscriptions: 1 << 20,
            queued_commands: 100_000,
            queued_bytes: 64 << 20,
            watched_keys: 10_000,
            clocks: 10_000,
            output_bytes: 256 << 20,
        }
    }
}
