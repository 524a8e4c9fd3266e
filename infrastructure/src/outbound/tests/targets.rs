use std::net::IpAddr;

use super::*;

const FORBIDDEN: OutboundError = OutboundError::Forbidden(Forbidden::Address);

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse::<IpAddr>().unwrap(), port)
}

#[tokio::test]
async fn a_name_is_refused_if_any_of_its_addresses_is_forbidden() {
    let listener = Listener::new().await;
    let port = listener.address.port();
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001::1",
    ] {
        let (bad, good) = (at(address, port), at("1.1.1.1", port));
        let names = Names::of([
            ("bad.example", &[bad]),
            ("first.example", &[bad, good]),
            ("last.example", &[good, bad]),
        ]);
        let outbound = outbound("", names.clone());
        for host in ["bad.example", "first.example", "last.example"] {
            // No port in the URL, so the connection would go to the listener's.
            assert_eq!(
                attempt(&outbound, &format!("http://{host}/")).await,
                Err(FORBIDDEN),
                "{host} {address}"
            );
            assert_eq!(
                attempt(&outbound, &format!("https://{host}/")).await,
                Err(FORBIDDEN),
                "{host} {address}"
            );
        }
        assert_eq!(names.asked(), 6);
    }
    assert_eq!(listener.connections(), 0);
}

#[tokio::test]
async fn a_name_without_addresses_is_unknown() {
    let outbound = outbound("", Names::of([("empty.example", &[])]));
    for host in ["empty.example", "nobody.example"] {
        assert_eq!(
            attempt(&outbound, &format!("https://{host}/")).await,
            Err(OutboundError::Unresolved),
            "{host}"
        );
    }
}

/// Answers the first question with one address and every other with the next.
#[derive(Clone)]
struct Rebinding(Arc<AtomicUsize>, [SocketAddr; 2]);

#[async_trait::async_trait]
impl Lookup for Rebinding {
    async fn addresses(&self, _: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(vec![self.1[self.0.fetch_add(1, Ordering::SeqCst).min(1)]])
    }
}

#[tokio::test]
async fn a_connection_asks_for_the_addresses_once_and_uses_what_was_judged() {
    let (judged, other) = (Listener::new().await, Listener::new().await);
    let asked = Arc::new(AtomicUsize::new(0));
    let lookup = Rebinding(asked.clone(), [judged.address, other.address]);
    let policy = OutboundPolicy { allow: "127.0.0.0/8".parse().unwrap(), plain_http: PlainHttp::Always };
    let outbound = Outbound::with_lookup(policy, lookup);
    assert_eq!(attempt(&outbound, "http://rebinding.example/").await, Ok(200));
    assert_eq!((asked.load(Ordering::SeqCst), judged.connections(), other.connections()), (1, 1, 0));
}

