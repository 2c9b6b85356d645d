//! On a real server: what is fed, what is seen of it, what is left, and what of it
//! survives. Needs `redis-server`, on the path or in REDIS_SERVER.

mod backlog;
mod broken;
mod conformance;
mod feed;
mod places;
mod running;
mod secure;
