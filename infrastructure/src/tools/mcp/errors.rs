use application::ports::ToolFailure;
use rmcp::service::{ClientInitializeError, ServiceError};
use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::StreamableHttpError;

use crate::outbound::OutboundError;
use crate::tools::failures::{protocol, unauthorized, unreachable};

/// Why a server could not be spoken to. What a server writes into its errors is not repeated: nobody asked it yet.
pub(super) fn not_connected(error: &ClientInitializeError) -> ToolFailure {
    match error {
        ClientInitializeError::TransportError { error, .. } => not_carried(error),
        ClientInitializeError::LegacyFallbackFailed { fallback, .. } => not_connected(fallback),
        ClientInitializeError::ConnectionClosed(_) | ClientInitializeError::Cancelled => broken_off(),
        // The other errors say in which way the answer was not the protocol's.
        _ => no_server(),
    }
}

/// Why a question was not answered.
pub(super) fn failed(error: &ServiceError) -> ToolFailure {
    match error {
        ServiceError::TransportSend(error) => not_carried(error),
        ServiceError::TransportClosed | ServiceError::Cancelled { .. } | ServiceError::Timeout { .. } => {
            broken_off()
        }
        _ => no_server(),
    }
}

fn not_carried(error: &DynamicTransportError) -> ToolFailure {
    let Some(error) = error.error.downcast_ref::<StreamableHttpError<reqwest::Error>>() else {
        return broken_off();
    };
    match error {
        StreamableHttpError::Client(error) => OutboundError::of(error).into(),
        StreamableHttpError::HttpStatus(answered) => {
            unreachable(format!("the MCP server answered with HTTP status {}", answered.status))
        }
        StreamableHttpError::AuthRequired(_) | StreamableHttpError::InsufficientScope(_) => {
            unauthorized("the MCP server asks for other credentials")
        }
        StreamableHttpError::Sse(_)
        | StreamableHttpError::Io(_)
        | StreamableHttpError::UnexpectedEndOfStream
        | StreamableHttpError::TransportChannelClosed
        | StreamableHttpError::SessionExpired => broken_off(),
        _ => no_server(),
    }
}

fn broken_off() -> ToolFailure {
    unreachable("the connection to the MCP server broke off")
}

fn no_server() -> ToolFailure {
    protocol("the MCP server did not answer as the protocol says")
}
