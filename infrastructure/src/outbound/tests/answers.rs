use super::*;

async fn ask(answer: impl Into<Vec<u8>>) -> (Listener, Result<Response, OutboundError>) {
    let listener = Listener::saying(answer).await;
    let outbound = outbound("127.0.0.1", Names::default());
    let url = format!("http://{}/path?secret=hunter2", listener.address);
    let answered = outbound.send(outbound.client().get(url)).await;
    (listener, answered)
}

async fn body(answer: impl Into<Vec<u8>>) -> Result<Vec<u8>, OutboundError> {
    read_limited(ask(answer).await.1?, 10, Duration::from_secs(30)).await
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_never_followed() {
    let target = Listener::new().await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: http://{}/\r\n\r\n", target.address);
        let (origin, answered) = ask(head).await;
        assert_eq!(answered.unwrap().status(), status);
        assert_eq!((origin.connections(), target.connections()), (1, 0));
    }
}

#[tokio::test]
async fn requests_say_who_asks_and_ask_for_nothing_compressed() {
    let (listener, answered) = ask("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nset-cookie: a=b\r\n\r\n").await;
    answered.unwrap();
    let request = listener.requests().remove(0).to_ascii_lowercase();
    assert!(request.contains("\r\nuser-agent: agentcores/"), "{request}");
    assert!(request.contains("\r\naccept-encoding: identity\r\n"), "{request}");
    for header in ["cookie:", "referer:", "authorization:", "proxy-"] {
        assert!(!request.contains(header), "{request}");
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_no_further() {
    assert_eq!(body("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789").await.unwrap(), b"0123456789");
    let too_large = Err(OutboundError::TooLarge(10));
    assert_eq!(body("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n01234567890").await, too_large);
    assert_eq!(body("HTTP/1.1 200 OK\r\n\r\n01234567890").await, too_large);
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n";
    assert_eq!(body(chunked).await, too_large);
    // A length that promises too much is not waited for.
    assert_eq!(body("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n0").await, too_large);
}

#[tokio::test]
async fn what_is_compressed_or_broken_or_no_http_is_refused() {
    let with = |header: &str| format!("HTTP/1.1 200 OK\r\n{header}\r\ncontent-length: 1\r\n\r\nx");
    for encoding in ["gzip", "br", "zstd", "deflate", "identity, gzip", "IDENTITY\r\ncontent-encoding: gzip"]
    {
        assert_eq!(body(with(&format!("content-encoding: {encoding}"))).await, Err(OutboundError::Encoded));
    }
    assert_eq!(body(with("content-encoding: Identity")).await.unwrap(), b"x");
    assert_eq!(body("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx").await, Err(OutboundError::Broken));
    assert_eq!(body("SSH-2.0-OpenSSH_9.6\r\n").await, Err(OutboundError::Broken));
    assert_eq!(body("").await, Err(OutboundError::Broken));
    let line = format!("x-filler: {}\r\n", "x".repeat(1_000));
    let large = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", line.repeat(70));
    assert_eq!(body(large).await, Err(OutboundError::HeadersTooLarge));
    let many = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "x: y\r\n".repeat(200));
    assert_eq!(body(many).await, Err(OutboundError::Broken));
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(2_000_000));
    assert_eq!(body(endless).await, Err(OutboundError::Broken));
}

#[tokio::test]
async fn whoever_does_not_answer_is_waited_for_as_long_as_said() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let outbound = outbound("127.0.0.1", Names::default());
    let request = outbound.client().get(format!("http://{}/", silent.local_addr().unwrap()));
    let answered = outbound.send_within(request, Duration::from_millis(50)).await;
    assert_eq!(answered.unwrap_err(), OutboundError::Timeout);
    let address = silent.local_addr().unwrap();
    drop(silent);
    assert_eq!(attempt(&outbound, &format!("http://{address}/")).await, Err(OutboundError::Unreachable));
}

#[tokio::test]
async fn errors_say_nothing_of_the_url_or_the_headers() {
    let outbound = outbound("127.0.0.1", Names::default());
    for url in [
        "http://127.0.0.1:1/?key=hunter2",
        "https://nobody.example/hunter2",
        "https://user:hunter2@b.example/",
    ] {
        let request = outbound.client().get(url).header("x-api-key", "hunter2");
        let error = outbound.send(request).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
