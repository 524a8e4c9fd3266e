use application::ports::{ToolFailure, ToolReply};
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use rmcp::service::ServiceError;

use super::errors;
use crate::tools::answers::{kept, went_wrong};

/// What a server answered. An error that it answered with is for the model to read.
pub(super) fn read(answered: Result<CallToolResult, ServiceError>) -> Result<ToolReply, ToolFailure> {
    match answered {
        Ok(result) => Ok(told(result)),
        Err(ServiceError::McpError(error)) => Ok(went_wrong(error.message.into_owned())),
        Err(error) => Err(errors::failed(&error)),
    }
}

fn told(result: CallToolResult) -> ToolReply {
    let is_error = result.is_error.unwrap_or_default();
    let blocks: Vec<String> = result.content.into_iter().map(block).collect();
    let content = match (blocks.is_empty(), result.structured_content) {
        (true, Some(structured)) => structured.to_string(),
        (_, _) => blocks.join("\n\n"),
    };
    ToolReply { content: kept(content), is_error }
}

const UNKNOWN: &str = "[content of an unknown kind, left out]";

fn block(block: ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text,
        ContentBlock::Image(image) => format!("[an image of type {}, left out]", image.mime_type),
        ContentBlock::Audio(audio) => format!("[a sound of type {}, left out]", audio.mime_type),
        ContentBlock::ResourceLink(link) => format!("[a resource: {}]", link.uri),
        ContentBlock::Resource(resource) => match resource.resource {
            ResourceContents::TextResourceContents { text, .. } => text,
            ResourceContents::BlobResourceContents { uri, .. } => format!("[bytes of {uri}, left out]"),
            _ => UNKNOWN.to_owned(),
        },
        // The SDK keeps the list of kinds open.
        _ => UNKNOWN.to_owned(),
    }
}
