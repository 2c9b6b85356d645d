//! What the tests speak: a server, a time, and lines for commands.

use crate::store::*;
use bytes::Bytes;

pub const START_MS: u64 = 1_000_000_000_000;

pub struct Scene {
    pub store: Store,
    pub now_ms: u64,
    pub own: ClientId,
}

impl Scene {
    pub fn new() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let mut store = Store::with_limits(7, limits);
        let own = store.connect("own".into(), START_MS).expect("room");
        Self {
            store,
            now_ms: START_MS,
            own,
        }
    }

    pub fn connect(&mut self) -> ClientId {
        let id = self.store.connect("other".into(), self.now_ms);
        id.expect("room")
    }

    /// What a client is answered, and what it was sent before.
    pub fn says(&mut self, client: ClientId, line: &str) -> String {
        let args: Vec<Bytes> = line
            .split(' ')
            .map(|word| Bytes::copy_from_slice(word.as_bytes()))
            .collect();
        self.store.apply(client, &args, self.now_ms);
        self.waiting(client)
    }

    pub fn own(&mut self, line: &str) -> String {
        self.says(self.own, line)
    }

    /// What waits for a client, which reads it. Line ends are blanks.
    pub fn waiting(&mut self, client: ClientId) -> String {
        let Some(outbox) = self.store.outbox(client) else {
            return String::new();
        };
        let mut slices = [std::io::IoSlice::new(&[]); 64];
        let count = outbox.slices(&mut slices);
        let bytes: Vec<u8> = slices[..count]
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect();
        outbox.written(bytes.len());
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", " ");
        text.trim_end().to_string()
    }

    pub fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
    }
}
