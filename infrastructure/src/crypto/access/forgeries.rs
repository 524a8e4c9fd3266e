//! Tokens that must not pass, made from one that does and the very key that signed it: whatever refuses them, it is not
//! the signature alone.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value, json};

/// A name and a token.
pub(crate) type Forgery = (String, String);

/// Makes tokens of any form, signed as the service does.
pub(crate) struct Forger {
    algorithm: Algorithm,
    key: [u8; 32],
    genuine: String,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Forger {
    /// From a genuine token, and the secret or the seed of the pair that signed it.
    pub(crate) fn new(genuine: &str, algorithm: Algorithm, key: [u8; 32]) -> Self {
        let part = |at: usize| {
            let text = URL_SAFE_NO_PAD.decode(genuine.split('.').nth(at).unwrap()).unwrap();
            serde_json::from_slice(&text).unwrap()
        };
        Self { algorithm, key, genuine: genuine.to_owned(), header: part(0), claims: part(1) }
    }

    /// The genuine token in other layouts of its JSON: all of them must pass, or the forgeries prove nothing.
    pub(crate) fn laid_out(&self) -> Vec<Forgery> {
        let backwards = |members: &Map<String, Value>| {
            let members: Vec<_> =
                members.iter().rev().map(|(name, value)| format!("{name:?}:{value}")).collect();
            format!("{{{}}}", members.join(","))
        };
        let (header, claims) = (text(&self.header), text(&self.claims));
        let wide = |text: &str| text.replace(':', " : ").replace(',', ",\r\n\t");
        let escaped =
            |text: &str| text.replace("\"typ\"", "\"\\u0074yp\"").replace("\"sub\"", "\"s\\u0075b\"");
        vec![
            ("as it is".to_owned(), self.signed(&header, &claims)),
            ("backwards".to_owned(), self.signed(&backwards(&self.header), &backwards(&self.claims))),
            ("wide".to_owned(), self.signed(&wide(&header), &wide(&claims))),
            ("with escapes".to_owned(), self.signed(&escaped(&header), &escaped(&claims))),
        ]
    }

    /// Every attack of the list.
    pub(crate) fn all(&self) -> Vec<Forgery> {
        [self.algorithms(), self.keys(), self.headers(), self.claims(), self.forms()].concat()
    }

    fn signed(&self, header: &str, claims: &str) -> String {
        match self.algorithm {
            Algorithm::EdDSA => with_pair(header, claims, &self.key),
            algorithm => with_key(header, claims, &self.key, algorithm),
        }
    }

    /// The public key as all the world knows it, or what stands in its place.
    fn public(&self) -> [u8; 32] {
        match self.algorithm {
            Algorithm::EdDSA => SigningKey::from_bytes(&self.key).verifying_key().to_bytes(),
            _ => [0; 32],
        }
    }

    fn header_with(&self, name: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header.insert(name.to_owned(), value);
        text(&header)
    }

    fn algorithms(&self) -> Vec<Forgery> {
        let mut forgeries = vec![];
        let claims = text(&self.claims);
        let signature = self.genuine.rsplit('.').next().unwrap();
        for alg in ["none", "None", "NONE", "nOnE", ""] {
            let message = message(&self.header_with("alg", alg.into()), &claims);
            forgeries.push((format!("alg {alg:?} unsigned"), format!("{message}.")));
            forgeries.push((format!("alg {alg:?} signed"), format!("{message}.{signature}")));
        }
        for (alg, by) in [("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
            let header = self.header_with("alg", alg.into());
            forgeries.push((format!("alg {alg}"), with_key(&header, &claims, &self.key, by)));
        }
        let own = self.header["alg"].as_str().unwrap();
        let others =
            ["HS256", "RS256", "ES256", "PS256", "EdDSA", "Ed25519", "hs256", "eddsa", "HS256 ", " EdDSA"];
        for alg in others.into_iter().filter(|alg| *alg != own) {
            let header = self.header_with("alg", alg.into());
            forgeries.push((format!("alg {alg} over {own}"), self.signed(&header, &claims)));
            // The public key is no secret, whatever the header says.
            let by_public = with_key(&header, &claims, &self.public(), Algorithm::HS256);
            forgeries.push((format!("alg {alg} by the public key"), by_public));
        }
        forgeries
    }

    fn keys(&self) -> Vec<Forgery> {
        let (header, claims) = (text(&self.header), text(&self.claims));
        let kid = self.header["kid"].as_str().unwrap();
        let by = |key: &[u8]| with_key(&header, &claims, key, Algorithm::HS256);
        vec![
            ("a blank key".to_owned(), by(b"")),
            ("a key of zeros".to_owned(), by(&[0; 32])),
            ("the kid as key".to_owned(), by(kid.as_bytes())),
            ("another key".to_owned(), by(&[7; 32])),
            ("another pair".to_owned(), with_pair(&header, &claims, &[7; 32])),
        ]
    }

    fn headers(&self) -> Vec<Forgery> {
        let claims = text(&self.claims);
        let key = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode([7; 32])});
        let mut forgeries = vec![];
        let mut push = |what: String, header: String| forgeries.push((what, self.signed(&header, &claims)));
        for (name, value) in [
            ("typ", json!("JWT")),
            ("typ", json!("at+JWT ")),
            ("typ", json!("reset+jwt")),
            ("typ", json!(1)),
            ("kid", json!("")),
            ("kid", json!("unknown")),
            ("kid", json!("../../../dev/null")),
            ("kid", json!("x' union select 'key")),
            ("kid", json!("k".repeat(65))),
            ("kid", json!(1)),
            ("kid", json!([self.header["kid"]])),
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("crit", json!(["b64"])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("cty", json!("JWT")),
            ("jwk", key.clone()),
            ("jku", json!("https://evil.example/jwks.json")),
            ("x5u", json!("https://evil.example/cert.pem")),
            ("x5c", json!(["MIIB"])),
            ("x5t", json!("AAAA")),
        ] {
            push(format!("header {name}: {value}"), self.header_with(name, value));
        }
        // Brought along with a key of one's own, and signed with it.
        let brought = self.header_with("jwk", key);
        forgeries.push(("its own jwk".to_owned(), with_key(&brought, &claims, &[7; 32], Algorithm::HS256)));
        let mut push = |what: String, header: String| forgeries.push((what, self.signed(&header, &claims)));
        for name in ["typ", "kid", "alg"] {
            let mut header = self.header.clone();
            header.remove(name);
            push(format!("header without {name}"), text(&header));
            let twice = format!("{{{:?}:{},{}", name, self.header[name], &text(&self.header)[1..]);
            push(format!("header with {name} twice"), twice);
        }
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        for bad in ["", "null", "[]", "{}", "{", "\"at+jwt\"", &deep, "[\"at+jwt\",\"HS256\",\"x\"]"] {
            push(format!("header {bad:.20}"), bad.to_owned());
        }
        forgeries
    }

    fn claims(&self) -> Vec<Forgery> {
        let header = text(&self.header);
        let now = self.claims["iat"].as_i64().unwrap();
        let mut forgeries = vec![];
        let mut push = |what: String, claims: String| forgeries.push((what, self.signed(&header, &claims)));
        let with = |name: &str, value: Value| {
            let mut claims = self.claims.clone();
            claims.insert(name.to_owned(), value);
            text(&claims)
        };
        for name in ["exp", "iat", "nbf", "iss", "aud", "sub", "jti", "tid", "sid", "gen"] {
            let mut without = self.claims.clone();
            let genuine = without.remove(name).unwrap();
            push(format!("without {name}"), text(&without));
            let twice = format!("{{{name:?}:{genuine},{}", &text(&self.claims)[1..]);
            push(format!("{name} twice"), twice);
            let as_text =
                genuine.as_i64().map_or_else(|| json!("nobody"), |number| json!(number.to_string()));
            let as_float = genuine.as_f64().map_or(json!(1.5), |number| json!(number + 0.5));
            for value in [
                as_text,
                as_float,
                json!(-1),
                json!(i64::MIN),
                json!(9_223_372_036_854_775_808_u64),
                json!(1e300),
                json!(true),
                json!([genuine]),
                json!({"a": genuine}),
                Value::Null,
                json!(""),
            ] {
                push(format!("{name}: {value}"), with(name, value));
            }
        }
        for (name, value) in [
            ("iss", json!("agentcores.evil")),
            ("aud", json!("agentcores-stream")),
            ("exp", json!(now - 10)),
            ("exp", json!(now + 2 * 24 * 60 * 60)),
            ("nbf", json!(now + 60)),
            ("iat", json!(now + 60)),
            ("gen", json!(0)),
            ("role", json!("owner")),
        ] {
            push(format!("{name}: {value}"), with(name, value));
        }
        for bad in ["", "null", "[]", "{}", "{", "7"] {
            push(format!("claims {bad:?}"), bad.to_owned());
        }
        forgeries
    }

    fn forms(&self) -> Vec<Forgery> {
        let genuine = self.genuine.as_str();
        let [head, body, signature] = genuine.split('.').collect::<Vec<_>>()[..] else { panic!() };
        let padded = |part: &str| URL_SAFE.encode(URL_SAFE_NO_PAD.decode(part).unwrap());
        let mut long = self.claims.clone();
        long.insert("iss".to_owned(), "x".repeat(8_000).into());
        let forms = [
            ("with a padded head", format!("{head}=.{body}.{signature}")),
            ("with a padded signature", format!("{head}.{body}.{}", padded(signature))),
            ("with a blank in it", format!("{head} .{body}.{signature}")),
            ("with a tab in it", format!("{head}.{body}.\t{signature}")),
            ("with a dot too many", format!("{genuine}.")),
            ("with a part too many", format!("{genuine}.{signature}")),
            ("with five parts", format!("{genuine}.{body}.{signature}")),
            ("with a dot before it", format!(".{genuine}")),
            ("without a signature", format!("{head}.{body}")),
            ("with a blank signature", format!("{head}.{body}.")),
            ("with half a signature", format!("{head}.{body}.{}", &signature[..20])),
            ("with spare bits in its signature", format!("{head}.{body}.{}", spare_bits(signature))),
            ("with another body", format!("{head}.{}.{signature}", &body[..body.len() - 4])),
            ("of dots", "...".to_owned()),
            ("of two dots", "..".to_owned()),
            ("of nothing much", "x".to_owned()),
            ("too long", self.signed(&text(&self.header), &text(&long))),
        ];
        forms.map(|(what, token)| (format!("a token {what}"), token)).to_vec()
    }
}

/// The same bytes, with bits set in the last character that stand for none.
fn spare_bits(signature: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = signature.split_at(signature.len() - 1);
    let value = DIGITS.iter().position(|digit| *digit == last.as_bytes()[0]).unwrap();
    format!("{rest}{}", char::from(DIGITS[value | 1]))
}

/// A token of this header and these claims, whatever they are.
pub(crate) fn with_key(header: &str, claims: &str, key: &[u8], algorithm: Algorithm) -> String {
    let message = message(header, claims);
    let key = EncodingKey::from_secret(key);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// The same, signed by the pair of a seed.
pub(crate) fn with_pair(header: &str, claims: &str, seed: &[u8; 32]) -> String {
    let message = message(header, claims);
    let pair = SigningKey::from_bytes(seed).to_pkcs8_der().unwrap();
    let key = EncodingKey::from_ed_der(pair.as_bytes());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

fn message(header: &str, claims: &str) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
}

fn text(members: &Map<String, Value>) -> String {
    Value::from(members.clone()).to_string()
}
