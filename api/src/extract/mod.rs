//! What handlers ask for. Everything is parsed here; behind it nothing is checked again.

mod api_key;
mod authed;
mod client;
pub(crate) mod cookie;
mod fields;
mod items;
mod json;
mod keys;
mod member;
mod origin;
mod path;
mod query;
mod tenant_hint;
mod values;

pub(crate) use authed::{Authed, note_session, readmit, readmit_if_stale};
pub(crate) use client::client_address;
pub use client::{Network, NetworkError};
pub(crate) use json::{JsonBody, body_limit, read_body};
pub(crate) use keys::{BoundAgents, LifeInDays, OverlapInHours, ProviderSecret, Scopes};
pub(crate) use origin::{RequestId, RequestOrigin, trace_id};
pub(crate) use path::{PathId, PathText};
pub(crate) use query::Parameters;
pub(crate) use tenant_hint::TenantHint;
pub(crate) use values::{
    Address, EventTypes, JsonObject, Limit, Password, Position, PresentedPassword, SearchText, Timestamp,
    Token, Usd, Visible, given, or_null,
};
