//! How rows go into and out of tables: column lists, positional decoding, documents as exact text.

use domain::Document;
use serde_json::value::RawValue;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Decode, Postgres, Row, Type};

/// A statement that takes arrays.
pub(crate) type SaveQuery<'q> = Query<'q, Postgres, PgArguments>;

/// A column of a read model.
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its SQL type.
    pub(crate) sql_type: &'static str,
    /// Whether it holds a document.
    pub(crate) is_document: bool,
}

/// A column of a SQL type.
pub(crate) const fn column(name: &'static str, sql_type: &'static str) -> Column {
    Column { name, sql_type, is_document: false }
}

/// A column that holds a document's exact text. A fold does not load it: documents are large and few events change
/// one, so a row that is folded carries [`UNCHANGED`] instead, and saving that leaves the column as it is.
pub(crate) const fn document_column(name: &'static str) -> Column {
    Column { name, sql_type: "text", is_document: true }
}

/// Stands for a document that was not loaded. No document is this text, as a document is an object.
pub(crate) const UNCHANGED: &str = "null";

/// The names of all columns, for a select list.
pub(crate) fn names(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    names.join(", ")
}

/// Reads a row's columns one after the other.
pub(crate) struct Fields<'r> {
    row: &'r PgRow,
    at: usize,
}

impl<'r> Fields<'r> {
    pub(crate) const fn of(row: &'r PgRow) -> Self {
        Self { row, at: 0 }
    }

    /// The next column.
    pub(crate) fn next<T>(&mut self) -> Result<T, sqlx::Error>
    where
        T: Decode<'r, Postgres> + Type<Postgres>,
    {
        let at = self.at;
        self.at += 1;
        self.row.try_get(at)
    }

    /// The next column, a text that `find` knows.
    pub(crate) fn next_of<T>(&mut self, find: impl FnOnce(&str) -> Option<T>) -> Result<T, sqlx::Error> {
        let text: &str = self.next()?;
        find(text).ok_or_else(|| sqlx::Error::Decode(format!("unknown value {text:?}").into()))
    }

    /// The next column, a document.
    pub(crate) fn next_document(&mut self) -> Result<Box<RawValue>, sqlx::Error> {
        raw(self.next()?)
    }

    /// The next column, a document or null.
    pub(crate) fn next_document_or_null(&mut self) -> Result<Option<Box<RawValue>>, sqlx::Error> {
        self.next::<Option<String>>()?.map(raw).transpose()
    }
}

fn raw(text: String) -> Result<Box<RawValue>, sqlx::Error> {
    RawValue::from_string(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// A document as the row shows it.
pub(crate) fn shown(document: &Document) -> Box<RawValue> {
    RawValue::from_string(document.as_str().to_owned()).expect("a document is JSON")
}

/// An empty document.
pub(crate) fn empty() -> Box<RawValue> {
    shown(&Document::default())
}

/// One array of a column, out of all rows.
pub(crate) fn array<'q, R, T>(rows: &'q [R], value: impl Fn(&'q R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// A bounded number of the domain as an SQL integer.
pub(crate) fn integer(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// An enum that is stored and shown as text.
macro_rules! text_enum {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:tt,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        $vis enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The text stored and shown.
            $vis const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }

            /// The value with that text, if there is one.
            $vis fn find(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use text_enum;
