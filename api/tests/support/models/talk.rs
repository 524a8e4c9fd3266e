//! What the fake model says, the same over every protocol: it repeats what it is told, or asks for its first tool.

use serde_json::{Value, json};

/// What was asked, as far as the answer depends on it.
pub(crate) struct Turn {
    /// The text of the last message.
    pub(crate) said: String,
    /// Whether the last message is what a tool answered.
    pub(crate) is_result: bool,
    /// The first tool: its name and the schema of its arguments.
    pub(crate) tool: Option<(String, Value)>,
    /// The characters of all that was sent.
    pub(crate) characters: usize,
    /// The most tokens to answer with.
    pub(crate) max_tokens: Option<u64>,
}

/// What the model answers.
pub(crate) enum Said {
    Text { text: String, is_cut: bool },
    Call { name: String, arguments: Value },
}

impl Turn {
    pub(crate) fn answer(&self) -> Said {
        match &self.tool {
            Some((name, schema)) if !self.is_result => {
                let properties = schema.get("properties").and_then(Value::as_object);
                let first = properties.and_then(|properties| properties.keys().next());
                let arguments = first.map_or_else(|| json!({}), |first| json!({first: self.said}));
                Said::Call { name: name.clone(), arguments }
            }
            _ => {
                let by = if self.is_result { "The tool said" } else { "You said" };
                let whole: Vec<char> = format!("{by}: {}", self.said).chars().collect();
                let most = self.max_tokens.map_or(usize::MAX, |most| usize::try_from(most * 4).unwrap());
                let text = whole.iter().take(most).collect();
                Said::Text { text, is_cut: whole.len() > most }
            }
        }
    }

    /// Tokens that are billed for what was sent and what is said.
    pub(crate) fn billed(&self, said: &Said) -> (u64, u64) {
        let tokens = |characters: usize| characters.div_ceil(4) as u64;
        let characters = match said {
            Said::Text { text, .. } => text.chars().count(),
            Said::Call { name, arguments } => name.len() + arguments.to_string().chars().count(),
        };
        (tokens(self.characters), tokens(characters))
    }
}

/// Cuts a text as a model that speaks token by token.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(4).map(|piece| piece.iter().collect()).collect()
}
