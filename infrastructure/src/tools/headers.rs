//! Headers that agents and models may set.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// Headers that say how a request is carried, to whom it goes or who sends it: they are the client's.
const OURS: [&str; 20] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "idempotency-key",
    "keep-alive",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// The headers, or which of them cannot be sent. Values may be secret and are kept out of sight.
pub(super) fn read(headers: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let refused = |why: &str| format!("the header {name:?} {why}");
        let parsed: HeaderName = name.parse().map_err(|_| refused("is none"))?;
        if OURS.contains(&parsed.as_str()) {
            return Err(refused("cannot be set"));
        }
        let mut value: HeaderValue = value.parse().map_err(|_| refused("has a value that cannot be sent"))?;
        value.set_sensitive(true);
        map.insert(parsed, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Result<HeaderMap, String> {
        read(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn headers_of_the_client_cannot_be_set_however_they_are_spelt() {
        for name in OURS.iter().copied().chain(["Host", "TRANSFER-ENCODING", "Content-Length"]) {
            assert!(of(name, "x").unwrap_err().contains("cannot be set"), "{name}");
        }
    }

    #[test]
    fn neither_a_name_nor_a_value_can_begin_another_header() {
        for (name, value) in
            [("a: b\r\nhost", "x"), ("a b", "x"), ("", "x"), ("a", "x\r\nhost: y"), ("a", "x\ny")]
        {
            assert!(of(name, value).is_err(), "{name:?} {value:?}");
        }
    }

    #[test]
    fn values_are_secret() {
        let headers = of("Authorization", "Bearer hunter2").unwrap();
        assert!(!format!("{headers:?}").contains("hunter2"));
        assert_eq!(headers["authorization"], "Bearer hunter2");
    }
}
