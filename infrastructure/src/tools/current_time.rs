//! What time it is, in UTC and in a time zone of the IANA database.

use application::ports::{Clock, ToolFailure, ToolReply, ToolSpec};
use chrono::{Datelike, SecondsFormat};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::answers::{said, went_wrong};
use super::failures::misread;

pub(super) const NAME: &str = "current_time";

const PARAMETERS: &str = r#"{
  "type": "object",
  "properties": {
    "time_zone": {
      "type": "string",
      "maxLength": 64,
      "description": "A name of the IANA database such as Europe/Berlin; UTC without it"
    }
  },
  "additionalProperties": false
}"#;

#[derive(Deserialize)]
struct Arguments {
    time_zone: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    utc: String,
    unix_seconds: i64,
    time_zone: &'static str,
    local: String,
    weekday: String,
    iso_week: u32,
}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: NAME.to_owned(),
        description: "Tells the present time and day of the week, in UTC and in a time zone.".to_owned(),
        parameters: PARAMETERS.to_owned(),
        has_side_effects: false,
    }
}

pub(super) fn call(clock: &dyn Clock, arguments: &str) -> Result<ToolReply, ToolFailure> {
    let Arguments { time_zone } = serde_json::from_str(arguments).map_err(|error| misread(&error))?;
    let zone = match time_zone.as_deref().map(str::parse::<Tz>) {
        None => Tz::UTC,
        Some(Ok(zone)) => zone,
        Some(Err(_)) => {
            return Ok(went_wrong("there is no such time zone; names are such as Europe/Berlin".to_owned()));
        }
    };
    let now = clock.now();
    let local = now.with_timezone(&zone);
    Ok(said(&Answer {
        utc: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        unix_seconds: now.timestamp(),
        time_zone: zone.name(),
        local: local.to_rfc3339_opts(SecondsFormat::Secs, false),
        weekday: local.format("%A").to_string(),
        iso_week: local.iso_week().week(),
    }))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    struct At(DateTime<Utc>);

    #[async_trait::async_trait]
    impl Clock for At {
        fn now(&self) -> DateTime<Utc> {
            self.0
        }

        fn instant(&self) -> std::time::Instant {
            std::time::Instant::now()
        }

        async fn sleep(&self, _: std::time::Duration) {}
    }

    fn told(at: &str, arguments: &str) -> ToolReply {
        call(&At(at.parse().unwrap()), arguments).unwrap()
    }

    #[test]
    fn time_is_told_in_utc_and_where_it_is_asked_for() {
        let utc = told("2026-11-27T23:30:05.9Z", "{}");
        let expected = r#"{"utc":"2026-11-27T23:30:05Z","unix_seconds":1795822205,"time_zone":"UTC","local":"2026-11-27T23:30:05+00:00","weekday":"Friday","iso_week":48}"#;
        assert_eq!(utc, ToolReply { content: expected.to_owned(), is_error: false });
        let berlin = told("2026-11-27T23:30:05Z", r#"{"time_zone": "Europe/Berlin"}"#);
        assert!(berlin.content.contains(r#""local":"2026-11-28T00:30:05+01:00","weekday":"Saturday""#));
    }

    #[test]
    fn summer_time_begins_and_ends_as_the_zone_says() {
        let local = |at| told(at, r#"{"time_zone": "America/New_York"}"#).content;
        assert!(local("2026-03-08T06:59:59Z").contains("T01:59:59-05:00"));
        assert!(local("2026-03-08T07:00:00Z").contains("T03:00:00-04:00"));
        assert!(local("2026-11-01T06:00:00Z").contains("T01:00:00-05:00"));
    }

    #[test]
    fn an_unknown_zone_is_said_to_be_unknown() {
        for zone in ["Mars/Olympus", "", "berlin", "+01:00", "\\u0000"] {
            let reply = told("2026-11-27T23:30:05Z", &format!(r#"{{"time_zone": "{zone}"}}"#));
            assert!(reply.is_error, "{zone}");
        }
    }
}
