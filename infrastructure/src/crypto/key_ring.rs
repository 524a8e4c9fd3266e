//! Keys of two master keys at once, for the time in which one takes the other's place.

use super::seal::{SealError, SealingKey};

/// Seals under the present key and opens under the one before it too. A key is told by its master key's fingerprint;
/// what was sealed before fingerprints were kept is tried with both.
#[derive(Clone, Debug)]
pub struct KeyRing {
    present: Named,
    previous: Option<Named>,
}

#[derive(Clone, Debug)]
struct Named {
    id: String,
    key: SealingKey,
}

impl KeyRing {
    /// A ring of the present key, and the one before, each with the fingerprint of its master key.
    pub(super) fn new(present: (String, SealingKey), previous: Option<(String, SealingKey)>) -> Self {
        let named = |(id, key)| Named { id, key };
        Self { present: named(present), previous: previous.map(named) }
    }

    /// The fingerprint that stands beside what is sealed now.
    pub fn id(&self) -> &str {
        &self.present.id
    }

    /// Seals under the present key.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        self.present.key.seal(context, plain)
    }

    /// Opens what was sealed under the master key of that fingerprint; without one, under either.
    pub fn open(&self, id: Option<&str>, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        [Some(&self.present), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .filter(|named| id.is_none_or(|id| named.id == id))
            .find_map(|named| named.key.open(context, sealed).ok())
            .ok_or(SealError)
    }

    /// Opens a key that was sealed with [`KeyRing::seal`].
    pub(crate) fn open_key(
        &self,
        id: Option<&str>,
        context: &[u8],
        wrapped: &[u8],
    ) -> Result<SealingKey, SealError> {
        let bytes = zeroize_on_drop(self.open(id, context, wrapped)?);
        <[u8; 32]>::try_from(bytes.as_slice()).map(SealingKey::new).map_err(|_| SealError)
    }
}

fn zeroize_on_drop(bytes: Vec<u8>) -> secrecy::zeroize::Zeroizing<Vec<u8>> {
    secrecy::zeroize::Zeroizing::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: &str, key: &SealingKey) -> (String, SealingKey) {
        (id.to_owned(), key.clone())
    }

    #[test]
    fn what_the_key_before_sealed_opens_until_it_is_gone() {
        let (old, new) = (SealingKey::random(), SealingKey::random());
        let before = KeyRing::new(named("old", &old), None);
        let between = KeyRing::new(named("new", &new), Some(named("old", &old)));
        let after = KeyRing::new(named("new", &new), None);
        let sealed = before.seal(b"here", b"secret");
        for id in [None, Some("old")] {
            assert_eq!(between.open(id, b"here", &sealed).as_deref(), Ok(b"secret".as_slice()));
            assert_eq!(after.open(id, b"here", &sealed), Err(SealError));
        }
        assert_eq!(between.open(Some("new"), b"here", &sealed), Err(SealError));
        assert_eq!(between.open(None, b"there", &sealed), Err(SealError));
        let sealed = between.seal(b"here", b"secret");
        assert!(after.open(Some(between.id()), b"here", &sealed).is_ok());
        assert_eq!(before.open(None, b"here", &sealed), Err(SealError));
    }
}
