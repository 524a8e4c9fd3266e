//! What runs an agent.

use crate::text::{Lines, TextError, bounded, text_type};

text_type! {
    /// `gpt-4`, `claude`, `custom`, `echo`, `scripted`, or `provider/model` such as `openai/gpt-4o`: at most 120 of
    /// letters, digits and `.-_:/`.
    AgentKind, checked
}

const WELL_KNOWN: [&str; 5] = ["gpt-4", "claude", "custom", "echo", "scripted"];

fn checked(text: &str) -> Result<String, TextError> {
    const FORM: TextError =
        TextError::Malformed("must be gpt-4, claude, custom, echo, scripted or provider/model");
    let text = bounded(text, 1, 120, Lines::One)?;
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:/".contains(&b))
    };
    let known = WELL_KNOWN.contains(&text.as_str());
    let pair = text.split_once('/').is_some_and(|(provider, model)| plain(provider) && plain(model));
    if known || pair { Ok(text) } else { Err(FORM) }
}
