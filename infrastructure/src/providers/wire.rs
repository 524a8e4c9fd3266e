//! One call over HTTP, the same for every protocol: one request, no retry, and an answer read as it comes.

use std::time::Duration;

use application::ports::{Live, ModelCall, ModelFailure, ModelReply, ToolSpec};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::outbound::{Body, Outbound, read_limited};

use super::draft::Draft;
use super::failure::misconfigured;
use super::fault::{Fault, unanswered};
use super::refusal;
use super::remote::Remote;
use super::sse::Decoder;

/// The most bytes of an answer.
const MAX_ANSWER_BYTES: usize = 10 * 1024 * 1024;
/// The most bytes of an error that are looked at.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// How a provider is spoken to.
pub(super) trait Dialect: Send + Sync {
    /// The request, with what authorises it.
    fn request(&self, line: &Line<'_>, call: &ModelCall) -> Result<RequestBuilder, ModelFailure>;

    /// Takes the data of one event of a stream in.
    fn event(&self, data: &str, draft: &mut Draft<'_>) -> Result<(), Fault>;

    /// Takes an answer in that came in one piece.
    fn whole(&self, body: &[u8], draft: &mut Draft<'_>) -> Result<(), Fault>;
}

/// A line to a provider.
pub(super) struct Line<'a> {
    pub(super) outbound: &'a Outbound,
    /// How long a model may think before the head of its answer.
    pub(super) first_byte: Duration,
    pub(super) remote: &'a Remote,
    pub(super) key: Option<&'a SecretString>,
}

impl Line<'_> {
    /// A request to a path below the base URL; without one, to the base URL as it is.
    pub(super) fn post(&self, path: &[&str]) -> RequestBuilder {
        let mut url = self.remote.base.clone();
        if !path.is_empty()
            && let Ok(mut segments) = url.path_segments_mut()
        {
            segments.pop_if_empty().extend(path);
        }
        self.outbound.client().post(url).header(ACCEPT, "text/event-stream, application/json")
    }

    /// The request with the key in a header that no log shows, after `prefix`.
    pub(super) fn authorised(
        &self,
        request: RequestBuilder,
        header: &'static str,
        prefix: &str,
    ) -> Result<RequestBuilder, ModelFailure> {
        let Some(key) = self.key else { return Ok(request) };
        let value = HeaderValue::from_str(&format!("{prefix}{}", key.expose_secret()));
        let mut value = value.map_err(|_| refusal::unfit_key())?;
        value.set_sensitive(true);
        Ok(request.header(header, value))
    }

    /// One call.
    pub(super) async fn call(
        &self,
        dialect: &dyn Dialect,
        call: &ModelCall,
        live: &dyn Live,
    ) -> Result<ModelReply, ModelFailure> {
        // Before the request is built: that takes user and password out of the URL.
        self.outbound.admit(&self.remote.base).map_err(|forbidden| unanswered(&forbidden.into()))?;
        let request = dialect.request(self, call)?;
        let sent = self.outbound.send_within(request, self.first_byte).await;
        let response = sent.map_err(|error| unanswered(&error))?;
        if !response.status().is_success() {
            return Err(self.refused(response).await);
        }
        let mut draft = Draft::new(live, self.key);
        match self.read(dialect, response, &mut draft).await {
            Ok(()) => Ok(draft.reply(self.remote, call)),
            Err(fault) => Err(draft.failure(fault, self.remote, call)),
        }
    }

    async fn read(
        &self,
        dialect: &dyn Dialect,
        response: Response,
        draft: &mut Draft<'_>,
    ) -> Result<(), Fault> {
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        let silence = self.outbound.patience().silence;
        match content_type.split(';').next().unwrap_or_default().trim() {
            "text/event-stream" => {
                let mut body = Body::of(response, silence)?;
                let (mut decoder, mut read) = (Decoder::default(), 0);
                while let Some(bytes) = body.next().await? {
                    read += bytes.as_ref().len();
                    if read > MAX_ANSWER_BYTES {
                        return Err(Fault::TooLarge);
                    }
                    decoder.push(bytes.as_ref(), |data| {
                        if draft.is_ended { Ok(()) } else { dialect.event(data, draft) }
                    })?;
                    if draft.is_ended {
                        return Ok(());
                    }
                }
                // Some servers leave the last event out.
                if draft.stop.is_some() { Ok(()) } else { Err(Fault::BrokeOff) }
            }
            "application/json" => {
                let whole = read_limited(response, MAX_ANSWER_BYTES, silence).await?;
                dialect.whole(&whole, draft)
            }
            _ => Err(Fault::Malformed("is neither a stream of events nor JSON")),
        }
    }

    /// What a status other than 200 means. Its body is read only as far as it helps.
    async fn refused(&self, response: Response) -> ModelFailure {
        let (status, headers) = (response.status(), response.headers().clone());
        let silence = self.outbound.patience().silence;
        let body = tokio::time::timeout(silence, read_limited(response, MAX_ERROR_BYTES, silence)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        refusal::of(status, &headers, &body, self.key, &self.remote.quote.model)
    }
}

/// The schema of a tool's arguments, to be sent as the object that it is.
pub(super) fn schema(tool: &ToolSpec) -> Result<Value, ModelFailure> {
    serde_json::from_str(&tool.parameters)
        .map_err(|_| misconfigured(&format!("the tool {} has no schema that can be read", tool.name)))
}
