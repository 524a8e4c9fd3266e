//! The cookie that a browser keeps the refresh token in, out of reach of scripts.

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};

use crate::problem::Problem;

/// The prefix binds it to this very host, and to HTTPS (RFC 6265bis, section 4.1.3.2).
const NAME: &str = "__Host-agentcores-refresh";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// Keeps the token for so many seconds.
pub(crate) fn keep(token: &str, seconds: i64) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{NAME}={token}; {ATTRIBUTES}; Max-Age={seconds}")).ok()
}

/// Takes the cookie away.
pub(crate) fn clear() -> HeaderValue {
    HeaderValue::try_from(format!("{NAME}=; {ATTRIBUTES}; Max-Age=0")).expect("a text of ASCII")
}

/// The token in the cookie.
pub(crate) fn read(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == NAME).map(|(_, token)| token).filter(|token| !token.is_empty())
}

/// Refuses a request that another site made a browser send. `SameSite` should have kept the cookie from it, but a
/// sibling subdomain, another tenant's, counts as the same site.
pub(crate) fn require_same_origin(headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = || uri.authority().map(Authority::as_str).or_else(|| text(HOST.as_str()));
    let is_same = if let Some(site) = text("sec-fetch-site") {
        site == "same-origin"
    } else {
        // Browsers leave it out over plain HTTP.
        let origin = text(ORIGIN.as_str()).and_then(authority);
        origin.zip(host()).is_some_and(|((default_port, origin), host)| {
            origin.eq_ignore_ascii_case(host.strip_suffix(default_port).unwrap_or(host))
        })
    };
    if is_same { Ok(()) } else { Err(cross_site()) }
}

/// The default port of an origin, with its colon, and its authority.
fn authority(origin: &str) -> Option<(&'static str, &str)> {
    let (scheme, authority) = origin.split_once("://")?;
    match scheme {
        "https" => Some((":443", authority)),
        "http" => Some((":80", authority)),
        _ => None,
    }
}

fn cross_site() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "a session kept in a cookie is refreshed from its own origin only",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same_origin(headers: &[(&'static str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            (axum::http::HeaderName::from_static(name), HeaderValue::try_from(*value).unwrap())
        });
        let uri = Uri::from_static("/api/v1/auth/refresh");
        require_same_origin(&headers.collect(), &uri).is_ok()
    }

    #[test]
    fn only_the_own_origin_is_the_same() {
        assert!(is_same_origin(&[("sec-fetch-site", "same-origin")]));
        for site in ["same-site", "cross-site", "none", ""] {
            let origin = ("origin", "https://acme.example");
            assert!(!is_same_origin(&[("sec-fetch-site", site), ("host", "acme.example"), origin]), "{site}");
        }
        for (host, origin) in [
            ("acme.example", "https://acme.example"),
            ("ACME.example:443", "https://acme.example"),
            ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ] {
            assert!(is_same_origin(&[("host", host), ("origin", origin)]), "{host} {origin}");
        }
        for (host, origin) in [
            ("acme.example", "https://evil.acme.example"),
            ("acme.example", "https://acme.example:8443"),
            ("acme.example", "null"),
            ("acme.example:80", "https://acme.example"),
        ] {
            assert!(!is_same_origin(&[("host", host), ("origin", origin)]), "{host} {origin}");
        }
        assert!(!is_same_origin(&[("host", "acme.example")]));
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let read =
            |text: &str| read(&HeaderMap::from_iter([(COOKIE, text.parse().unwrap())])).map(str::to_owned);
        assert_eq!(read("a=b; __Host-agentcores-refresh=acr_x; c=d").as_deref(), Some("acr_x"));
        for none in [
            "",
            "a=b",
            "__Host-agentcores-refresh=",
            "x__Host-agentcores-refresh=acr_x",
            "agentcores-refresh=x",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
