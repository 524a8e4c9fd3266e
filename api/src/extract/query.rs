//! Query parameters.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::fields;
use crate::problem::Problem;

/// The query parameters as a `T`. Unknown ones, and ones that come twice, are refused; empty ones are absent.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for Parameters<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) else {
            return Err(Problem::invalid_field("", "malformed", "has a query that cannot be read"));
        };
        let members = pairs
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.clone(), Text(value)))
            .collect();
        fields::read(members, &[]).map(Self).map_err(Problem::invalid)
    }
}

/// A text that becomes a number or a truth value where one is asked for.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'a> IntoDeserializer<'a, Error> for Text<'a> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.parse() {
            Ok(number) => visitor.visit_i64(number),
            Err(_) => visitor.visit_borrowed_str(self.0),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.parse() {
            Ok(truth) => visitor.visit_bool(truth),
            Err(_) => visitor.visit_borrowed_str(self.0),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text: StrDeserializer<'_, Error> = self.0.into_deserializer();
        text.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use domain::Role;
    use domain::task::Priority;
    use serde::Deserialize;

    use super::*;
    use crate::extract::{Limit, SearchText};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(default)]
        limit: Limit,
        role: Option<Role>,
        priority: Option<Priority>,
        q: Option<SearchText>,
        agent_id: Option<domain::AgentId>,
    }

    async fn read(query: &str) -> Result<Sample, String> {
        let request = Request::get(format!("/things?{query}")).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        Parameters::from_request_parts(&mut parts, &())
            .await
            .map(|Parameters(sample)| sample)
            .map_err(|problem| problem.to_json()["errors"].to_string())
    }

    #[tokio::test]
    async fn parameters_are_read_into_their_types() {
        let sample =
            read("limit=7&role=admin&priority=5&q=a%20b&agent_id=0199d2f0-7c7e-7d52-8d0a-3a5f2f0b8a11")
                .await
                .unwrap();
        assert_eq!(sample.limit.0, 7);
        assert_eq!(sample.role, Some(Role::Admin));
        assert_eq!(sample.priority.map(Priority::get), Some(5));
        assert_eq!(sample.q.unwrap().0, "a b");
        assert!(sample.agent_id.is_some());
        let empty = read("q=&limit=").await.unwrap();
        assert!(empty.q.is_none());
        assert_eq!(empty.limit.0, 50);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_named() {
        for (query, field, code) in [
            ("limit=0", "/limit", "out_of_range"),
            ("limit=201", "/limit", "out_of_range"),
            ("limit=ten", "/limit", "wrong_type"),
            ("limit=99999999999999999999", "/limit", "wrong_type"),
            ("role=king", "/role", "unknown_value"),
            ("priority=9", "/priority", "out_of_range"),
            ("colour=red", "/colour", "unknown_field"),
            ("role=admin&role=owner", "/role", "duplicate"),
            ("q=%00", "/q", "control_character"),
            ("agent_id=7", "/agent_id", "malformed"),
        ] {
            let errors = read(query).await.unwrap_err();
            assert!(errors.contains(&format!("\"field\":\"{field}\"")), "{query}: {errors}");
            assert!(errors.contains(&format!("\"code\":\"{code}\"")), "{query}: {errors}");
        }
    }
}
