//! What every request goes through, outermost first: compression, [`request`], panics, [`idempotency`].

pub(crate) mod headers;
pub(crate) mod idempotency;
pub(crate) mod request;
