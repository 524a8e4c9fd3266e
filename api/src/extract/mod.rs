//! What handlers ask for. Everything is parsed here; behind it nothing is checked again.

mod authed;
mod client;
mod fields;
mod json;
mod member;
mod origin;
mod path;
mod query;
mod tenant_hint;
mod values;

pub(crate) use authed::{Authed, admit};
pub use client::{Network, NetworkError};
pub(crate) use json::{JsonBody, body_limit, read_body};
pub(crate) use origin::{RequestId, RequestOrigin};
pub(crate) use path::PathId;
pub(crate) use query::Parameters;
pub(crate) use tenant_hint::TenantHint;
pub(crate) use values::{
    EventTypes, JsonObject, Limit, Password, Position, PresentedPassword, SearchText, Timestamp, Token, given,
};
