use std::time::Duration;

use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderValue};

use super::OutboundError;

/// A body that is read as it comes.
pub struct Body {
    response: Response,
    left: usize,
    max_bytes: usize,
    silence: Duration,
}

impl Body {
    /// The body of an answer: at most `max_bytes` of it are read, and it may fall silent for so long. Nothing is
    /// decompressed: a compressed body, which nobody asked for, is refused.
    pub fn of(response: Response, max_bytes: usize, silence: Duration) -> Result<Self, OutboundError> {
        let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
        if !response.headers().get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return Err(OutboundError::Encoded);
        }
        Ok(Self { response, left: max_bytes, max_bytes, silence })
    }

    /// The next bytes; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, OutboundError> {
        let piece = tokio::time::timeout(self.silence, self.response.chunk()).await;
        let piece = piece.map_err(|_| OutboundError::Timeout)??;
        if let Some(piece) = &piece {
            self.left = self.left.checked_sub(piece.len()).ok_or(OutboundError::TooLarge(self.max_bytes))?;
        }
        Ok(piece)
    }
}
