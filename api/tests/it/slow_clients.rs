//! Clients that take their time: each is given up by its deadline, and nobody waits for them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use api::Patience;
use futures::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{Client, TestApp};

const PATIENCE: Patience =
    Patience { head: Duration::from_secs(2), body: Duration::from_secs(3), reading: Duration::from_secs(2) };
/// On a busy machine; without a deadline it would be never.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(45);
/// How many of each kind there are at once.
const CLIENTS: u32 = 160;
/// They come one after another: of many that wait to be taken at once, the system turns some away by itself.
const APART: Duration = Duration::from_millis(5);

/// The same service behind a server of less patience than the one of every test.
async fn impatient(app: &TestApp) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api::router(app.service.state.clone());
    let mut serving = JoinSet::new();
    serving.spawn(api::serve(listener, router, PATIENCE, std::future::pending()));
    (address, serving)
}

/// What a client is told that begins with `first` and goes on with a byte every 100 ms, and how long it was kept.
async fn drips(address: SocketAddr, first: &str, drop: &str) -> (String, Duration) {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(first.as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.split();
    let mut told = vec![];
    // Whoever is given up cannot send any more either.
    let dripping = async {
        while to.write_all(drop.as_bytes()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let hearing = async {
        from.read_to_end(&mut told).await.ok();
    };
    let all = async {
        tokio::pin!(hearing);
        tokio::select! {
            () = &mut hearing => {}
            () = dripping => hearing.await,
        }
    };
    let is_given_up = tokio::time::timeout(GIVEN_UP_WITHIN, all).await.is_ok();
    assert!(is_given_up, "{first:?} was not given up; told {:?}", String::from_utf8_lossy(&told));
    (String::from_utf8_lossy(&told).into_owned(), begun.elapsed())
}

/// The slowest of many answers to others.
async fn slowest(client: &Client, token: &str) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..100 {
        let begun = Instant::now();
        let request = client.request(reqwest::Method::GET, "/auth/me").bearer_auth(token);
        client.send(request).await.expect(200);
        slowest = slowest.max(begun.elapsed());
    }
    slowest
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_slow_with_head_or_body_is_given_up_in_time_and_others_are_served() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let (address, _serving) = impatient(&app).await;
    let client = Client::of(address);
    let alone = slowest(&client, &owner.token).await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\n";
    let json = "Content-Type: application/json\r\n";
    let sized = format!("{head}{json}Content-Length: 4000\r\n\r\n{{");
    let chunked = format!("{head}{json}Transfer-Encoding: chunked\r\n\r\n");
    let kinds = [
        ("nothing", String::new(), "", PATIENCE.head),
        ("a head without an end", head.to_owned(), "X: y\r\n", PATIENCE.head),
        ("a line without an end", "GET /".to_owned(), "a", PATIENCE.head),
        ("a body", sized, " ", PATIENCE.body),
        ("a body in chunks", chunked, "1\r\n \r\n", PATIENCE.body),
    ];
    let attack = kinds.map(|(what, first, drop, patience)| async move {
        let all = join_all((0..CLIENTS).map(async |number| {
            tokio::time::sleep(APART * number).await;
            drips(address, &first, drop).await
        }))
        .await;
        (what, patience, all)
    });
    let attack = tokio::spawn(join_all(attack));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let meanwhile = slowest(&client, &owner.token).await;
    for (what, patience, all) in attack.await.unwrap() {
        for (told, took) in all {
            // A busy machine is late, never early.
            assert!(took >= patience.mul_f64(0.9), "{what}: given up after {took:?}, told {told:?}");
            if patience == PATIENCE.body {
                assert!(told.starts_with("HTTP/1.1 408 ") && told.contains("\"request_timeout\""), "{told}");
            } else {
                assert_eq!(told, "", "{what}");
            }
        }
    }
    println!("slowest of 100 answers: {alone:?} alone, {meanwhile:?} beside {} slow clients", CLIENTS * 5);
    assert!(meanwhile < Duration::from_secs(2), "others waited {meanwhile:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_read_its_answers_is_given_up() {
    let app = TestApp::start().await;
    let (address, _serving) = impatient(&app).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    // More answers than the buffers of both sides hold.
    let request = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let begun = Instant::now();
    while stream.write_all(request.as_bytes()).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not given up within 30 s");
    }
    assert!(begun.elapsed() >= PATIENCE.reading, "given up after {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused_before_anything_is_looked_up() {
    let app = TestApp::start().await;
    let get = |path: &str| app.request(reqwest::Method::GET, path);
    let long = format!("/agents?q={}", "a".repeat(9_000));
    app.send(get(&long)).await.expect_problem(414, "uri_too_long");
    let padded = get("/agents").header("x-padding", "a".repeat(17_000));
    app.send(padded).await.expect_problem(431, "headers_too_large");
    let many = (0..101).fold(get("/agents"), |request, number| request.header(format!("x-{number}"), "a"));
    assert_eq!(app.send(many).await.status, 431);
    app.send(get("/agents").header("x-padding", "a".repeat(15_000)))
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_whose_client_reads_is_not_cut_off() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let (address, _serving) = impatient(&app).await;
    let client = Client::of(address);
    let request = client.request(reqwest::Method::GET, "/events/stream").bearer_auth(&owner.token);
    let mut stream = request.send().await.unwrap();
    tokio::time::sleep(PATIENCE.body + PATIENCE.head).await;
    app.agent(&owner).await;
    let heard = async {
        let mut text = String::new();
        while !text.contains("agent.created") {
            text += &String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("the stream goes on");
}
