use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use uuid::Uuid;

use crate::problem::Problem;

/// The `{id}` of the path. What is no UUID names nothing, just like a UUID that nothing has.
pub(crate) struct PathId<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for PathId<T>
where
    S: Send + Sync,
    T: From<Uuid>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        Uuid::try_parse(&text).map(|id| Self(T::from(id))).map_err(|_| Problem::not_found())
    }
}

/// A text of the path, such as a `{provider}`. What does not have its form names nothing.
pub(crate) struct PathText<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for PathText<T>
where
    S: Send + Sync,
    T: std::str::FromStr,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text =
            Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}
