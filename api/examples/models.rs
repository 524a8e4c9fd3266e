//! The server that plays OpenAI and Anthropic, by itself: `cargo run -p api --example models -- 127.0.0.1:8181`.

#![expect(clippy::unwrap_used, reason = "a test program that cannot go on ends there")]

#[expect(dead_code, reason = "tests look at more of it")]
#[path = "../tests/support/models/mod.rs"]
mod models;

#[tokio::main]
async fn main() {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let fake = models::Fake::on(tokio::net::TcpListener::bind(address).await.unwrap());
    println!("{}", fake.address);
    std::future::pending::<()>().await;
}
