//! What it means that a provider answers with an error.

use std::time::Duration;

use application::ports::{Clock, FailureClass, ModelFailure};
use chrono::DateTime;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use secrecy::SecretString;
use serde_json::Value;

use crate::clock::SystemClock;

use super::failure::failed;
use super::redact;

/// The longest that a provider may ask to be left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// What helps where a key was left out on purpose.
const WITHOUT_KEY: &str = "; it was sent no key, because a base URL that an agent names gets only the key of a provider \
     that has no place of its own: name such a provider in the configuration";

/// Of a status other than 200, with what its body says.
pub(super) fn of(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    key: Option<&SecretString>,
    model: &str,
) -> ModelFailure {
    let told = Told::read(serde_json::from_slice(body).ok().as_ref());
    let (code, class) = classify(status, &told.code, retry_after(headers));
    let mut message = format!("the provider answered {}{}", status.as_u16(), told.shown(key, model));
    if key.is_none() && code == "provider.key_refused" {
        message.push_str(WITHOUT_KEY);
    }
    failed(code, &message, class)
}

/// Of an error in the middle of an answer, whose status was 200.
pub(super) fn in_answer(error: &Value, key: Option<&SecretString>) -> ModelFailure {
    let told = Told::read(Some(error));
    let (code, class) = match told.code.as_str() {
        "overloaded_error" | "rate_limit_error" | "rate_limit_exceeded" | "429" | "529" => {
            ("provider.limited", FailureClass::Limited(None))
        }
        "invalid_request_error" | "not_found_error" | "request_too_large" | "400" | "404" => {
            ("provider.refused", FailureClass::Refused)
        }
        "authentication_error" | "permission_error" | "401" | "403" => {
            ("provider.key_refused", FailureClass::Refused)
        }
        "insufficient_quota" | "billing_error" | "402" => ("provider.quota_exhausted", FailureClass::Refused),
        _ => ("provider.unavailable", FailureClass::Unavailable),
    };
    failed(code, &format!("the provider failed while it answered{}", told.shown(key, "")), class)
}

/// A key that cannot even be sent.
pub(super) fn unfit_key() -> ModelFailure {
    failed("provider.key_refused", "the key holds characters that no key has", FailureClass::Refused)
}

fn classify(status: StatusCode, told: &str, wait: Option<Duration>) -> (&'static str, FailureClass) {
    match (status.as_u16(), wait) {
        (300..=399, _) => ("provider.redirected", FailureClass::Refused),
        (401 | 403, _) => ("provider.key_refused", FailureClass::Refused),
        (402, _) => ("provider.quota_exhausted", FailureClass::Refused),
        // Nothing that waiting would help with.
        (429, _) if told == "insufficient_quota" => ("provider.quota_exhausted", FailureClass::Refused),
        (429 | 529, wait) | (503, wait @ Some(_)) => ("provider.limited", FailureClass::Limited(wait)),
        // A gateway's word: whoever stands behind it may have done the work.
        (408 | 502 | 504, _) => ("provider.timeout", FailureClass::Ambiguous),
        (409 | 425 | 500..=599, _) => ("provider.unavailable", FailureClass::Unavailable),
        (400..=499, _) => ("provider.refused", FailureClass::Refused),
        _ => ("provider.malformed_answer", FailureClass::Ambiguous),
    }
}

/// How long the provider asks to be left alone: seconds or a date (RFC 9110, section 10.2.3), or milliseconds in a
/// header that OpenAI sends besides.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = text("retry-after-ms").and_then(|text| text.parse().ok()).map(Duration::from_millis);
    let after = || {
        let text = text(RETRY_AFTER.as_str())?;
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let at = DateTime::parse_from_rfc2822(text).ok()?.to_utc();
        Some((at - SystemClock.now()).to_std().unwrap_or_default())
    };
    milliseconds.or_else(after).map(|wait| wait.min(LONGEST_WAIT))
}

/// What the body of an error says, in any of the forms that are about.
#[derive(Default)]
struct Told {
    code: String,
    message: String,
}

impl Told {
    fn read(body: Option<&Value>) -> Self {
        let Some(body) = body else { return Self::default() };
        let error = body.get("error").unwrap_or(body);
        let text = |name: &str| match error.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let message =
            text("message").or_else(|| text("detail")).or_else(|| error.as_str().map(str::to_owned));
        let code = text("code").or_else(|| text("type")).unwrap_or_default();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let code = if code.len() <= 64 && code.chars().all(is_plain) { code } else { String::new() };
        Self { code, message: message.unwrap_or_default() }
    }

