//! What is served beside the API: health, the document, the reference pages, the dashboard.

use std::path::Path;

use serde_json::{Value, json};

use crate::operations::DOCUMENT;
use crate::support::TestApp;

/// A page as a browser asks for it.
struct Page {
    status: u16,
    kind: String,
    text: String,
    policy: String,
}

async fn get(app: &TestApp, path: &str) -> Page {
    let client = crate::plain::client().build().unwrap();
    let request = client.get(format!("http://{}{path}", app.address)).header("Accept", "text/html,*/*;q=0.8");
    let answer = request.send().await.unwrap();
    let header =
        |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (kind, policy) = (header("content-type"), header("content-security-policy"));
    Page { status: answer.status().as_u16(), kind, policy, text: answer.text().await.unwrap() }
}

fn is_built(file: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../frontend/dist").join(file).exists()
}

/// What a page loads.
fn loads(html: &str) -> Vec<&str> {
    [" src=\"", " href=\""]
        .iter()
        .flat_map(|attribute| html.split(attribute).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect()
}

/// The page is there and so is all it loads, from here alone.
async fn assert_complete(app: &TestApp, path: &str) {
    let page = get(app, path).await;
    assert_eq!((page.status, page.kind.as_str()), (200, "text/html; charset=utf-8"), "{path}");
    assert!(page.policy.contains("default-src 'none'"));
    assert!(!page.text.contains("://") && !page.text.contains("<script>"), "{path}: {}", page.text);
    let loaded = loads(&page.text);
    assert!(!loaded.is_empty());
    for address in loaded {
        assert!(address.starts_with('/') && !address.starts_with("//"), "{path} loads {address}");
        let part = get(app, address).await;
        assert_eq!(part.status, 200, "{address}");
        let kinds = [(".js", "text/javascript"), (".css", "text/css"), (".svg", "image/svg+xml")];
        let (_, kind) = kinds.iter().find(|(ending, _)| address.ends_with(ending)).unwrap();
        assert!(part.kind.starts_with(kind) && !part.text.is_empty(), "{address} is {}", part.kind);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_and_all_they_load_come_from_here() {
    let app = TestApp::start().await;
    let pages = [
        ("/", "index.html"),
        ("/docs", "vendor/swagger-ui-bundle.js"),
        ("/redoc", "vendor/redoc.standalone.js"),
    ];
    for (path, needed) in pages {
        if is_built(needed) {
            assert_complete(&app, path).await;
        } else {
            let hint = get(&app, path).await;
            assert_eq!((hint.status, hint.text.contains("npm run build")), (200, true), "{path}");
        }
    }
    for gone in ["/assets/gone.js", "/vendor/gone.js", "/vendor-init/gone.js"] {
        assert_eq!(get(&app, gone).await.status, 404, "{gone}");
    }
    // The dashboard's own addresses work when opened afresh.
    assert_eq!(get(&app, "/agents/7").await.kind, "text/html; charset=utf-8");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_served_is_the_one_committed() {
    let app = TestApp::start().await;
    let served = get(&app, "/openapi.json").await;
    assert_eq!((served.status, served.kind.as_str()), (200, "application/json"));
    let served: Value = serde_json::from_str(&served.text).unwrap();
    assert!(served == *DOCUMENT);
    // `DOCUMENT` went through a map, which sorts its members; the text is as it is written.
    let committed = include_str!("../../../openapi.json");
    assert!(
        api::openapi_json().unwrap().trim() == committed.trim(),
        "api/openapi.json is not what the routes say: run `make openapi` and commit it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_says_how_it_fares() {
    let app = TestApp::start().await;
    let json = async |path| {
        let page = get(&app, path).await;
        (page.status, serde_json::from_str::<Value>(&page.text).unwrap())
    };
    let (status, health) = json("/health").await;
    assert_eq!(
        (status, &health["status"], &health["checks"]),
        (200, &json!("ok"), &json!({"database": "ok"}))
    );
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json("/health/live").await, (200, json!({"status": "ok"})));
    assert_eq!(json("/health/ready").await, (200, json!({"status": "ok"})));
    app.service.begin_stop();
    let (status, problem) = json("/health/ready").await;
    assert_eq!((status, &problem["code"]), (503, &json!("unavailable")));
    assert_eq!(json("/health/live").await.0, 200);
}
