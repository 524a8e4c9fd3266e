//! Against a server of the official SDK: with sessions, as servers were before 2026-07-28, and without.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{RoleServer, ServerHandler};
use serde_json::json;

use super::*;

/// What a server offers and what it was asked.
#[derive(Default)]
struct Files {
    lists: AtomicUsize,
    calls: AtomicUsize,
    /// Method, `authorization` and `x-project` of each HTTP request.
    requests: Mutex<Vec<(String, String, String)>>,
}

#[derive(Clone)]
struct Handler(Arc<Files>);

fn schema(properties: &Value) -> Arc<serde_json::Map<String, Value>> {
    let schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    Arc::new(schema.as_object().unwrap().clone())
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.0.lists.fetch_add(1, Ordering::SeqCst);
        let path = json!({"path": {"type": "string"}});
        let read = Tool::new("read", "Reads a file", schema(&path));
        let read = read.with_annotations(ToolAnnotations::new().read_only(true));
        let evil = json!({"path": {"$ref": "https://elsewhere.example/schema"}});
        let mut first = ListToolsResult::with_all_items(vec![read, Tool::new("evil", "", schema(&evil))]);
        let write = Tool::new("write.file", "x".repeat(5_000), schema(&path));
        let fails = Tool::new("fails", "Always fails", schema(&json!({})));
        let wild = Tool::new("wild", "Answers with all there is", schema(&json!({})));
        match page.and_then(|page| page.cursor).as_deref() {
            None => {
                first.next_cursor = Some("2".to_owned());
                Ok(first)
            }
            Some("2") => Ok(ListToolsResult::with_all_items(vec![write, fails, wild])),
            Some(_) => Err(ErrorData::invalid_params("no such page", None)),
        }
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        let path =
            call.arguments.as_ref().and_then(|arguments| arguments.get("path")?.as_str()).unwrap_or_default();
        let result = match &*call.name {
            "read" => CallToolResult::success(vec![ContentBlock::text(format!("the text of {path}"))]),
            "write.file" => CallToolResult::error(vec![ContentBlock::text("the disk is full")]),
            "wild" => CallToolResult::success(vec![
                ContentBlock::text("a\0b"),
                ContentBlock::image("AAAA", "image/png"),
                ContentBlock::text("x".repeat(500_000)),
            ]),
            _ => return Err(ErrorData::internal_error("it broke", None)),
        };
        Ok(CallToolResponse::Complete(result))
    }
}

/// How a server talks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Sessions,
    Stateless,
    StatelessInJson,
}

struct Server {
    port: u16,
    files: Arc<Files>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(manner: Manner) -> Self {
        let files = Arc::<Files>::default();
        let mut config = StreamableHttpServerConfig::default();
        config.legacy_session_mode = manner == Manner::Sessions;
        config.json_response = manner == Manner::StatelessInJson;
        let handler = Handler(files.clone());
        let sessions = Arc::new(LocalSessionManager::default());
        let service = StreamableHttpService::new(move || Ok(handler.clone()), sessions, config);
        let router = Router::new().nest_service("/mcp", service);
        let router = match manner {
            // What a server of the SDK does for the newest protocol, servers of before do not know.
            Manner::Sessions => router.layer(axum::middleware::from_fn(know_no_discovery)),
            Manner::Stateless | Manner::StatelessInJson => router,
        };
        let router = router.layer(from_fn_with_state(files.clone(), note));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, files, task }
    }

    fn tools(&self) -> AgentTools {
        let keys = HashMap::from([((TENANT, "files-key"), "hunter2")]);
        tools_over(outbound(&format!("127.0.0.1:{}", self.port), Names::default()), Keys(keys))
    }

    fn agent(&self, capabilities: &[&str]) -> ToolGrant {
        let url = format!("http://127.0.0.1:{}/mcp", self.port);
        let headers = json!({"X-Project": "p1"});
        let server = json!({"name": "files", "url": url, "headers": headers, "provider_key": "files-key"});
        agent(capabilities, &json!({ "mcp_servers": [server] }))
    }
}

async fn note(State(files): State<Arc<Files>>, request: Request, next: Next) -> Response {
    let seen =
        (request.method().to_string(), header(&request, "authorization"), header(&request, "x-project"));
    files.requests.lock().unwrap().push(seen);
    next.run(request).await
}

fn header(request: &Request, name: &str) -> String {
    request.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned()
}

async fn know_no_discovery(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if String::from_utf8_lossy(&body).contains("server/discover") {
        let mut refused = Response::new("Bad Request: no session".into());
        *refused.status_mut() = axum::http::StatusCode::BAD_REQUEST;
        return refused;
    }
    next.run(Request::from_parts(parts, body.into())).await
}

#[tokio::test]
async fn tools_of_a_server_are_offered_and_called_in_every_manner_it_may_talk() {
    for manner in [Manner::Sessions, Manner::Stateless, Manner::StatelessInJson] {
        let server = Server::start(manner).await;
        let (tools, agent) = (server.tools(), server.agent(&["mcp:files"]));
        let specs = offered(&tools, &agent).await;
        // The one with a schema that points elsewhere is left out.
        assert_eq!(names(&specs)[0], "mcp_files_read");
        assert!(specs[1].name.starts_with("mcp_files_write_file_"), "{}", specs[1].name);
        assert_eq!(names(&specs)[2..], ["mcp_files_fails", "mcp_files_wild"]);
        assert_eq!(
            specs.iter().map(|spec| spec.has_side_effects).collect::<Vec<_>>(),
            [false, true, true, true]
        );
        assert_eq!(specs[1].description.len(), 1_024);
        let reply = call(&tools, &agent, "mcp_files_read", &json!({"path": "a.txt"})).await.unwrap();
        assert_eq!((reply.content.as_str(), reply.is_error), ("the text of a.txt", false));
        let reply = call(&tools, &agent, &specs[1].name, &json!({})).await.unwrap();
        assert_eq!((reply.content.as_str(), reply.is_error), ("the disk is full", true));
        let reply = call(&tools, &agent, "mcp_files_fails", &json!({})).await.unwrap();
        assert_eq!((reply.content.as_str(), reply.is_error), ("it broke", true));
    }
}

