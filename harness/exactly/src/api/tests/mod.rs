//! What is put together, and what messages say; whole checks are run by
//! `examples/rust-orders`.

mod messages;
mod put_together;
