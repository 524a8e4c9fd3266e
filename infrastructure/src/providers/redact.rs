//! Keeping keys out of what providers say: a provider that echoes the key it was sent must not bring it into an event,
//! a log or a page.

use secrecy::{ExposeSecret, SecretString};

/// What stands in place of what was taken out.
const REDACTED: &str = "[redacted]";
/// A key of fewer characters is too likely to be part of ordinary text.
const SHORTEST_KEY: usize = 8;
/// From how many characters on a part of a key is taken out of a message.
const SHORTEST_PART: usize = 6;
/// From how many characters on a word of letters and digits could be a key, of whomever.
const LONG_WORD: usize = 20;
/// How many characters of a provider's own message are kept.
const LONGEST_MESSAGE: usize = 300;

/// Takes the key out of a text that comes in pieces, and U+0000, which can be stored nowhere.
pub(super) struct Redactor {
    key: String,
    /// What may be the beginning of the key.
    held: String,
}

impl Redactor {
    pub(super) fn new(key: Option<&SecretString>) -> Self {
        let key = key.map(|key| key.expose_secret().to_owned()).unwrap_or_default();
        let key = if key.chars().count() < SHORTEST_KEY { String::new() } else { key };
        Self { key, held: String::new() }
    }

    /// The next piece that may be shown.
    pub(super) fn push(&mut self, piece: &str) -> String {
        self.held.push_str(&piece.replace('\0', "\u{fffd}"));
        if self.key.is_empty() {
            return std::mem::take(&mut self.held);
        }
        let mut clean = self.held.replace(&self.key, REDACTED);
        let begins = |at: &usize| self.key.starts_with(&clean[*at..]);
        let tail = clean.len().saturating_sub(self.key.len());
        let keep = (tail..clean.len()).filter(|at| clean.is_char_boundary(*at)).find(begins);
        self.held = clean.split_off(keep.unwrap_or(clean.len()));
        clean
    }

    /// What was held back to the end.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// A whole text.
    pub(super) fn whole(&self, text: &str) -> String {
        let mut redactor = Self { key: self.key.clone(), held: String::new() };
        let mut clean = redactor.push(text);
        clean.push_str(&redactor.finish());
        clean
    }
}

/// A provider's own message as it may be shown: no part of the key, nothing that looks like a key or an address, on one
/// line and not too long. The names in `known` may look like keys.
pub(super) fn message(text: &str, key: Option<&SecretString>, known: &[&str]) -> String {
    let text = without_parts(text, key.map_or("", |key| key.expose_secret()));
    let shown = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let looks_like_key = bare.len() >= LONG_WORD && bare.bytes().any(|byte| byte.is_ascii_digit());
        let is_secret = looks_like_key || bare.starts_with("sk-") || word.contains("://");
        if is_secret && !known.contains(&bare) { REDACTED.to_owned() } else { word.to_owned() }
    };
    let words: Vec<String> = text.split(|c: char| c.is_whitespace() || c.is_control()).map(shown).collect();
    words.join(" ").trim().chars().take(LONGEST_MESSAGE).collect()
}

/// Takes out every part of the key of [`SHORTEST_PART`] characters or more, so that a key that was cut or
/// interrupted does not get through either.
fn without_parts(text: &str, key: &str) -> String {
    let (text, key): (Vec<char>, Vec<char>) = (text.chars().collect(), key.chars().collect());
    let mut is_part = vec![false; text.len()];
    for (at, window) in text.windows(SHORTEST_PART).enumerate() {
        if key.windows(SHORTEST_PART).any(|part| part == window) {
            is_part[at..at + SHORTEST_PART].fill(true);
        }
    }
    let mut clean = String::new();
    for (at, char) in text.iter().enumerate() {
        match (is_part[at], at > 0 && is_part[at - 1]) {
            (false, _) => clean.push(*char),
            (true, false) => clean.push_str(REDACTED),
            (true, true) => {}
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "abab-secret-0123456789";

    fn key() -> SecretString {
        KEY.into()
    }

    #[test]
    fn a_key_in_a_text_is_taken_out_however_the_pieces_are_cut() {
        let text = format!("ababab {KEY} ab\u{0}{KEY}{KEY}abab-secret-01234567 ü");
        let expected = "ababab [redacted] ab\u{fffd}[redacted][redacted]abab-secret-01234567 ü";
        let chars: Vec<char> = text.chars().collect();
        for size in 1..=chars.len() {
            let mut redactor = Redactor::new(Some(&key()));
            let mut clean = String::new();
            for piece in chars.chunks(size) {
                clean += &redactor.push(&piece.iter().collect::<String>());
                assert!(!clean.contains(KEY));
            }
            clean += &redactor.finish();
            assert_eq!(clean, expected, "{size}");
        }
        assert_eq!(Redactor::new(None).whole("abc"), "abc");
    }

    #[test]
    fn messages_hold_no_part_of_a_key_and_nothing_that_looks_like_one() {
        let shown = |text: &str| message(text, Some(&key()), &["claude-sonnet-4-20250514"]);
        assert_eq!(shown("Incorrect key: abab-secret-****6789."), "Incorrect key: [redacted]****6789.");
        assert_eq!(shown("key\n\u{0}'sk-x' bad"), "key  [redacted] bad");
        assert_eq!(
            shown("see https://internal.example/?k=1 or Zm9vYmFyYmF6cXV4MTIzNDU2Nzg="),
            "see [redacted] or [redacted]"
        );
        assert_eq!(shown("no model `claude-sonnet-4-20250514`"), "no model `claude-sonnet-4-20250514`");
        assert_eq!(shown(&"word ".repeat(200)).chars().count(), LONGEST_MESSAGE);
    }
}
