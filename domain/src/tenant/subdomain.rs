//! Subdomains.

use crate::text::{Lines, TextError, bounded, text_type};

text_type! {
    /// The name under which a tenant is reached: 3 to 63 of `a-z`, `0-9` and `-`, not at either end a dash, no
    /// reserved word. Stored in lower case, so it is unique without regard to case.
    Subdomain, checked
}

/// Names that the platform itself answers under, or that would let a tenant pose as it.
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "app",
    "assets",
    "audit",
    "auth",
    "billing",
    "blog",
    "cdn",
    "console",
    "dashboard",
    "docs",
    "events",
    "ftp",
    "health",
    "help",
    "internal",
    "localhost",
    "login",
    "mail",
    "metrics",
    "ns1",
    "ns2",
    "null",
    "public",
    "redoc",
    "register",
    "root",
    "security",
    "smtp",
    "static",
    "status",
    "support",
    "system",
    "webhooks",
    "www",
];

fn checked(text: &str) -> Result<String, TextError> {
    let text = bounded(text, 3, 63, Lines::One)?.to_ascii_lowercase();
    if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(TextError::Malformed("must consist of letters a-z, digits and dashes"));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(TextError::Malformed("must not begin or end with a dash"));
    }
    if RESERVED.contains(&text.as_str()) {
        return Err(TextError::Malformed("is a reserved word"));
    }
    Ok(text)
}
