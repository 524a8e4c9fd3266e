use std::time::Duration;

use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderValue};

use super::OutboundError;

/// A body that is read as it comes.
pub struct Body {
    response: Response,
    silence: Duration,
}

impl Body {
    /// The body of an answer, which may fall silent for so long. Nothing is decompressed: a compressed body, which
    /// nobody asked for, is refused.
    pub fn of(response: Response, silence: Duration) -> Result<Self, OutboundError> {
        let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
        if !response.headers().get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return Err(OutboundError::Encoded);
        }
        Ok(Self { response, silence })
    }

    /// The next bytes; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, OutboundError> {
        let piece = tokio::time::timeout(self.silence, self.response.chunk()).await;
        Ok(piece.map_err(|_| OutboundError::Timeout)??)
    }

    /// The first `max_bytes`, and whether that is all.
    pub(super) async fn up_to(mut self, max_bytes: usize) -> Result<(Vec<u8>, bool), OutboundError> {
        let mut body = Vec::new();
        while let Some(piece) = self.next().await? {
            let (piece, left) = (piece.as_ref(), max_bytes - body.len());
            if piece.len() > left {
                body.extend_from_slice(&piece[..left]);
                return Ok((body, false));
            }
            body.extend_from_slice(piece);
        }
        Ok((body, true))
    }
}
