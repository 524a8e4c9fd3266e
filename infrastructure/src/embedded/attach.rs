//! Joining a server that another process owns.

use super::{
    access::{Access, Answer},
    cluster::Cluster,
    error::EmbeddedError,
};
use sqlx::postgres::PgConnectOptions;
use std::path::Path;

/// Options for the owner role of the server that runs for this data directory; `None` when there is none.
/// Waits while it starts or recovers. The server is neither started nor stopped nor watched from here.
///
/// # Errors
/// `PasswordMissing`, `PasswordRefused`, `NotReady` after five minutes, and `Io` for a user who may not read the password.
pub async fn attach(data_dir: &Path) -> Result<Option<PgConnectOptions>, EmbeddedError> {
    let Some(cluster) = Cluster::find_in(data_dir)? else {
        return Ok(None);
    };
    let access = Access::load(&cluster)?;
    match access.ask_until_settled().await? {
        Answer::Ready => Ok(Some(access.options())),
        Answer::Busy | Answer::Absent => Ok(None),
    }
}
