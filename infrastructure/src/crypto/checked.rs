//! Secrets that can be told from other text without looking them up: a prefix, 30 random characters, and a checksum.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Random characters, of almost six bits each: 178 bits.
const RANDOM: usize = 30;
/// Enough for the 32 bits of a checksum.
const CHECK: usize = 6;

/// A fresh one: `<prefix><30 of base62>_<6 of base62>`.
pub(super) fn make(prefix: &str) -> String {
    let random: String =
        (0..RANDOM).map(|_| char::from(DIGITS[rand::random_range(0..DIGITS.len())])).collect();
    let body = format!("{prefix}{random}");
    format!("{body}_{}", checksum(&body))
}

/// Whether the text was made like that; whether it is known is another question.
pub(super) fn is_whole(prefix: &str, text: &str) -> bool {
    let Some((body, check)) = text.rsplit_once('_') else { return false };
    let Some(random) = body.strip_prefix(prefix) else { return false };
    random.len() == RANDOM && random.bytes().all(|b| DIGITS.contains(&b)) && check == checksum(body)
}

/// CRC-32 as text.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[rest % DIGITS.len()];
        rest /= DIGITS.len();
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_character_is_found() {
        let secret = make("acr_");
        assert!(is_whole("acr_", &secret) && !is_whole("acx_", &secret));
        assert_eq!(secret.len(), 4 + RANDOM + 1 + CHECK);
        for at in 4..secret.len() {
            let other = if &secret[at..=at] == "x" { "y" } else { "x" };
            let changed = format!("{}{other}{}", &secret[..at], &secret[at + 1..]);
            assert!(!is_whole("acr_", &changed), "{changed}");
        }
        for bad in ["", "acr_", "acr__", &secret[..secret.len() - 1], &format!("{secret}0")] {
            assert!(!is_whole("acr_", bad), "{bad}");
        }
    }

    #[test]
    fn a_known_checksum_stays_what_it_is() {
        // 0xCBF43926, the check value of CRC-32/ISO-HDLC, in base62.
        assert_eq!(checksum("123456789"), "3jZRME");
    }
}
