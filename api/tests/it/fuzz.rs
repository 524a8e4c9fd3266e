//! Requests that nobody sends, made out of good ones: whatever comes, the answer is one that the API describes and tells
//! nothing of the inside. Each request follows from its number, so that one that was answered badly can be looked at again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures::StreamExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Request};
use serde_json::{Map, Value, json};

use crate::operations::{Operation, operations};
use crate::scale::scaled;
use crate::scene::Scene;
use crate::support::TestApp;

/// At full size.
const REQUESTS: usize = 100_000;

/// Many of them end what is there, so that there is something new after so many.
const OF_A_SCENE: usize = 500;

/// What no answer holds that did not stand in the request: traces, statements, files, and what the service is made of.
const INSIDES: [&str; 26] = [
    "panicked",
    "backtrace",
    "thread '",
    ".rs:",
    ".rs\"",
    "src/",
    "/home/",
    "/root/",
    "/tmp/",
    "sqlx",
    "postgres",
    "pg_",
    "select ",
    "insert into",
    "update ",
    "violates",
    "constraint",
    "relation ",
    "search_path",
    "serde",
    "tokio",
    "axum",
    "hyper",
    "reqwest",
    "cqrs",
    "::",
];

/// Texts that often find something.
const TEXTS: [&str; 24] = [
    "",
    " ",
    "\t\n",
    "0",
    "-1",
    "null",
    "true",
    "{}",
    "[]",
    "'",
    "\"",
    "' or 1=1 --",
    "'; drop table agents; --",
    "%00",
    "../../../../etc/passwd",
    "${jndi:ldap://127.0.0.1/a}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "\u{202e}abc",
    "e\u{301}\u{fe0f}\u{200d}",
    "\u{feff}",
    "\u{1f469}\u{200d}\u{1f52c}",
    "A\r\nSet-Cookie: a=b",
    "NaN",
];

/// How many requests were answered with each status.
type Answered = BTreeMap<u16, usize>;

/// Makes requests out of good ones.
struct Maker<'a> {
    app: &'a TestApp,
    scene: &'a Scene,
    operations: Vec<Operation>,
    /// Good tokens, and some that are not.
    tokens: Vec<String>,
    ids: Vec<String>,
}

impl<'a> Maker<'a> {
    async fn new(app: &'a TestApp, scene: &'a Scene) -> Self {
        // Whoever signs out is asked nothing any more.
        let operations = operations().into_iter().filter(|operation| operation.id != "log_out").collect();
        let key = app.api_key(&scene.owner, &["read_agents", "read_tasks"]).await;
        let stranger = app.sign_up("free").await;
        let owner = scene.owner.token.clone();
        let tokens = vec![
            owner[..owner.len() - 2].to_owned(),
            owner.replace('.', ".."),
            format!("{owner}="),
            scene.owner.refresh_token.clone(),
            scene.member.token.clone(),
            stranger.token.clone(),
            key.session.token,
            "eyJhbGciOiJub25lIn0.e30.".to_owned(),
            ".".repeat(5_000),
        ];
        let ids = vec![
            scene.agent.clone(),
            scene.task.clone(),
            scene.owner.user.to_string(),
            stranger.user.to_string(),
            stranger.tenant.to_string(),
            uuid::Uuid::nil().to_string(),
            uuid::Uuid::max().to_string(),
        ];
        Self { app, scene, operations, tokens, ids }
    }

