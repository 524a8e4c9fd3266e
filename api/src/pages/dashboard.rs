//! The dashboard's files, built into the program.

use std::borrow::Cow;

use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::middleware::request::no_such_method;
use crate::problem::Problem;

/// The dashboard as `npm run build` leaves it; empty if it was not built before the program was.
#[derive(RustEmbed)]
#[folder = "../frontend/dist"]
#[allow_missing = true]
struct Built;

const START: &str = "index.html";
/// Files whose names change with their contents.
const HASHED: &str = "assets/";

/// Whether a file was built in.
pub(super) fn has(path: &str) -> bool {
    Built::get(path).is_some()
}

/// The file at that path; a page of the dashboard's own where a browser goes to one.
pub(super) fn serve(method: &Method, path: &str, headers: &HeaderMap) -> Response {
    let path = path.trim_start_matches('/');
    let file = if path.is_empty() { None } else { Built::get(path) };
    let is_read = method == Method::GET || method == Method::HEAD;
    match file {
        Some(_) if !is_read => no_such_method("GET,HEAD"),
        Some(file) => answer(path, file, headers),
        None if is_read && is_navigation(path, headers) => Built::get(START).map_or_else(
            || Html(include_str!("not_built.html")).into_response(),
            |start| answer(START, start, headers),
        ),
        None => Problem::not_found().into_response(),
    }
}

/// Whether a browser goes to a page here. Scripts and styles that are not there are not pages.
fn is_navigation(path: &str, headers: &HeaderMap) -> bool {
    let wants_page = headers
        .get_all(ACCEPT)
        .iter()
        .any(|value| value.to_str().is_ok_and(|accept| accept.contains("text/html")));
    let is_file = path.starts_with(HASHED) || path.starts_with("vendor");
    path.is_empty() || (wants_page && !is_file)
}

fn answer(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let known =
        headers.get(IF_NONE_MATCH).is_some_and(|tags| tags.to_str().is_ok_and(|tags| tags.contains(&tag)));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match file.data {
            Cow::Borrowed(bytes) => bytes.into_response(),
            Cow::Owned(bytes) => bytes.into_response(),
        }
    };
    let kept = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let kind = HeaderValue::from_str(&media_type(path));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    if let Ok(kind) = kind {
        headers.insert(CONTENT_TYPE, kind);
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

fn media_type(path: &str) -> String {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    if kind.type_() == mime_guess::mime::TEXT { format!("{kind}; charset=utf-8") } else { kind.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(method: &Method, path: &str, accept: &str) -> Response {
        serve(method, path, &HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]))
    }

    const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

    #[test]
    fn a_browser_gets_a_page_wherever_it_goes_and_a_program_does_not() {
        assert_eq!(get(&Method::GET, "/agents/7", BROWSER).status(), 200);
        assert_eq!(get(&Method::GET, "/", "*/*").status(), 200);
        assert_eq!(get(&Method::GET, "/agents/7", "application/json").status(), 404);
        assert_eq!(get(&Method::POST, "/agents/7", BROWSER).status(), 404);
    }

    #[test]
    fn a_missing_asset_is_no_page() {
        assert_eq!(get(&Method::GET, "/assets/gone.js", BROWSER).status(), 404);
        assert_eq!(get(&Method::GET, "/vendor/gone.js", BROWSER).status(), 404);
    }

    #[test]
    fn texts_say_their_charset() {
        assert_eq!(media_type("a.js"), "text/javascript; charset=utf-8");
        assert_eq!(media_type("a.svg"), "image/svg+xml");
    }
}