#[tokio::test]
async fn what_the_operator_opens_by_name_or_network_is_reached_and_nothing_else() {
    let listener = Listener::new().await;
    let port = listener.address.port();
    let names = Names::of([("llm.corp.example", &[listener.address]), ("localhost", &[listener.address])]);
    for (allow, url, expected) in [
        ("127.0.0.0/8", format!("http://127.0.0.1:{port}/"), Ok(200)),
        ("127.0.0.1", format!("http://127.0.0.1:{port}/"), Ok(200)),
        ("10.0.0.0/8", format!("http://127.0.0.1:{port}/"), Err(Forbidden::Address)),
        (&format!("127.0.0.0/8:{port}"), format!("http://127.0.0.1:{port}/"), Ok(200)),
        ("127.0.0.0/8:1", format!("http://127.0.0.1:{port}/"), Err(Forbidden::Address)),
        ("127.0.0.0/8", format!("http://[::ffff:127.0.0.1]:{port}/"), Err(Forbidden::Address)),
        ("::/0", format!("http://127.0.0.1:{port}/"), Err(Forbidden::Address)),
        // a name by its own
        ("llm.corp.example", "http://llm.corp.example/".to_owned(), Ok(200)),
        ("LLM.corp.example.", "http://llm.corp.example/".to_owned(), Ok(200)),
        ("llm.corp.example", format!("http://llm.corp.example:{port}/"), Ok(200)),
        ("llm.corp.example:80", "http://llm.corp.example/".to_owned(), Ok(200)),
        ("llm.corp.example:81", "http://llm.corp.example/".to_owned(), Err(Forbidden::Port)),
        ("corp.example", "http://llm.corp.example/".to_owned(), Err(Forbidden::Address)),
        (&format!("localhost:{port}"), format!("http://localhost:{port}/"), Ok(200)),
        (&format!("localhost:{port}"), "http://localhost/".to_owned(), Err(Forbidden::Name)),
        // a name by its address, at the ordinary ports only
        ("127.0.0.0/8", "http://llm.corp.example/".to_owned(), Ok(200)),
        ("127.0.0.0/8", format!("http://llm.corp.example:{port}/"), Err(Forbidden::Port)),
        ("127.0.0.0/8:80", "http://llm.corp.example/".to_owned(), Err(Forbidden::Address)),
        ("127.0.0.0/8", "http://localhost/".to_owned(), Err(Forbidden::Name)),
        // a network that is open does not open others that a name has addresses in
        ("10.0.0.0/8, 192.168.0.0/16", "http://llm.corp.example/".to_owned(), Err(Forbidden::Address)),
    ] {
        let outbound = outbound(allow, names.clone());
        let before = listener.connections();
        let attempted = attempt(&outbound, &url).await;
        assert_eq!(attempted, expected.map_err(OutboundError::Forbidden), "{url} where {allow} is open");
        assert_eq!(
            listener.connections() - before,
            usize::from(expected.is_ok()),
            "{url} where {allow} is open"
        );
    }
}

#[tokio::test]
async fn plain_http_goes_where_the_operator_lets_it() {
    let listener = Listener::new().await;
    let names = Names::of([("open.example", &[listener.address])]);
    for (plain_http, open, other) in [
        (PlainHttp::Never, Err(Forbidden::PlainHttp), Err(Forbidden::PlainHttp)),
        (PlainHttp::Allowed, Ok(()), Err(Forbidden::PlainHttp)),
        (PlainHttp::Always, Ok(()), Ok(())),
    ] {
        let policy = OutboundPolicy { allow: "open.example".parse().unwrap(), plain_http };
        let outbound = Outbound::with_lookup(policy, names.clone());
        assert_eq!(outbound.admit(&"http://open.example/".parse().unwrap()), open);
        assert_eq!(outbound.admit(&"http://other.example/".parse().unwrap()), other);
        assert_eq!(outbound.admit(&"https://other.example/".parse().unwrap()), Ok(()));
        let attempted = attempt(&outbound, "http://open.example/").await;
        assert_eq!(attempted, open.map(|()| 200).map_err(OutboundError::Forbidden));
    }
    assert_eq!(listener.connections(), 2);
}

#[test]
fn an_allow_list_is_read_as_it_is_written() {
    let network = |text: &str, port| Allowed::Network(text.parse().unwrap(), port);
    for (text, expected) in [
        ("10.1.2.3/8", network("10.0.0.0/8", None)),
        ("10.1.2.3", network("10.1.2.3/32", None)),
        ("10.1.2.3:8080", network("10.1.2.3/32", Some(8080))),
        ("10.0.0.0/8:443", network("10.0.0.0/8", Some(443))),
        ("fd00::/8", network("fd00::/8", None)),
        ("::1", network("::1/128", None)),
        ("[::1]:8080", network("::1/128", Some(8080))),
        ("[fd00::/8]:443", network("fd00::/8", Some(443))),
        ("Localhost:11434", Allowed::Host("localhost".to_owned(), Some(11434))),
        ("bücher.example.", Allowed::Host("xn--bcher-kva.example".to_owned(), None)),
    ] {
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }
    for bad in [
        "http://host",
        "host:port",
        "host:70000",
        "10.0.0.0/33",
        "user@host",
        "*.example",
        "0x7f.1",
        ":80",
        "a b",
    ] {
        assert!(bad.parse::<Allowed>().is_err(), "{bad}");
        assert!(format!("host,{bad}").parse::<AllowList>().is_err(), "{bad}");
    }
    assert_eq!(" ,, ".parse::<AllowList>(), Ok(AllowList::default()));
}
