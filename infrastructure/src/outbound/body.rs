use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;

use super::{IDLE_WITHIN, OutboundError};

/// The whole body, if it has at most `max_bytes`. It is read no further than that, and falls silent for at most
/// [`IDLE_WITHIN`]. Nothing is decompressed: a compressed body, which nobody asked for, is refused.
pub async fn read_limited(response: Response, max_bytes: usize) -> Result<Vec<u8>, OutboundError> {
    let promises_more = response.content_length().is_some_and(|length| length > max_bytes as u64);
    if promises_more && is_plain(&response) {
        return Err(OutboundError::TooLarge(max_bytes));
    }
    let (body, is_whole) = read_up_to(response, max_bytes).await?;
    if is_whole { Ok(body) } else { Err(OutboundError::TooLarge(max_bytes)) }
}

/// The first `max_bytes` of a body, and whether that is all of it; else under the same rules.
pub async fn read_up_to(mut response: Response, max_bytes: usize) -> Result<(Vec<u8>, bool), OutboundError> {
    if !is_plain(&response) {
        return Err(OutboundError::Encoded);
    }
    let mut body = Vec::new();
    loop {
        let chunk = tokio::time::timeout(IDLE_WITHIN, response.chunk()).await;
        let Some(chunk) = chunk.map_err(|_| OutboundError::Timeout)?? else { return Ok((body, true)) };
        let left = max_bytes - body.len();
        if chunk.len() > left {
            body.extend_from_slice(&chunk[..left]);
            return Ok((body, false));
        }
        body.extend_from_slice(&chunk);
    }
}

fn is_plain(response: &Response) -> bool {
    let is_plain = |value: &reqwest::header::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    response.headers().get_all(CONTENT_ENCODING).iter().all(is_plain)
}
