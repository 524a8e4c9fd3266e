//! Signatures: what the RFCs give as right is, and whatever differs from it in a bit, a form or a trick is not.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::crypto::verify;
use secrecy::ExposeSecret as _;

use super::forgeries::Forgery;
use super::*;

/// The order of the base point, 2^252 + 27742317777372353535851937790883648493 (RFC 8032, section 5.1), least byte first.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Points of an order that divides the cofactor 8, by the y of each; a signature with one of them for R and 0 for S holds
/// for many messages where the key is one of them too.
const SMALL: [&str; 7] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    // The same as the first and the third, with a y that is not below 2^255 - 19.
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

fn tokens(algorithm: SigningAlgorithm) -> (AccessTokens, [u8; 32], String) {
    let secrets = Secrets::try_new("1".repeat(32).into(), "s".repeat(32).into()).unwrap();
    let tokens = AccessTokens::new(&secrets, algorithm, TimeDelta::minutes(30));
    let purpose = match algorithm {
        SigningAlgorithm::Hs256 => Purpose::AccessTokens,
        SigningAlgorithm::EdDsa => Purpose::AccessTokensEd25519,
    };
    let id = Uuid::from_u128;
    let claims = AccessClaims {
        tenant: TenantId(id(1)),
        user: UserId(id(2)),
        session: SessionId(id(3)),
        generation: 4,
    };
    let genuine = tokens.sign(&claims, Utc::now()).0.expose_secret().to_owned();
    assert!(tokens.verify(&genuine).is_some());
    (tokens, secrets.derive(purpose), genuine)
}

/// Each of them must be refused, and be another text than the genuine one.
fn assert_refused(
    tokens: &AccessTokens,
    genuine: &str,
    forgeries: impl IntoIterator<Item = Forgery>,
) -> usize {
    let mut count = 0;
    for (what, token) in forgeries {
        assert_ne!(token, genuine, "{what}");
        assert!(tokens.verify(&token).is_none(), "{what}: {token}");
        count += 1;
    }
    count
}

/// What is signed, and the bytes of the signature.
fn parts(token: &str) -> (&str, Vec<u8>) {
    let (message, signature) = token.rsplit_once('.').unwrap();
    (message, URL_SAFE_NO_PAD.decode(signature).unwrap())
}

