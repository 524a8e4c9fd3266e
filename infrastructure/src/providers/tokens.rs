//! How many tokens a text has, where nobody counted them.

use application::ports::{Message, ModelCall};
use domain::TokenCount;

/// One for every four characters begun.
pub(super) fn estimate(characters: usize) -> TokenCount {
    TokenCount::from(characters.div_ceil(4) as u64)
}

/// Those of everything that a call sends.
pub(super) fn estimate_messages(call: &ModelCall) -> TokenCount {
    let length = |text: &str| text.chars().count();
    let messages = call.messages.iter().map(|message| match message {
        Message::User(text) => length(text),
        Message::Assistant { text, calls } => {
            let asked = calls.iter().map(|call| length(&call.name) + length(&call.arguments));
            length(text) + asked.sum::<usize>()
        }
        Message::Tool { content, .. } => length(content),
    });
    let tools = call
        .tools
        .iter()
        .map(|tool| length(&tool.name) + length(&tool.description) + length(&tool.parameters));
    let system = call.system.as_deref().map_or(0, length);
    estimate(messages.chain(tools).sum::<usize>() + system)
}
