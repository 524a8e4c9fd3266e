use std::time::Duration;

use reqwest::Response;

use super::{Body, OutboundError};

/// The whole body, if it has at most `max_bytes`. It is read no further than that, under the rules of [`Body`].
pub async fn read_limited(
    response: Response,
    max_bytes: usize,
    silence: Duration,
) -> Result<Vec<u8>, OutboundError> {
    let promises_more = response.content_length().is_some_and(|length| length > max_bytes as u64);
    let body = Body::of(response, silence)?;
    if promises_more {
        return Err(OutboundError::TooLarge(max_bytes));
    }
    let (body, is_whole) = body.up_to(max_bytes).await?;
    if is_whole { Ok(body) } else { Err(OutboundError::TooLarge(max_bytes)) }
}

/// The first `max_bytes` of a body, and whether that is all of it; else under the same rules.
pub async fn read_up_to(
    response: Response,
    max_bytes: usize,
    silence: Duration,
) -> Result<(Vec<u8>, bool), OutboundError> {
    Body::of(response, silence)?.up_to(max_bytes).await
}
