//! What reports look like, on a terminal and for a CI.

mod annotations;
mod check;
mod junit;
mod markdown;
mod shown;
mod support;
mod xml;
