//! How the world is reached: one adapter per port.
//!
//! [`postgres`] holds the event log with its committer, the readers and the credential tables; [`crypto`] the
//! hashing, sealing and token making; [`providers`] the models; [`tools`] what agents use beside them; [`outbound`] the
//! one way out to what tenants name.
//! Nothing here decides about the business, knows a route, or names a read model. Start reading at `postgres/committer/mod.rs`.

pub mod clock;
pub mod crypto;
pub mod embedded;
pub mod json_schema;
pub mod mail;
pub mod outbound;
pub mod postgres;
pub mod providers;
pub mod tools;
