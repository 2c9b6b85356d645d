//! The embedded server beside a real Redis 7: the same commands to both, and replies
//! compared byte for byte. What may differ is listed, with why
//! (`differential/known.rs`).

#[path = "differential/generated.rs"]
mod generated;
#[path = "differential/known.rs"]
mod known;
#[path = "differential/pair.rs"]
mod pair;
#[path = "differential/scripts.rs"]
mod scripts;