#[tokio::test]
async fn every_request_carries_the_headers_and_the_key_of_the_organisation() {
    let server = Server::start(Manner::Sessions).await;
    let (tools, agent) = (server.tools(), server.agent(&["mcp:files"]));
    call(&tools, &agent, "mcp_files_read", &json!({"path": "a.txt"})).await.unwrap();
    let requests = server.files.requests.lock().unwrap().clone();
    assert!(requests.len() >= 7, "{requests:?}");
    for (method, authorization, project) in requests {
        assert_eq!((authorization.as_str(), project.as_str()), ("Bearer hunter2", "p1"), "{method}");
        assert_ne!(method, "GET", "a stream that nobody listens to");
    }
    let other = ToolGrant { tenant: TenantId(Uuid::from_u128(2)), ..agent };
    let failure = tools.offered(&other).await.unwrap_err();
    assert_eq!(
        (failure.code, failure.message.contains("has no key of files-key")),
        ("tool.misconfigured", true)
    );
}

#[tokio::test]
async fn a_list_is_asked_for_once_a_minute_and_per_organisation() {
    let server = Server::start(Manner::Stateless).await;
    let (tools, agent) = (server.tools(), server.agent(&["mcp:files"]));
    for _ in 0..3 {
        offered(&tools, &agent).await;
        call(&tools, &agent, "mcp_files_read", &json!({"path": "a"})).await.unwrap();
    }
    // Two pages, once.
    assert_eq!(server.files.lists.load(Ordering::SeqCst), 2);
    assert_eq!(server.files.calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn one_tool_of_a_server_may_be_granted() {
    let server = Server::start(Manner::Stateless).await;
    let (tools, agent) = (server.tools(), server.agent(&["mcp:files/read", "mcp:other"]));
    assert_eq!(names(&offered(&tools, &agent).await), ["mcp_files_read"]);
    assert!(call(&tools, &agent, "mcp_files_read", &json!({"path": "a"})).await.is_ok());
    assert_eq!(code(call(&tools, &agent, "mcp_files_fails", &json!({})).await), "tool.not_granted");
    assert_eq!(server.files.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn arguments_are_held_against_the_schema_of_the_server_before_it_is_asked() {
    let server = Server::start(Manner::Stateless).await;
    let (tools, agent) = (server.tools(), server.agent(&["mcp:files"]));
    for arguments in [json!({"path": 1}), json!({"path": "a", "more": 1}), json!([])] {
        let failed = call(&tools, &agent, "mcp_files_read", &arguments).await;
        assert_eq!(code(failed), "tool.invalid_arguments", "{arguments}");
    }
    assert_eq!(server.files.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_a_tool_answers_is_made_fit_for_a_model_and_the_log() {
    let server = Server::start(Manner::Stateless).await;
    let (tools, agent) = (server.tools(), server.agent(&["mcp:files"]));
    let reply = call(&tools, &agent, "mcp_files_wild", &json!({})).await.unwrap();
    assert!(reply.content.starts_with("a\u{fffd}b\n\n[an image of type image/png, left out]\n\nxxx"));
    assert!(reply.content.len() <= 64 * 1024);
}

#[tokio::test]
async fn a_server_that_is_none_is_told_from_one_that_is_away() {
    use crate::outbound::tests::Listener;
    let http = |status: &str, kind: &str, body: &str| {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let huge = format!(r#"{{"jsonrpc":"2.0","id":0,"result":{{"x":"{}"}}}}"#, "x".repeat(2_000_000));
    for (answer, expected) in [
        (http("200 OK", "text/html", "<html>"), "tool.protocol"),
        (http("200 OK", "application/json", "{"), "tool.protocol"),
        (http("200 OK", "application/json", "{}"), "tool.protocol"),
        (http("200 OK", "application/json", &huge), "tool.protocol"),
        (http("500 No", "text/plain", "hunter2"), "tool.unreachable"),
        (http("503 No", "application/json", "{}"), "tool.unreachable"),
        (http("429 No", "text/plain", ""), "tool.unreachable"),
        (http("401 No\r\nwww-authenticate: Bearer", "text/plain", ""), "tool.unauthorized"),
        (http("200 OK", "text/event-stream", "data: {\n\n"), "tool.unreachable"),
        (http("200 OK", "text/event-stream", ""), "tool.unreachable"),
        (String::new(), "tool.unreachable"),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "tool.unreachable"),
    ] {
        let listener = Listener::saying(answer.clone()).await;
        let tools = tools(&listener.address.to_string());
        let url = format!("http://{}/mcp", listener.address);
        let agent = agent(&["mcp:odd"], &json!({"mcp_servers": [{"name": "odd", "url": url}]}));
        let failure = tools.offered(&agent).await.unwrap_err();
        let shown: String = answer.chars().take(120).collect();
        assert_eq!(failure.code, expected, "{shown}: {}", failure.message);
        assert!(!failure.message.contains("hunter2"));
    }
}
