//! What tools answer, as models read it.

use application::ports::ToolReply;
use serde::Serialize;

/// The most bytes of an answer: what a model can take in beside the rest of a conversation.
pub(super) const MAX_BYTES: usize = 64 * 1024;

const CUT: &str = "\n[cut: the rest of the answer is left out]";

/// An answer in JSON. It is to be bounded by what it is made of.
pub(super) fn said(answer: &impl Serialize) -> ToolReply {
    let content = serde_json::to_string(answer).unwrap_or_default();
    ToolReply { content, is_error: false }
}

/// The tool itself says that it failed.
pub(super) fn went_wrong(message: String) -> ToolReply {
    ToolReply { content: kept(message), is_error: true }
}

/// A text from outside as it can be kept: without U+0000, which Postgres cannot hold, and not too long.
pub(super) fn kept(text: String) -> String {
    let mut text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
    if text.len() > MAX_BYTES {
        let fits = |at: &usize| text.is_char_boundary(*at);
        let end = (0..=MAX_BYTES - CUT.len()).rev().find(fits).unwrap_or_default();
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_as_it_is_unless_it_is_too_long_or_holds_u0000() {
        assert_eq!(kept("as it is".to_owned()), "as it is");
        assert_eq!(kept("a\0b".to_owned()), "a\u{fffd}b");
        let cut = kept("ü".repeat(MAX_BYTES));
        assert!(cut.len() <= MAX_BYTES && cut.starts_with("üü") && cut.ends_with(CUT));
    }
}