    /// What follows the status in a failure's message.
    fn shown(&self, key: Option<&SecretString>, model: &str) -> String {
        let clean = |text: &str| redact::message(text, key, &[model]);
        match (clean(&self.code), clean(&self.message)) {
            (code, message) if code.is_empty() && message.is_empty() => String::new(),
            (code, message) if message.is_empty() => format!(" ({code})"),
            (code, message) if code.is_empty() => format!(": {message}"),
            (code, message) => format!(" ({code}): {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, headers: &[(&'static str, &str)], body: &str) -> (String, String, FailureClass) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        let failure = of(status, &map, body.as_bytes(), Some(&"sk-1234567890".to_owned().into()), "gpt-4.1");
        (failure.failure.code, failure.failure.message.as_str().to_owned(), failure.class)
    }

    #[test]
    fn each_status_has_its_class() {
        use FailureClass::{Ambiguous, Limited, Refused, Unavailable};
        for (status, code, class) in [
            (301, "redirected", Refused),
            (400, "refused", Refused),
            (401, "key_refused", Refused),
            (402, "quota_exhausted", Refused),
            (403, "key_refused", Refused),
            (404, "refused", Refused),
            (408, "timeout", Ambiguous),
            (409, "unavailable", Unavailable),
            (413, "refused", Refused),
            (422, "refused", Refused),
            (429, "limited", Limited(None)),
            (500, "unavailable", Unavailable),
            (502, "timeout", Ambiguous),
            (503, "unavailable", Unavailable),
            (504, "timeout", Ambiguous),
            (529, "limited", Limited(None)),
        ] {
            let (found, _, found_class) = refused(status, &[], "<html>");
            assert_eq!((found, found_class), (format!("provider.{code}"), class), "{status}");
        }
    }

    #[test]
    fn the_wait_is_as_told_and_at_most_an_hour() {
        let wait = |name, value: &str| match refused(429, &[(name, value)], "").2 {
            FailureClass::Limited(wait) => wait.map(|wait| wait.as_millis()),
            class => panic!("{class:?}"),
        };
        assert_eq!(wait("retry-after", "7"), Some(7_000));
        assert_eq!(wait("retry-after-ms", "250"), Some(250));
        assert_eq!(wait("retry-after", "99999999999"), Some(3_600_000));
        assert_eq!(wait("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), Some(0));
        let soon = (SystemClock.now() + chrono::TimeDelta::seconds(60)).to_rfc2822();
        assert!((50_000..=60_000).contains(&wait("retry-after", &soon.replace("+0000", "GMT")).unwrap()));
        for nonsense in ["-1", "soon", "1.5", ""] {
            assert_eq!(wait("retry-after", nonsense), None, "{nonsense}");
        }
        assert_eq!(
            refused(503, &[("retry-after", "1")], "").2,
            FailureClass::Limited(Some(Duration::from_secs(1)))
        );
    }

    #[test]
    fn what_the_provider_says_is_shown_without_the_key() {
        let body = r#"{"error": {"message": "Incorrect API key: sk-1234567890.", "type": "invalid_request_error", "code": "invalid_api_key"}}"#;
        let message = "the provider answered 401 (invalid_api_key): Incorrect API key: [redacted].";
        assert_eq!(refused(401, &[], body).1, message);
        let body = r#"{"type": "error", "error": {"type": "not_found_error", "message": "model: gpt-4.1"}}"#;
        assert_eq!(refused(404, &[], body).1, "the provider answered 404 (not_found_error): model: gpt-4.1");
        assert_eq!(
            refused(500, &[], r#"{"error": "out of memory"}"#).1,
            "the provider answered 500: out of memory"
        );
        assert_eq!(
            refused(500, &[], r#"{"error": {"code": "sk-1234567890"}}"#).1,
            "the provider answered 500 ([redacted])"
        );
        let quota = refused(429, &[("retry-after", "1")], r#"{"error": {"code": "insufficient_quota"}}"#);
        assert_eq!((&*quota.0, quota.2), ("provider.quota_exhausted", FailureClass::Refused));
    }
}
