//! What is on the wire: the labels of requests and responses. The framing is
//! `exactly-http1`'s.

mod ids;
mod labeller;
mod template;

pub(crate) use labeller::{HttpLabeller, has_errors, is_overtaken};