fn with(message: &str, signature: &[u8]) -> String {
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Every bit the other way round, every shorter length, some longer ones, and patterns.
fn changed(genuine: &str) -> Vec<Forgery> {
    let (message, signature) = parts(genuine);
    let mut forgeries = vec![];
    for bit in 0..signature.len() * 8 {
        let mut other = signature.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        forgeries.push((format!("bit {bit}"), with(message, &other)));
    }
    for length in 0..signature.len() {
        forgeries.push((format!("the first {length} bytes"), with(message, &signature[..length])));
        forgeries
            .push((format!("without the first {}", length + 1), with(message, &signature[length + 1..])));
    }
    for (what, other) in [
        ("with a zero behind it", [signature.as_slice(), &[0]].concat()),
        ("twice", signature.repeat(2)),
        ("backwards", signature.iter().rev().copied().collect()),
        ("of zeros", vec![0; signature.len()]),
        ("of ones", vec![0xff; signature.len()]),
        ("as hex", hex::encode(&signature).into_bytes()),
    ] {
        forgeries.push((format!("a signature {what}"), with(message, &other)));
    }
    for at in 0..message.len() {
        let mut other = message.as_bytes().to_vec();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        if other != message {
            forgeries.push((format!("another character at {at}"), with(&other, &signature)));
        }
    }
    forgeries
}

/// Texts that a lenient reader would take for the genuine one.
fn respelt(genuine: &str) -> Vec<Forgery> {
    let [head, body, signature] = genuine.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    let forms = [
        ("a line break before it", format!("\n{genuine}")),
        ("a blank behind it", format!("{genuine} ")),
        ("U+0000 behind it", format!("{genuine}\0")),
        ("a line break within", format!("{head}.{}\r\n{}.{signature}", &body[..8], &body[8..])),
        ("padding", format!("{head}.{body}.{signature}=")),
        ("more padding", format!("{head}.{body}.{signature}==")),
        ("a padded body", format!("{head}.{body}=.{signature}")),
        ("a percent-encoded dot", format!("{head}%2E{body}%2E{signature}")),
        ("another alphabet", genuine.replace('-', "+").replace('_', "/")),
        ("upper case", genuine.to_uppercase()),
        (
            "the JSON serialisation",
            format!(r#"{{"protected":"{head}","payload":"{body}","signature":"{signature}"}}"#),
        ),
        ("five parts", format!("{head}..{body}..{signature}")),
        ("a detached body", format!("{head}..{signature}")),
        ("its parts in another order", format!("{body}.{head}.{signature}")),
        ("a byte order mark", format!("\u{feff}{genuine}")),
        ("full-width dots", genuine.replace('.', "\u{ff0e}")),
    ];
    // A genuine one without those letters would be itself.
    forms
        .map(|(what, token)| (what.to_owned(), token))
        .into_iter()
        .filter(|(_, token)| token != genuine)
        .collect()
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

#[test]
fn the_signatures_of_the_rfcs_hold_and_with_another_bit_do_not() {
    // RFC 7515, appendix A.1, and RFC 8037, appendix A.4 (its key pair is that of RFC 8032, section 7.1, test 1).
    let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let known = [
        (
            Algorithm::HS256,
            DecodingKey::from_secret(&URL_SAFE_NO_PAD.decode(secret).unwrap()),
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        (
            Algorithm::EdDSA,
            DecodingKey::from_ed_der(&URL_SAFE_NO_PAD.decode(public).unwrap()),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        ),
    ];
    for (algorithm, key, token) in known {
        let holds = |token: &str| {
            let (message, signature) = token.rsplit_once('.').unwrap();
            verify(signature, message.as_bytes(), &key, algorithm).unwrap_or(false)
        };
        assert!(holds(token), "{algorithm:?}");
        for (what, token) in changed(token) {
            assert!(!holds(&token), "{algorithm:?}: {what}");
        }
    }
    // RFC 8032, section 7.1, test 1: the signature of nothing at all.
    let signature = hex::decode(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    )
    .unwrap();
    let key = DecodingKey::from_ed_der(&URL_SAFE_NO_PAD.decode(public).unwrap());
    let holds = |message: &[u8]| {
        verify(&URL_SAFE_NO_PAD.encode(&signature), message, &key, Algorithm::EdDSA).unwrap()
    };
    assert!(holds(b"") && !holds(b"\0"));
}

#[test]
fn no_changed_signature_of_either_algorithm_passes() {
    for algorithm in [SigningAlgorithm::Hs256, SigningAlgorithm::EdDsa] {
        let (tokens, _, genuine) = tokens(algorithm);
        let count = assert_refused(&tokens, &genuine, [changed(&genuine), respelt(&genuine)].concat());
        assert!(count > 700, "{count}");
    }
}

#[test]
fn nothing_but_the_hmac_of_the_whole_message_passes_for_it() {
    let (tokens, key, genuine) = tokens(SigningAlgorithm::Hs256);
    let (message, signature) = parts(&genuine);
    let bytes = message.as_bytes();
    assert_eq!(hmac(&key, bytes), signature);
    let (head, body) = message.split_once('.').unwrap();
    let decoded = [URL_SAFE_NO_PAD.decode(head).unwrap(), vec![b'.'], URL_SAFE_NO_PAD.decode(body).unwrap()];
    let wrong = [
        ("a plain hash", Sha256::digest(bytes).to_vec()),
        ("a hash after the key", Sha256::digest([&key, bytes].concat()).to_vec()),
        ("a hash before the key", Sha256::digest([bytes, &key].concat()).to_vec()),
        ("the key and the message changed about", hmac(bytes, &key)),
        ("the head alone", hmac(&key, head.as_bytes())),
        ("the body alone", hmac(&key, body.as_bytes())),
        ("both without the dot", hmac(&key, [head, body].concat().as_bytes())),
        ("what they stand for", hmac(&key, &decoded.concat())),
        ("a hash of the message", hmac(&key, &Sha256::digest(bytes))),
        ("the key in hex", hmac(hex::encode(key).as_bytes(), bytes)),
        ("the key in base64", hmac(URL_SAFE_NO_PAD.encode(key).as_bytes(), bytes)),
        ("half the key", hmac(&key[..16], bytes)),
        // HMAC fills a key up with zeros, so one zero more is the same key: another byte is not.
        ("a longer key", hmac(&[key.as_slice(), &[1]].concat(), bytes)),
        ("the HMAC of the HMAC", hmac(&key, &signature)),
    ];
    let forgeries = wrong.map(|(what, mac)| (what.to_owned(), with(message, &mac)));
    assert_refused(&tokens, &genuine, forgeries);
}

#[test]
fn a_signature_of_ed25519_is_taken_in_its_one_form_only() {
    let (tokens, seed, genuine) = tokens(SigningAlgorithm::EdDsa);
    let (message, signature) = parts(&genuine);
    let (r, s) = signature.split_at(32);
    let mut forgeries = vec![];
    let mut push = |what: String, r: &[u8], s: &[u8]| forgeries.push((what, with(message, &[r, s].concat())));
    // RFC 8032, section 5.1.7: S is below the order. S and the order together stand for the same scalar.
    let mut sum = s.to_vec();
    for times in 1..=15 {
        sum = added(&sum, &ORDER);
        push(format!("S and {times} times the order"), r, &sum);
    }
    push("S as the order".to_owned(), r, &ORDER);
    push("S as zero".to_owned(), r, &[0; 32]);
    push("R and S changed about".to_owned(), s, r);
    let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    push("R as the public key".to_owned(), &public, s);
    for point in SMALL {
        let mut point = hex::decode(point).unwrap();
        for sign in [0, 0x80] {
            point[31] |= sign;
            for s in [[0; 32].as_slice(), s, &ORDER] {
                push(format!("R of small order {}", hex::encode(&point)), &point, s);
            }
        }
    }
    // The other x of the same y: R with its sign changed.
    let mut negated = r.to_vec();
    negated[31] ^= 0x80;
    push("R negated".to_owned(), &negated, s);
    let count = assert_refused(&tokens, &genuine, forgeries);
    assert_eq!(count, 15 + 5 + SMALL.len() * 6);
}

/// The sum of two numbers of 32 bytes, least byte first. What does not fit is lost.
fn added(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let sum = one.iter().zip(other).map(|(one, other)| {
        let sum = u16::from(*one) + u16::from(*other) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    });
    sum.collect()
}
