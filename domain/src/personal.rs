//! Personal data inside events.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A value about a person, marked by type so that the store can seal it under that person's own key before it
/// is hashed and written. Destroying the key erases the person; every proof over the log still verifies.
///
/// In JSON it is one of `{"personal": …, "subject": …}` (only ever in memory), `{"sealed": "…", "subject": …}`
/// (what the log holds) and `{"erased": true, "subject": …}` (what a reader gets once the key is gone).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal<T> {
    /// Whose key seals it: a user's id, or the tenant's id for its contact person.
    pub subject: Uuid,
    #[serde(flatten)]
    content: Content<T>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Content<T> {
    Personal(T),
    Sealed(String),
    Erased(bool),
}

impl<T> Personal<T> {
    /// A value about `subject`.
    pub const fn new(subject: Uuid, value: T) -> Self {
        Self { subject, content: Content::Personal(value) }
    }

    /// The value, unless it is sealed or erased.
    pub const fn value(&self) -> Option<&T> {
        match &self.content {
            Content::Personal(value) => Some(value),
            Content::Sealed(_) | Content::Erased(_) => None,
        }
    }
}

/// Says whose data it is, never what: what is printed may end in a log.
impl<T> std::fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.content {
            Content::Personal(_) => "known",
            Content::Sealed(_) => "sealed",
            Content::Erased(_) => "erased",
        };
        write!(f, "Personal({state}, of {})", self.subject)
    }
}