    /// The request of this number.
    fn request(&self, number: usize) -> Request {
        let mut random = StdRng::seed_from_u64(number as u64);
        let random = &mut random;
        let operation = self.operations.choose(random).unwrap();
        let mut path = self.scene.path_of(operation);
        let mut method = operation.method.clone();
        let body = operation.body.as_ref().map(|_| self.scene.fresh_body(operation));
        let mut body = body.map(|good| good.to_string().into_bytes());
        let mut headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
        let mut token = Some(self.scene.owner.token.clone());
        for _ in 0..random.random_range(0..4) {
            match random.random_range(0..10) {
                0 => method = any_method(random),
                1 => self.change_path(random, &mut path),
                2 | 3 => add_to_query(random, operation, &mut path),
                4 => token = self.tokens.choose(random).filter(|_| random.random_bool(0.8)).cloned(),
                5 | 6 => headers.push(any_header(random)),
                7 | 8 => body = Some(self.changed_body(random, operation, body.as_deref())),
                _ => body = Some(broken(random, body.unwrap_or_default())),
            }
        }
        let mut request = self.app.request(method, &path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let mut request = request.build().unwrap();
        for (name, value) in headers {
            let named = (HeaderName::try_from(name), HeaderValue::from_bytes(&value));
            if let (Ok(name), Ok(value)) = named {
                request.headers_mut().append(name, value);
            }
        }
        request
    }

    /// How the request of this number is answered, and what is wrong with that.
    async fn ask(&self, number: usize) -> (u16, Option<String>) {
        let request = self.request(number);
        let method = request.method().clone();
        let head = format!("{method} {} {:?}", request.url(), request.headers());
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let sent = format!("{head}\n{}", String::from_utf8_lossy(body)).to_lowercase();
        let answer = self.app.execute(request).await;
        let answer = answer.unwrap_or_else(|error| panic!("{number}: {head}: {error:?}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let is_stream = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if is_stream { vec![] } else { answer.bytes().await.unwrap().to_vec() };
        let fault = fault(&method, &sent, status, &headers, &body).map(|fault| {
            let sent: String = sent.chars().take(2_000).collect();
            let told = String::from_utf8_lossy(&body);
            format!("{number} {fault}: {status} {told}\n  to {sent}")
        });
        (status, fault)
    }

    fn change_path(&self, random: &mut StdRng, path: &mut String) {
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        let at = random.random_range(1..parts.len());
        match random.random_range(0..6) {
            0 => parts[at] = encoded(&any_bytes(random, 12)),
            1 => parts[at].clone_from(self.ids.choose(random).unwrap()),
            2 => parts.insert(at, String::new()),
            3 => parts.push(encoded(TEXTS.choose(random).unwrap().as_bytes())),
            4 => parts[at] = parts[at].to_ascii_uppercase(),
            _ => parts[at] = "a".repeat(random.random_range(1..9_000)),
        }
        *path = parts.join("/");
    }

    /// The good body with a member that is not, or another one more, less or twice.
    fn changed_body(&self, random: &mut StdRng, operation: &Operation, present: Option<&[u8]>) -> Vec<u8> {
        let good = present.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let mut members: Map<String, Value> = good.unwrap_or_default();
        let fields = operation.body.iter().flat_map(|body| &body.fields).map(|field| field.name.clone());
        let mut names: Vec<String> =
            fields.chain(["no_such_member", "tenant_id", "__proto__", ""].map(Into::into)).collect();
        names.sort();
        let name = names.choose(random).unwrap();
        let value = self.any_value(random, 0);
        match random.random_range(0..4) {
            0 => {
                members.remove(name);
            }
            1 => {
                let text = Value::from(members).to_string();
                let twice =
                    format!("{}, {}: {value}}}", text.trim_end_matches('}'), Value::from(name.as_str()));
                return twice.into_bytes();
            }
            2 => return value.to_string().into_bytes(),
            _ => {
                members.insert(name.clone(), value);
            }
        }
        Value::from(members).to_string().into_bytes()
    }

    fn any_value(&self, random: &mut StdRng, depth: usize) -> Value {
        match random.random_range(0..if depth < 4 { 13 } else { 9 }) {
            0 => Value::Null,
            1 => random.random_bool(0.5).into(),
            2 => [0, 1, -1, i64::MAX, i64::MIN, 4_294_967_296].choose(random).copied().into(),
            3 => [0.1, -0.0, 1e308, 5e-324, 1e19].choose(random).copied().into(),
            4 => self.ids.choose(random).unwrap().clone().into(),
            5 => TEXTS.choose(random).copied().into(),
            6 => "x".repeat(random.random_range(0..9_000)).into(),
            7 => String::from_utf8_lossy(&any_bytes(random, 40)).into(),
            8 => [
                "2026-13-45T99:00:00Z",
                "1969-12-31T23:59:59Z",
                "9999-12-31T23:59:59.999999999+23:59",
                "* * * * *",
                "0 0 31 2 *",
            ]
            .choose(random)
            .copied()
            .into(),
            9 => (0..random.random_range(0..1_100)).collect::<Vec<_>>().into(),
            10 => (0..random.random_range(1..40)).fold(json!(1), |inner, _| json!([inner])),
            11 => (0..random.random_range(0..5)).map(|_| self.any_value(random, depth + 1)).collect(),
            _ => {
                let members = (0..random.random_range(0..5)).map(|_| {
                    let name = TEXTS.choose(random).copied().unwrap_or_default().to_owned();
                    (name, self.any_value(random, depth + 1))
                });
                Value::Object(members.collect())
            }
        }
    }
}

fn any_method(random: &mut StdRng) -> Method {
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"];
    methods.choose(random).unwrap().parse().unwrap()
}

fn any_bytes(random: &mut StdRng, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(0..=most)];
    random.fill_bytes(&mut bytes);
    bytes
}

fn encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "%{byte:02x}").unwrap();
        text
    })
}

/// One of the operation's parameters or of any, with a value that may fit or not.
fn add_to_query(random: &mut StdRng, operation: &Operation, path: &mut String) {
    let own = operation.query().into_iter().map(|(name, _)| name);
    let names: Vec<String> =
        own.chain(["limit", "cursor", "sort", "q", "after", "tenant_id"].map(Into::into)).collect();
    let values = [
        "1",
        "200",
        "201",
        "-1",
        "1e9",
        "99999999999999999999",
        "created_at",
        "-name",
        "%00",
        "%ff%fe",
        "%",
        "&",
        "=",
        "",
    ];
    let value = match random.random_range(0..4) {
        0 => encoded(&any_bytes(random, 30)),
        1 => encoded(TEXTS.choose(random).unwrap().as_bytes()),
        2 => "y".repeat(random.random_range(0..5_000)),
        _ => (*values.choose(random).unwrap()).to_owned(),
    };
    path.push(if path.contains('?') { '&' } else { '?' });
    path.push_str(names.choose(random).unwrap());
    if random.random_bool(0.95) {
        path.push('=');
        path.push_str(&value);
    }
}

