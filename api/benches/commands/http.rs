//! Requests per second over HTTP.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::load::{Failure, Figures, closed_loop, median};
use crate::ours::Ours;

pub(crate) const CONNECTIONS: usize = 32;
const ROUNDS: usize = 3;

/// One connection that asks the same thing over and over; as little of a client as will do, because it shares the
/// machine with what it measures.
struct Connection {
    stream: TcpStream,
    request: String,
    answer: Vec<u8>,
}

pub(crate) async fn run(ours: &Ours) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = api::router(ours.service.state.clone());
    let server =
        tokio::spawn(api::serve(listener, router, api::Patience::default(), std::future::pending::<()>()));
    let token = sign_up(address).await?;
    let agent = json!({"name": "Agent", "agent_type": "echo"});
    let created = call(address, "POST", "/agents", Some(&token), Some(&agent)).await?;
    let task = json!({"name": "Task", "agent_id": created["id"], "input_data": {"prompt": "Hello"}});
    let task = call(address, "POST", "/tasks", Some(&token), Some(&task)).await?;
    for _ in 0..120 {
        call(address, "POST", "/agents", Some(&token), Some(&agent)).await?;
    }
    let get_task = format!("/tasks/{}", task["id"].as_str().unwrap_or_default());
    println!("| request | requests/s | p50 / p99 ms |\n|---|---|---|");
    for (name, method, path, body) in [
        ("list agents (100 rows)", "GET", "/agents?limit=100", None),
        ("get task", "GET", get_task.as_str(), None),
        // Last: it would make the list of the others a long one.
        ("create agent", "POST", "/agents", Some(&agent)),
    ] {
        let mut rounds: Vec<Figures> = vec![];
        for _ in 0..ROUNDS {
            let request = text(address, method, path, Some(&token), body);
            let mut connections = vec![];
            for _ in 0..CONNECTIONS {
                connections.push(Connection::open(address, request.clone()).await?);
            }
            rounds.push(closed_loop(connections, Connection::ask).await?);
        }
        println!("| {name} | {} |", median(&rounds).rate_and_times());
    }
    server.abort();
    Ok(())
}

async fn sign_up(address: SocketAddr) -> Result<String, Failure> {
    let subdomain = format!("http-{}", Uuid::new_v4().simple());
    let email = format!("owner@{subdomain}.example");
    let tenant = json!({
        "name": "Benchmark", "subdomain": subdomain, "contact_email": email, "contact_name": "Owner",
        "subscription_tier": "enterprise",
    });
    call(address, "POST", "/tenants", None, Some(&tenant)).await?;
    let user = json!({
        "email": email, "password": "correct horse battery", "full_name": "Owner", "tenant_subdomain": subdomain,
    });
    call(address, "POST", "/auth/register", None, Some(&user)).await?;
    let sign_in = json!({"email": email, "password": "correct horse battery"});
    let answer = call(address, "POST", "/auth/login", None, Some(&sign_in)).await?;
    Ok(answer["access_token"].as_str().ok_or("no token in the answer")?.to_owned())
}

async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> Result<Value, Failure> {
    let connection = Connection::open(address, text(address, method, path, token, body)).await?;
    Ok(serde_json::from_slice(&connection.ask().await?.answer)?)
}

fn text(address: SocketAddr, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> String {
    let authorization = token.map_or(String::new(), |token| format!("authorization: Bearer {token}\r\n"));
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    format!(
        "{method} /api/v1{path} HTTP/1.1\r\nhost: {address}\r\n{authorization}content-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

impl Connection {
    async fn open(address: SocketAddr, request: String) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request, answer: vec![] })
    }

    /// Sends the request and keeps the answer's body; anything but a 2xx is a failure.
    async fn ask(mut self) -> Result<Self, Failure> {
        self.stream.write_all(self.request.as_bytes()).await?;
        let mut answer = Vec::with_capacity(8_192);
        let end = loop {
            if self.stream.read_buf(&mut answer).await? == 0 {
                return Err("the connection ended within an answer".into());
            }
            if let Some(at) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.ok_or("an answer without a length")?.trim().parse()?;
        while answer.len() < end + length {
            self.stream.read_buf(&mut answer).await?;
        }
        if !head.starts_with("http/1.1 2") {
            return Err(format!("{head}{}", String::from_utf8_lossy(&answer[end..])).into());
        }
        self.answer = answer.split_off(end);
        Ok(self)
    }
}
