//! The texts of API keys.

use application::ports::{ApiKeySeed, ApiKeyText, ApiKeys};
use secrecy::zeroize::Zeroizing;
use sha2::{Digest, Sha256};

use super::secrets::{Purpose, Secrets, mac};

/// What every key looks like, for scanners that look for keys where none belong.
pub const API_KEY_PATTERN: &str = "^ac_live_[0-9A-Za-z]{36}$";

const BEGIN: &str = "ac_live_";
const RANDOM_CHARS: usize = 30;
const CHECKSUM_CHARS: usize = 6;
/// How much of a key is shown: 4 of its random characters, and the last 4 of the checksum. About 130 bits stay unknown.
const SHOWN: usize = BEGIN.len() + 4;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Keys of the form `ac_live_`, 30 random characters (178 bits), and the CRC-32 of all that in 6. The checksum lets a
/// text that is no key be refused without asking the database.
///
/// A key with a seed is derived from it under a secret of the server. It can be told again only to who knows the seed,
/// and of that the request's part is forgotten after a day.
pub struct DerivedApiKeys {
    secret: Zeroizing<[u8; 32]>,
}

impl DerivedApiKeys {
    /// Keys under these secrets.
    pub fn new(secrets: &Secrets) -> Self {
        Self { secret: Zeroizing::new(secrets.derive(Purpose::ApiKeys)) }
    }
}

impl ApiKeys for DerivedApiKeys {
    fn make(&self, seed: Option<ApiKeySeed<'_>>) -> ApiKeyText {
        let random = Zeroizing::new(match seed {
            Some(seed) => {
                let parts = [seed.tenant.0.as_bytes(), seed.key.as_bytes(), seed.request.as_bytes()];
                mac(self.secret.as_slice(), &parts.concat())
            }
            None => rand::random(),
        });
        let body = format!("{BEGIN}{}", base62::<RANDOM_CHARS>(random.as_slice()));
        let text = format!("{body}{}", checksum(&body));
        ApiKeyText {
            digest: Sha256::digest(text.as_bytes()).into(),
            prefix: text[..SHOWN].to_owned(),
            last4: text[text.len() - 4..].to_owned(),
            text: text.into(),
        }
    }

    fn digest(&self, text: &str) -> Option<[u8; 32]> {
        let is_plain = text.strip_prefix(BEGIN)?.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_plain || text.len() != BEGIN.len() + RANDOM_CHARS + CHECKSUM_CHARS {
            return None;
        }
        let (body, presented) = text.split_at(text.len() - CHECKSUM_CHARS);
        (checksum(body) == presented).then(|| Sha256::digest(text.as_bytes()).into())
    }
}

fn checksum(body: &str) -> String {
    base62::<CHECKSUM_CHARS>(&crc32fast::hash(body.as_bytes()).to_be_bytes())
}

/// The last `N` digits of a number, most significant byte and digit first, to the base 62. The digits of a random
/// number that is much larger than 62 to the power of `N` are random.
fn base62<const N: usize>(number: &[u8]) -> String {
    let mut number = Zeroizing::new(number.to_vec());
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u16;
        for byte in number.iter_mut() {
            let dividend = rest << 8 | u16::from(*byte);
            (*byte, rest) = (u8::try_from(dividend / 62).unwrap_or_default(), dividend % 62);
        }
        *digit = ALPHABET[usize::from(rest)];
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::TenantId;
    use secrecy::ExposeSecret;
    use uuid::Uuid;

    use super::*;

    fn keys(secret: &str) -> DerivedApiKeys {
        DerivedApiKeys::new(&Secrets::try_new(secret.repeat(32).into(), "2".repeat(32).into()).unwrap())
    }

    fn seed(key: u128, request: &str) -> ApiKeySeed<'_> {
        ApiKeySeed { tenant: TenantId(Uuid::nil()), key: Uuid::from_u128(key), request }
    }

    #[test]
    fn a_key_has_the_published_form_and_is_known_by_its_digest() {
        let keys = keys("1");
        for _ in 0..1_000 {
            let made = keys.make(None);
            let text = made.text.expose_secret();
            assert!(text.len() == 44 && text.starts_with(&made.prefix) && text.ends_with(&made.last4));
            assert!(text[8..].bytes().all(|b| b.is_ascii_alphanumeric()));
            assert_eq!(keys.digest(text), Some(made.digest));
        }
    }

    #[test]
    fn any_changed_character_is_noticed() {
        let keys = keys("1");
        let text = keys.make(None).text.expose_secret().to_owned();
        for at in 0..text.len() {
            let other = if &text[at..=at] == "x" { "y" } else { "x" };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert_eq!(keys.digest(&changed), None, "{changed}");
        }
        for wrong in
            ["", "ac_live_", &text[1..], &format!("{text}x"), &text.replace("live", "test"), "ac_live_é"]
        {
            assert_eq!(keys.digest(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_seed_makes_the_same_key_again_and_nothing_else_does() {
        let text = |keys: &DerivedApiKeys, seed: Option<_>| keys.make(seed).text.expose_secret().to_owned();
        let one = keys("1");
        assert_eq!(text(&one, Some(seed(1, "a"))), text(&one, Some(seed(1, "a"))));
        let all = [
            text(&one, Some(seed(1, "a"))),
            text(&one, Some(seed(1, "b"))),
            text(&one, Some(seed(2, "a"))),
            text(&keys("3"), Some(seed(1, "a"))),
            text(&one, None),
            text(&one, None),
        ];
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn every_character_comes_up_about_as_often_as_any_other() {
        let keys = keys("1");
        let mut counts = [0_u32; 62];
        for _ in 0..2_000 {
            for byte in keys.make(None).text.expose_secret()[8..38].bytes() {
                counts[ALPHABET.iter().position(|b| *b == byte).unwrap()] += 1;
            }
        }
        // 60,000 characters: 968 of each, give or take six standard deviations.
        assert!(counts.iter().all(|count| (780..1_160).contains(count)), "{counts:?}");
    }
}
