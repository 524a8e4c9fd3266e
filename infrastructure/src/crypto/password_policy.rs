//! Which passwords are too easy to guess to be chosen.
//!
//! zxcvbn estimates how many guesses find a password, from lists of leaked passwords, names and words, keyboard walks,
//! repeats, sequences and dates. Three or more words it takes for strong whatever they are, so what others know of the
//! person is taken out first: the rest must do alone. There are no rules of composition: NIST SP 800-63B-4, section 3.1.1.2.

use application::ports::NotTaken;
use zxcvbn::zxcvbn;

/// Fewer guesses than these are made in the first seconds of an attack, even against a slow hash.
const FEWEST_GUESSES: u64 = 1_000_000;
/// The estimate's cost grows faster than the length. What is longer is judged by its first and by its last characters.
const LONGEST_JUDGED: usize = 64;
/// The product's own name; every deployment is known by it.
const PRODUCT: &str = "agentcores";

/// Refuses what is guessed first; `known` is what others know of the person. Takes milliseconds of one core: run it
/// where hashing runs.
pub(super) fn judge(password: &str, known: &[String]) -> Result<(), NotTaken> {
    let words = words_of(known);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if guesses(password, &[]) < FEWEST_GUESSES {
        return Err(NotTaken::TooCommon);
    }
    let is_strong = guesses(password, &words) >= FEWEST_GUESSES
        && guesses(&without(password, &words), &words) >= FEWEST_GUESSES;
    if is_strong { Ok(()) } else { Err(NotTaken::OfKnownWords) }
}

/// So many find the password, for someone who tries these words first.
fn guesses(password: &str, known: &[&str]) -> u64 {
    parts(password).iter().map(|part| zxcvbn(part, known).guesses()).max().unwrap_or_default()
}

/// What is left of the password when the words are taken out, however they are written. Where none is in it, all of it.
fn without(password: &str, words: &[&str]) -> String {
    let lower = password.to_lowercase();
    let rest = words.iter().fold(lower.clone(), |rest, word| rest.replace(word, ""));
    if rest == lower { password.to_owned() } else { rest }
}

/// The whole password, or both ends of a long one.
fn parts(password: &str) -> Vec<String> {
    let length = password.chars().count();
    if length <= LONGEST_JUDGED {
        return vec![password.to_owned()];
    }
    let first = password.chars().take(LONGEST_JUDGED).collect();
    let last = password.chars().skip(length - LONGEST_JUDGED).collect();
    vec![first, last]
}

/// The texts themselves, without their spaces and punctuation, and the words in them, the longest first.
fn words_of(known: &[String]) -> Vec<String> {
    let mut words = vec![PRODUCT.to_owned()];
    for text in known {
        let text: String = text.to_lowercase().chars().take(LONGEST_JUDGED).collect();
        words.push(text.chars().filter(|c| c.is_alphanumeric()).collect());
        words.extend(text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
        words.push(text);
    }
    // One or two letters are in every password.
    words.retain(|word| word.chars().count() > 2);
    words.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(password: &str) -> Result<(), NotTaken> {
        let known = ["Acme Corp", "acme", "ada.lovelace", "Ada Lovelace"].map(str::to_owned);
        judge(password, &known)
    }

    #[test]
    fn what_takes_many_guesses_is_taken_whatever_it_is_made_of() {
        for good in [
            "SecurePassword123",
            "correct horse battery",
            "correct horse battery staple",
            "x7#Kq!vR2$mZp9&w",
            "пароль для работы завтра",
            "🙂🚀🌊🎻🐙🍉🧭🔭🧩🪁🎲🛶🪐🥁🦔",
            "Acme hired seven violinists",
        ] {
            assert_eq!(judged(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_tried_first_is_not_taken() {
        for bad in [
            "passwordpassword",
            "123456789012345",
            "qwertyuiopasdfgh",
            "aaaaaaaaaaaaaaa",
            "               ",
            "abcabcabcabcabc",
            "abcdefghijklmnop",
            "Password1Password1",
            "1qaz2wsx1qaz2wsx",
        ] {
            assert_eq!(judged(bad), Err(NotTaken::TooCommon), "{bad}");
        }
    }

    #[test]
    fn what_others_know_of_someone_is_no_password() {
        for bad in [
            "acmeacmeacmeacme",
            "AcmeCorp AcmeCorp",
            "agentcores-acme",
            "ada.lovelace.ada",
            "AdaLovelaceAcme1",
            "lovelacelovelace",
        ] {
            assert!(judged(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_reason_says_whether_it_is_the_person_or_the_password() {
        assert_eq!(judged("lovelace adacme"), Err(NotTaken::OfKnownWords));
        assert_eq!(judge("lovelace adacme", &[]), Ok(()));
    }

    #[test]
    fn a_long_password_is_judged_by_both_ends_in_little_time() {
        let weak = "password".repeat(30);
        assert_eq!(judged(&weak), Err(NotTaken::TooCommon));
        assert_eq!(judged(&format!("{weak}x7#Kq!vR2$mZp9")), Ok(()));
        let begun = std::time::Instant::now();
        for text in ["aA1!".repeat(64), "qwertyasdfg12345".repeat(16), "ß".repeat(256)] {
            judged(&text).ok();
        }
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }
}
