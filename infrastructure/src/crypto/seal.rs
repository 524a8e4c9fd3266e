//! Authenticated encryption.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroizing;

const NONCE_BYTES: usize = 24;

/// A key for XChaCha20-Poly1305. Its random nonces of 192 bits never repeat in practice.
/// Forgotten bytes are overwritten.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

/// What was sealed cannot be opened: another key, another context, or changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open")]
pub struct SealError;

impl SealingKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh random key.
    pub fn random() -> Self {
        Self::new(rand::random())
    }

    /// The bytes, to be sealed under another key.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Nonce and ciphertext. `context` is bound to it: it only opens with the same one.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: context })
            .expect("XChaCha20-Poly1305 takes messages up to 256 GiB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// What [`SealingKey::seal`] was given.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError)?;
        let payload = Payload { msg: sealed, aad: context };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError)
    }

    /// [`SealingKey::seal`] as text.
    pub fn seal_text(&self, context: &[u8], plain: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.seal(context, plain.as_bytes()))
    }

    /// [`SealingKey::open`] of a text.
    pub fn open_text(&self, context: &[u8], sealed: &str) -> Result<String, SealError> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| SealError)?;
        String::from_utf8(self.open(context, &sealed)?).map_err(|_| SealError)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_context_only() {
        let key = SealingKey::random();
        let sealed = key.seal_text(b"here", "Jane Doe");
        assert_eq!(key.open_text(b"here", &sealed).as_deref(), Ok("Jane Doe"));
        assert_eq!(key.open_text(b"there", &sealed), Err(SealError));
        assert_eq!(SealingKey::random().open_text(b"here", &sealed), Err(SealError));
        assert_eq!(key.open_text(b"here", &sealed[1..]), Err(SealError));
        assert_eq!(key.open_text(b"here", "short"), Err(SealError));
    }

    /// Of a million at full size (`AGENTCORES_TEST_SCALE=100`), of a tenth of it by default.
    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let percent = std::env::var("AGENTCORES_TEST_SCALE").map_or(10, |scale| scale.parse().unwrap());
        let key = SealingKey::random();
        let mut nonces = std::collections::HashSet::new();
        let mut values = std::collections::HashSet::new();
        for count in 1..=1_000_000 * percent / 100 {
            let sealed = key.seal(b"", b"x");
            nonces.insert(sealed[..NONCE_BYTES].to_vec());
            values.insert(sealed[NONCE_BYTES..].to_vec());
            assert_eq!((nonces.len(), values.len()), (count, count));
        }
    }
}