fn any_header(random: &mut StdRng) -> (String, Vec<u8>) {
    let known = [
        ("accept", "text/html"),
        ("accept-encoding", "gzip;q=0, *;q=0"),
        ("accept-encoding", "br, identity;q=0"),
        ("authorization", "Basic YTpi"),
        ("content-encoding", "gzip"),
        ("content-type", "text/plain"),
        ("content-type", "application/json; charset=latin1"),
        ("cookie", "agentcores_refresh=acr_1; a"),
        ("idempotency-key", "one"),
        ("if-match", "\"1\""),
        ("if-match", "W/\"1\", \"2\""),
        ("if-none-match", "*"),
        ("last-event-id", "-7"),
        ("origin", "https://elsewhere.example"),
        ("range", "bytes=0-1,5-"),
        ("traceparent", "00-0-0-00"),
        ("x-forwarded-for", "1.1.1.1, 999.0.0.1, ::"),
        ("x-http-method-override", "DELETE"),
        ("x-request-id", "a b"),
        ("x-tenant", "elsewhere"),
    ];
    let (name, good) = known.choose(random).unwrap();
    let value = match random.random_range(0..4) {
        0 => good.as_bytes().to_vec(),
        1 => TEXTS.choose(random).unwrap().as_bytes().to_vec(),
        2 => any_bytes(random, 60),
        _ => vec![b'z'; random.random_range(0..20_000)],
    };
    ((*name).to_owned(), value)
}

/// With bytes changed, put in or cut off.
fn broken(random: &mut StdRng, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..4) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes.truncate(at),
            2 => {
                bytes.splice(at..at, any_bytes(random, 8));
            }
            _ => {
                let some = b"{}[]\",:\\0-e".choose(random).copied();
                bytes.splice(at..at, some);
            }
        }
    }
    bytes
}

/// What is wrong with an answer to the request.
fn fault(
    method: &Method,
    sent: &str,
    status: u16,
    headers: &reqwest::header::HeaderMap,
    body: &[u8],
) -> Option<String> {
    let text = String::from_utf8_lossy(body).to_lowercase();
    let told = INSIDES.iter().find(|word| text.contains(**word) && !sent.contains(**word));
    if let Some(word) = told.filter(|_| status >= 300) {
        return Some(format!("tells of {word:?}"));
    }
    if status >= 500 && (status != 503 || !headers.contains_key("retry-after")) {
        return Some("fails".to_owned());
    }
    if status < 400 || *method == Method::HEAD {
        return None;
    }
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or_default();
    let errors = problem["errors"].as_array();
    let is_problem = headers.get("content-type").is_some_and(|kind| kind == "application/problem+json")
        && problem["type"] == format!("urn:agentcores:problem:{code}")
        && problem["title"].is_string()
        && problem["status"] == status
        && problem["detail"].as_str().is_some_and(|detail| !detail.is_empty())
        && headers
            .get("x-request-id")
            .is_some_and(|id| problem["request_id"] == id.to_str().unwrap_or_default());
    let names_fields = code != "validation_failed"
        || errors.is_some_and(|all| {
            !all.is_empty() && all.iter().all(|one| one["field"].is_string() && one["code"].is_string())
        });
    (!is_problem || !names_fields).then(|| "is no problem document".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_the_answer_is_one_that_is_described_and_tells_nothing_of_the_inside() {
    let app = TestApp::start().await;
    let numbers: Vec<usize> = (0..scaled(REQUESTS)).collect();
    let mut answers = vec![];
    for numbers in numbers.chunks(OF_A_SCENE) {
        let scene = Scene::set_on(&app, "enterprise").await;
        let maker = Maker::new(&app, &scene).await;
        let asked = futures::stream::iter(numbers).map(|number| maker.ask(*number));
        answers.extend(asked.buffer_unordered(8).collect::<Vec<_>>().await);
    }
    let mut statuses = Answered::new();
    for (status, _) in &answers {
        *statuses.entry(*status).or_default() += 1;
    }
    let faults: Vec<String> = answers.into_iter().filter_map(|(_, fault)| fault).collect();
    assert!(faults.is_empty(), "{} of {statuses:?}:\n{}", faults.len(), faults.join("\n"));
    // All kinds of answers were among them: the requests are neither all good nor all refused at the door.
    for status in [200, 201, 204, 400, 401, 403, 404, 405, 409, 412, 413, 414, 415, 422, 431] {
        assert!(statuses.contains_key(&status), "{status} is not in {statuses:?}");
    }
    assert!(statuses[&200] > scaled(REQUESTS) / 10, "{statuses:?}");
}
