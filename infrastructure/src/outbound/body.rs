use reqwest::Response;
use reqwest::header::CONTENT_ENCODING;

use super::{IDLE_WITHIN, OutboundError};

/// The whole body, if it has at most `max_bytes`. It is read no further than that, and falls silent for at most
/// [`IDLE_WITHIN`]. Nothing is decompressed: a compressed body, which nobody asked for, is refused.
pub async fn read_limited(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, OutboundError> {
    let is_plain = |value: &reqwest::header::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !response.headers().get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return Err(OutboundError::Encoded);
    }
    let too_large = || OutboundError::TooLarge(max_bytes);
    if response.content_length().is_some_and(|length| length > max_bytes as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    loop {
        let chunk = tokio::time::timeout(IDLE_WITHIN, response.chunk()).await;
        let Some(chunk) = chunk.map_err(|_| OutboundError::Timeout)?? else { return Ok(body) };
        if body.len() + chunk.len() > max_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
}
