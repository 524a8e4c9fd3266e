//! What every request goes through, outermost first: [`encodings`], compression, [`request`], panics,
//! [`rate_limit`], [`idempotency`].

pub(crate) mod encodings;
pub(crate) mod headers;
pub(crate) mod idempotency;
pub(crate) mod rate_limit;
pub(crate) mod request;
pub(crate) mod tally;
