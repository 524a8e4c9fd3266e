use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::*;

#[derive(Clone, Debug)]
struct Seen {
    method: String,
    uri: String,
    headers: HeaderMap,
    body: String,
}

/// A server that notes what it is asked, and answers by the path.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start() -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let router = Router::new().fallback(answer).with_state(seen.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, seen, task }
    }

    fn tools(&self) -> AgentTools {
        tools(&format!("127.0.0.1:{}", self.port))
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(State(seen): State<Arc<Mutex<Vec<Seen>>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let path = parts.uri.path().to_owned();
    seen.lock().unwrap().push(Seen {
        method: parts.method.to_string(),
        uri: parts.uri.to_string(),
        headers: parts.headers,
        body,
    });
    let builder = Response::builder();
    let answered = match path.as_str() {
        "/json" => builder.header("content-type", "application/json").body(Body::from(r#"{"a": "\u0000"}"#)),
        "/missing" => builder.status(StatusCode::NOT_FOUND).body(Body::from("nothing here")),
        "/elsewhere" => builder.status(StatusCode::FOUND).header("location", "/json").body(Body::empty()),
        "/large" => builder.body(Body::from("ü".repeat(20_000_000))),
        "/nul" => builder.body(Body::from("a\0b")),
        "/binary" => builder.header("content-type", "image/png").body(Body::from(vec![0x89, b'P', 0xff])),
        "/gzip" => builder.header("content-encoding", "gzip").body(Body::from("x")),
        "/secret" => builder.header("set-cookie", "a=hunter2").header("etag", "\"1\"").body(Body::empty()),
        _ => builder.body(Body::from("well")),
    };
    answered.unwrap()
}

fn of(reply: &ToolReply) -> Value {
    reply.content.parse().unwrap()
}

#[tokio::test]
async fn a_request_is_sent_as_asked_for_and_names_its_call() {
    let (server, agent) = (Server::start().await, agent(&["http_request"], &json!({})));
    let tools = server.tools();
    let arguments = json!({
        "method": "PUT",
        "url": server.url("/items/1?q=ä"),
        "headers": {"X-Kind": "test", "Accept": "text/plain"},
        "body": {"amount": 1.50, "name": "ä"}
    });
    let reply = call(&tools, &agent, "http_request", &arguments).await.unwrap();
    assert_eq!((of(&reply)["status"].as_u64(), of(&reply)["body"].as_str()), (Some(200), Some("well")));
    assert!(!reply.is_error);
    let text = json!({"method": "POST", "url": server.url("/text"), "body": "plain", "headers": {"content-type": "a/b"}});
    call(&tools, &agent, "http_request", &text).await.unwrap();
    call(&tools, &agent, "http_request", &json!({"url": server.url("/")})).await.unwrap();
    let seen = server.seen();
    let shown: Vec<_> =
        seen.iter().map(|one| (one.method.as_str(), one.uri.as_str(), one.body.as_str())).collect();
    let json = r#"{"amount":1.5,"name":"ä"}"#;
    assert_eq!(shown, [("PUT", "/items/1?q=%C3%A4", json), ("POST", "/text", "plain"), ("GET", "/", "")]);
    let header =
        |at: usize, name: &str| seen[at].headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header(0, "x-kind").as_deref(), Some("test"));
    assert_eq!(header(0, "content-type").as_deref(), Some("application/json"));
    assert_eq!(header(1, "content-type").as_deref(), Some("a/b"));
    for at in 0..3 {
        assert_eq!(header(at, "idempotency-key"), Some(Uuid::from_u128(7).to_string()));
        assert!(header(at, "user-agent").unwrap().starts_with("AgentCores/"));
    }
}

#[tokio::test]
async fn an_answer_is_told_as_it_came_within_bounds() {
    let (server, agent) = (Server::start().await, agent(&["http_request"], &json!({})));
    let tools = server.tools();
    let ask = async |path: &str| {
        call(&tools, &agent, "http_request", &json!({"url": server.url(path)})).await.unwrap()
    };
    let reply = ask("/json").await;
    assert_eq!(of(&reply)["headers"]["content-type"], "application/json");
    assert_eq!(of(&reply)["body"], r#"{"a": "\u0000"}"#);
    let reply = ask("/missing").await;
    assert_eq!((of(&reply)["status"].as_u64(), reply.is_error), (Some(404), true));
    let reply = ask("/large").await;
    let body = of(&reply)["body"].as_str().unwrap().to_owned();
    assert!(body.len() <= 32 * 1024 && body.chars().all(|c| c == 'ü'), "{}", body.len());
    assert_eq!(of(&reply)["note"], "the body is cut: it goes on");
    assert_eq!(of(&ask("/nul").await)["body"], "a\u{fffd}b");
    let reply = ask("/binary").await;
    assert_eq!(
        (of(&reply)["body"].as_str(), of(&reply)["note"].as_str()),
        (None, Some("the body is not text"))
    );
    let reply = ask("/secret").await;
    assert_eq!(of(&reply)["headers"]["etag"], "\"1\"");
    assert!(!reply.content.contains("hunter2"));
    let failed = call(&tools, &agent, "http_request", &json!({"url": server.url("/gzip")})).await;
    assert_eq!(code(failed), "tool.protocol");
}

#[tokio::test]
async fn a_redirect_is_told_and_not_followed() {
    let (server, agent) = (Server::start().await, agent(&["http_request"], &json!({})));
    let ask = json!({"url": server.url("/elsewhere")});
    let reply = call(&server.tools(), &agent, "http_request", &ask).await.unwrap();
    let (status, location) = (of(&reply)["status"].as_u64(), of(&reply)["headers"]["location"].clone());
    assert_eq!((status, location.as_str(), reply.is_error), (Some(302), Some("/json"), true));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn no_header_of_the_client_can_be_set() {
    let (server, agent) = (Server::start().await, agent(&["http_request"], &json!({})));
    let tools = server.tools();
    for name in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Idempotency-Key",
        "User-Agent",
        "Proxy-Authorization",
    ] {
        let arguments = json!({"url": server.url("/"), "headers": {name: "1"}});
        assert_eq!(
            code(call(&tools, &agent, "http_request", &arguments).await),
            "tool.invalid_arguments",
            "{name}"
        );
    }
    let smuggled = json!({"url": server.url("/"), "headers": {"a": "b\r\nhost: other"}});
    assert_eq!(code(call(&tools, &agent, "http_request", &smuggled).await), "tool.invalid_arguments");
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn an_agent_keeps_to_the_methods_and_hosts_it_is_set_up_for() {
    let server = Server::start().await;
    let tools = server.tools();
    let reader =
        agent(&["http_request"], &json!({"http_request": {"methods": ["GET"], "hosts": ["API.example"]}}));
    let specs = offered(&tools, &reader).await;
    assert!(!specs[0].has_side_effects);
    assert!(specs[0].description.contains("API.example"));
    let post = json!({"url": "https://api.example/", "method": "POST"});
    assert_eq!(code(call(&tools, &reader, "http_request", &post).await), "tool.invalid_arguments");
    let failure = call(&tools, &reader, "http_request", &json!({"url": server.url("/")})).await.unwrap_err();
    assert_eq!((failure.code, failure.message.contains("may not reach")), ("tool.invalid_arguments", true));
    for url in ["https://api.example/", "https://API.EXAMPLE./x"] {
        // Let out, and then unknown to whoever knows names here.
        assert_eq!(
            code(call(&tools, &reader, "http_request", &json!({"url": url})).await),
            "tool.unreachable",
            "{url}"
        );
    }
    assert_eq!(server.seen().len(), 0);
}
