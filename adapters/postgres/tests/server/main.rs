//! On a real embedded server: what a real client's statements look like at
//! the boundary, and what the harness sees past it.

mod labels;
mod outages;
mod places;
mod proxy;
mod restore;
mod running;
mod sink;
