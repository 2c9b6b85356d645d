//! What is on the wire: the labels of requests and responses. The framing is
//! `exactly-http1`'s.

mod ids;
mod labeller;
mod template;

pub(crate) use labeller::{HttpLabeller, has_errors, is_overtaken};

use crate::provision::account_of;
use exactly_adapter::{Decoder, TrialNames};
use exactly_http1::HttpDecoder;

/// A decoder for one connection of a trial, with no service behind it: it reads bytes
/// that come from elsewhere. With an `authority`, requests are passed on to that name
/// as they are to a service of somebody else's.
pub fn decoder(names: TrialNames, authority: Option<&str>) -> Box<dyn Decoder> {
    let labeller = match authority {
        None => HttpLabeller::new(names, account_of(names)),
        Some(authority) => HttpLabeller::new(names, "").towards(authority.into()),
    };
    Box::new(HttpDecoder::new(labeller))
}
