//! From named values to a type, with an error for every field that does not fit.

use std::collections::HashSet;

use serde::de::value::MapDeserializer;
use serde::de::{Deserialize, Error, IntoDeserializer};
use serde_path_to_error::Segment;

use crate::problem::{FieldError, pointer};

/// The most errors that one answer lists.
const MOST: usize = 20;

/// Reads a `T` from its members. serde stops at the first member that does not fit; here that member is noted
/// and taken out, and the rest is read again, so that one answer names them all. `required` are the names that
/// must be there.
pub(crate) fn read<'de, T, V, E>(members: Vec<(String, V)>, required: &[String]) -> Result<T, Vec<FieldError>>
where
    T: Deserialize<'de>,
    V: IntoDeserializer<'de, E> + Copy,
    E: Error,
{
    let given: HashSet<String> = members.iter().map(|(name, _)| name.clone()).collect();
    let (mut members, mut errors) = distinct(members);
    let unread = loop {
        let map = MapDeserializer::new(members.iter().map(|(name, value)| (name.as_str(), *value)));
        match serde_path_to_error::deserialize::<_, T>(map) {
            Ok(value) if errors.is_empty() => return Ok(value),
            Ok(_) => break None,
            Err(error) => {
                let (member, field) = place(&error, &members);
                let fault = FieldError::read(&field, error.inner());
                let Some(at) = member.filter(|_| fault.code != "missing" && errors.len() < MOST) else {
                    break Some(fault);
                };
                members.remove(at);
                errors.push(fault);
            }
        }
    };
    let missing = required.iter().filter(|name| !given.contains(*name));
    errors.extend(missing.map(|name| FieldError::missing(name)));
    if errors.is_empty() {
        errors.extend(unread);
    }
    Err(errors)
}

/// Each member once, and an error for each name that comes again.
fn distinct<V>(members: Vec<(String, V)>) -> (Vec<(String, V)>, Vec<FieldError>) {
    let mut seen = HashSet::new();
    let (once, again): (Vec<_>, Vec<_>) =
        members.into_iter().partition(|(name, _)| seen.insert(name.clone()));
    let mut errors: Vec<FieldError> = again
        .iter()
        .take(MOST)
        .map(|(name, _)| FieldError::new(&pointer([name.as_str()]), "duplicate", "must be given only once"))
        .collect();
    errors.dedup();
    (once, errors)
}

/// Which member the error is about, and the pointer to the very value.
fn place<V, E>(error: &serde_path_to_error::Error<E>, members: &[(String, V)]) -> (Option<usize>, String)
where
    E: std::fmt::Display,
{
    let parts: Vec<String> = error
        .path()
        .iter()
        .map(|segment| match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => String::new(),
        })
        .collect();
    // serde names a field that it does not know in its text; the path ends before it.
    let text = error.inner().to_string();
    let unknown = text.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let first = parts.first().map(String::as_str);
    let name = first.filter(|name| !name.is_empty()).or(unknown.map(|(name, _)| name));
    let at = members.iter().position(|(member, _)| Some(member.as_str()) == name);
    let field = if parts.is_empty() {
        name.map(|name| pointer([name])).unwrap_or_default()
    } else {
        pointer(parts.iter().map(String::as_str))
    };
    (at, field)
}
