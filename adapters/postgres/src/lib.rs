//! PostgreSQL for Exactly.
//!
//! The rooms, as in every adapter:
//!
//! * *boundary*: a decoder of the frontend/backend protocol. It tells which
//!   statement an exchange carries (`INSERT orders`, `COMMIT`), whether it may
//!   write, which messages it concerns, and what its reply says of it.
//! * *client*: the harness's own connections. They read effects by an
//!   observer's query, count them, read positions that a pipeline keeps in a
//!   table, and ask what the server still does for clients that are dead.
//! * *embedded*: real server binaries, fetched once and run by the engine's
//!   supervisor, as another user where the harness is root.
//! * *local*: the PostgreSQL that is installed on this machine.
//! * *node*: the process of either, on a data folder and a port of its own, which
//!   it keeps when it is killed, stopped and started again.
//! * *provision*: a fresh schema for each trial, with the setup applied.
//!
//! A statement counts as an effect unless it certainly only reads: what the
//! tokens do not tell (a function, a cursor, a statement prepared out of
//! sight) may write. Views, rules and operators of the user's own that write
//! are beyond it.
//!
//! ```
//! use exactly_adapter::Adapter;
//!
//! assert_eq!(exactly_postgres::Postgres.kind(), "postgres");
//! ```

mod adapter;
mod boundary;
mod client;
mod embedded;
mod instance;
mod judge;
mod local;
mod node;
mod provision;
mod scope;
mod sqlstate;
mod target;

pub use adapter::Postgres;
pub use boundary::decoder;
pub use judge::judge_error;
