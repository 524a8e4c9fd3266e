use std::collections::HashMap;
use std::sync::Arc;

use application::ports::ToolFailure;
use futures::stream::BoxStream;
use reqwest::Client;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::RoleClient;
use rmcp::model::{ClientCapabilities, ClientConfig, ClientJsonRpcMessage, Implementation, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, Peer, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::common::client_side_sse::NeverRetry;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpClientTransportConfig, StreamableHttpError,
    StreamableHttpPostResponse, StreamableHttpResponseLimits,
};
use sse_stream::Sse;

use super::errors;
use crate::outbound::Outbound;

/// The most bytes of one message of a server.
const MAX_MESSAGE: usize = 1024 * 1024;
/// The most bytes that are read of an answer that is no message.
const MAX_ERROR: usize = 4 * 1024;

/// A connection to a server. Dropping it ends it.
pub(super) struct Connection {
    service: RunningService<RoleClient, ClientConfig>,
}

impl Connection {
    /// Says hello: by `server/discover`, which needs no session, or as servers before 2026-07-28 know it.
    pub(super) async fn open(
        outbound: &Outbound,
        url: &str,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<Self, ToolFailure> {
        let mut config = StreamableHttpClientTransportConfig::with_uri(url)
            .custom_headers(headers)
            .max_sse_event_size(MAX_MESSAGE)
            .max_json_response_size(MAX_MESSAGE)
            .max_error_response_size(MAX_ERROR)
            .reinit_on_expired_session(false);
        // Whether a call is made again is not for a transport to say.
        config.retry_config = Arc::new(NeverRetry::default());
        let transport =
            StreamableHttpClientTransport::with_client(Guarded(outbound.client().clone()), config);
        let about = Implementation::new("AgentCores", env!("CARGO_PKG_VERSION"));
        let client = ClientConfig::new(ClientCapabilities::default(), about);
        let lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::LATEST],
            legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
        };
        let service = client.serve_with_lifecycle(transport, lifecycle).await;
        Ok(Self { service: service.map_err(|error| errors::not_connected(&error))? })
    }

    pub(super) fn peer(&self) -> &Peer<RoleClient> {
        self.service.peer()
    }

    /// Takes leave in the background: a server with sessions is told that this one is over.
    pub(super) fn end(self) {
        self.service.cancellation_token().cancel();
    }
}

/// The guarded client. It opens no stream of its own for what servers have to say unasked: nobody would hear it.
#[derive(Clone)]
struct Guarded(Client);

type Failed = StreamableHttpError<reqwest::Error>;

impl StreamableHttpClient for Guarded {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        self.0.post_message(uri, message, session_id, auth_header, custom_headers).await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let client = &self.0;
        client
            .post_message_with_response_limits(uri, message, session_id, auth_header, custom_headers, limits)
            .await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failed> {
        self.0.delete_session(uri, session_id, auth_header, custom_headers).await
    }

    async fn get_stream(
        &self,
        _: Arc<str>,
        _: Option<Arc<str>>,
        _: Option<String>,
        _: Option<String>,
        _: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}
