//! How an answer may be coded.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;
use axum::middleware::Next;
use axum::response::Response;

/// Whoever takes no answer at all as we can code it gets it as it is. The alternative would be 406 in place of an answer
/// to what was done already.
pub(crate) async fn always_answer(mut request: Request, next: Next) -> Response {
    if takes_nothing(request.headers()) {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    next.run(request).await
}

/// Whether the plain form is refused, and gzip is not clearly asked for.
fn takes_nothing(headers: &HeaderMap) -> bool {
    let (mut refuses_plain, mut takes_gzip) = (false, false);
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for coding in values.flat_map(|value| value.split(',')) {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().to_ascii_lowercase();
        let digits = weight.strip_prefix("q=").unwrap_or_default();
        let is_nothing = digits.starts_with('0') && !digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        match name.trim().to_ascii_lowercase().as_str() {
            "*" | "identity" => refuses_plain |= is_nothing,
            "gzip" => takes_gzip |= matches!(digits, "1" | "1.0") || (!is_nothing && is_fraction(digits)),
            _ => {}
        }
    }
    refuses_plain && !takes_gzip
}

/// Up to three digits after a zero, as RFC 9110 writes a weight.
fn is_fraction(digits: &str) -> bool {
    let rest = digits.strip_prefix("0.").unwrap_or_default();
    (1..=3).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_refuses_every_form_is_not_heeded() {
        let takes_nothing =
            |value: &str| takes_nothing(&HeaderMap::from_iter([(ACCEPT_ENCODING, value.parse().unwrap())]));
        for refusing in
            ["*;q=0", "identity; q=0.000", "gzip;q=0, *;q=0", "br, identity;Q=0", "gzip;q=2,*;q=0."]
        {
            assert!(takes_nothing(refusing), "{refusing}");
        }
        for heeded in
            ["", "gzip", "br", "*", "gzip;q=0", "gzip, *;q=0", "gzip;q=0.5, identity;q=0", "identity;q=0.001"]
        {
            assert!(!takes_nothing(heeded), "{heeded}");
        }
    }
}
