use secrecy::ExposeSecret as _;

use super::forgeries::{Forger, with_key};
use super::*;

fn secrets(signing: &str) -> Secrets {
    Secrets::try_new(signing.repeat(32).into(), "s".repeat(32).into()).unwrap()
}

fn tokens(secrets: &Secrets, algorithm: SigningAlgorithm) -> AccessTokens {
    AccessTokens::new(secrets, algorithm, TimeDelta::minutes(30))
}

fn claims() -> AccessClaims {
    let id = Uuid::from_u128;
    AccessClaims { tenant: TenantId(id(1)), user: UserId(id(2)), session: SessionId(id(3)), generation: 4 }
}

fn signed(tokens: &AccessTokens, now: DateTime<Utc>) -> String {
    tokens.sign(&claims(), now).0.expose_secret().to_owned()
}

const BOTH: [SigningAlgorithm; 2] = [SigningAlgorithm::Hs256, SigningAlgorithm::EdDsa];

#[test]
fn an_access_token_says_who_it_speaks_for_while_it_lives() {
    for algorithm in BOTH {
        let tokens = tokens(&secrets("1"), algorithm);
        assert_eq!(tokens.sign(&claims(), Utc::now()).1, 1_800);
        let at = |seconds| tokens.verify(&signed(&tokens, Utc::now() + TimeDelta::seconds(seconds)));
        assert_eq!(at(0), Some(claims()));
        assert_eq!(at(3), Some(claims()), "a clock that is a little ahead");
        assert_eq!(at(8), None);
        assert_eq!(at(-1_803), Some(claims()), "a clock that is a little behind");
        assert_eq!(at(-1_808), None);
    }
}

#[test]
fn no_forgery_of_the_list_passes() {
    let secrets = secrets("1");
    for (algorithm, purpose) in [
        (SigningAlgorithm::Hs256, Purpose::AccessTokens),
        (SigningAlgorithm::EdDsa, Purpose::AccessTokensEd25519),
    ] {
        let tokens = tokens(&secrets, algorithm);
        let forger = Forger::new(&signed(&tokens, Utc::now()), tokens.algorithm, secrets.derive(purpose));
        for (layout, token) in forger.laid_out() {
            assert_eq!(tokens.verify(&token), Some(claims()), "{algorithm:?}: {layout}");
        }
        let forgeries = forger.all();
        assert!(forgeries.len() > 200, "{}", forgeries.len());
        for (what, token) in forgeries {
            assert_eq!(tokens.verify(&token), None, "{algorithm:?}: {what}");
        }
    }
}

#[test]
fn a_key_serves_one_algorithm_and_one_purpose() {
    let secrets = secrets("1");
    let [hs, ed] = BOTH.map(|algorithm| tokens(&secrets, algorithm));
    let (of_hs, of_ed) = (signed(&hs, Utc::now()), signed(&ed, Utc::now()));
    assert_eq!((hs.verify(&of_ed), ed.verify(&of_hs)), (None, None));
    // The public key is known to all: it must not serve as a shared secret.
    let public = ed.public_keys()[0].bytes;
    let part = |token: &str, at: usize| {
        String::from_utf8(URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
    };
    let (header, body) = (part(&of_ed, 0), part(&of_ed, 1));
    for header in [header.clone(), header.replace("EdDSA", "HS256")] {
        let forged = with_key(&header, &body, &public, Algorithm::HS256);
        assert_eq!((ed.verify(&forged), hs.verify(&forged)), (None, None), "{header}");
    }
    let header = part(&of_hs, 0);
    for purpose in [Purpose::OneTimeTokens, Purpose::AccessTokensEd25519, Purpose::RequestHashes] {
        let forged = with_key(&header, &body, &secrets.derive(purpose), Algorithm::HS256);
        assert_eq!(hs.verify(&forged), None, "{purpose:?}");
    }
    for forged in [format!("{of_ed}."), format!("{of_ed}=")] {
        assert_eq!(ed.verify(&forged), None);
    }
}

#[test]
fn tokens_outlive_a_change_of_the_secret_while_the_one_before_is_kept() {
    for algorithm in BOTH {
        let old = signed(&tokens(&secrets("1"), algorithm), Utc::now());
        let changed = secrets("2").with_previous_signing("1".repeat(32).into()).unwrap();
        let changing = tokens(&changed, algorithm);
        assert_eq!(changing.verify(&old), Some(claims()));
        let new = signed(&changing, Utc::now());
        assert_eq!(changing.verify(&new), Some(claims()));
        let done = tokens(&secrets("2"), algorithm);
        assert_eq!((done.verify(&old), done.verify(&new)), (None, Some(claims())));
        assert_eq!(tokens(&secrets("1"), algorithm).verify(&new), None);
    }
}

#[test]
fn public_keys_are_those_of_key_pairs_the_present_one_first() {
    let changed = secrets("2").with_previous_signing("1".repeat(32).into()).unwrap();
    assert_eq!(tokens(&changed, SigningAlgorithm::Hs256).public_keys(), []);
    let [one, two] =
        ["1", "2"].map(|text| tokens(&secrets(text), SigningAlgorithm::EdDsa).public_keys().remove(0));
    assert_ne!(one, two);
    assert_eq!(tokens(&changed, SigningAlgorithm::EdDsa).public_keys(), [two, one]);
}
