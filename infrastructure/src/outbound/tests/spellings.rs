use super::*;

/// Spellings of hosts that only this machine or its network can reach.
pub(crate) const HOSTS: [&str; 105] = [
    // loopback: dotted, short, decimal, octal, hexadecimal, mixed
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.1.",
    "127.0.0.2",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7F000001",
    "0x7f.1",
    "0x7f.0.1",
    "0x7f.0x0.0x0.0x1",
    "0x7f.0x000001",
    "0177.0.0.1",
    "0177.1",
    "0177.0.0.01",
    "017700000001",
    "00000177.0x0.00.1",
    "127.0x1",
    "127.000.000.001",
    // percent-encoded, full-width, circled and ideographic
    "%31%32%37.0.0.1",
    "127%2E0%2E0%2E1",
    "１２７.０.０.１",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "127．0．0．1",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "127.0.0\u{ad}.1",
    "0ⅹ7f.1",
    // this network
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "0.0",
    "0.1.2.3",
    // metadata services
    "169.254.169.254",
    "169.254.43518",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "0251.0xfe.43518",
    "169.254.170.2",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    // private, shared, reserved, documentation, benchmarking, multicast, broadcast
    "10.0.0.1",
    "0xa.1",
    "012.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "0xc0a80001",
    "3232235521",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "0xffffffff",
    "192.88.99.1",
    // version 6
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::FFFF:7F00:0001]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001::1]",
    "[2001:0:7f00:1::]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[100::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[FF05::1:3]",
    // names that need no look-up to be refused
    "localhost",
    "LOCALHOST",
    "localhost.",
    "sub.localhost",
    "ⓛocalhost",
    "postgres",
    "printer.local",
    "metadata.google.internal",
];

#[tokio::test]
async fn no_spelling_of_a_forbidden_host_reaches_anything() {
    let (listener, names) = (Listener::new().await, Names::default());
    let outbound = outbound("", names.clone());
    for host in HOSTS {
        let url = format!("http://{host}:{}/", listener.address.port());
        // Where the spelling is one that the client does not even take for a URL, nothing is sent either.
        let judged = Url::parse(&url).map(|url| outbound.admit(&url));
        let Ok(judged) = judged else { panic!("{url} is not a URL and tests nothing") };
        assert!(matches!(judged, Err(Forbidden::Address | Forbidden::Name)), "{url}: {judged:?}");
        let attempted = attempt(&outbound, &url).await;
        assert_eq!(attempted, judged.map(|()| 0).map_err(OutboundError::Forbidden), "{url}");
        let sent = outbound.send(outbound.client().get(&url)).await;
        assert!(matches!(sent, Err(OutboundError::Forbidden(_))), "{url}: {sent:?}");
    }
    assert_eq!((listener.connections(), names.asked()), (0, 0));
}

#[tokio::test]
async fn the_same_spellings_of_loopback_do_reach_it_once_it_is_opened() {
    let listener = Listener::new().await;
    let outbound = outbound("127.0.0.1", Names::default());
    let spellings =
        ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "１２７.０.０.１", "127.0.0\u{ad}.1"];
    for host in spellings {
        let url = format!("http://{host}:{}/", listener.address.port());
        assert_eq!(attempt(&outbound, &url).await, Ok(200), "{url}");
    }
    assert_eq!(listener.connections(), spellings.len());
}

#[tokio::test]
async fn urls_that_look_like_another_host_are_judged_by_the_one_they_reach() {
    let listener = Listener::new().await;
    let outbound = outbound("", Names::default());
    let port = listener.address.port();
    for url in [
        format!("http://public.example@127.0.0.1:{port}/"),
        format!("http://public.example:443@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}#@public.example/"),
        format!("http://127.0.0.1:{port}?@public.example/"),
        format!("http://127.0.0.1:{port}\\@public.example/"),
        format!("http:\\\\127.0.0.1:{port}\\"),
        format!("http:127.0.0.1:{port}/"),
        format!("http:////127.0.0.1:{port}/"),
        format!("http://127.0.\t0.1:{port}/"),
        format!("  http://127.0.0.1:{port}/"),
        format!("HTTP://127.0.0.1:{port}/"),
    ] {
        let attempted = attempt(&outbound, &url).await;
        assert_eq!(attempted, Err(OutboundError::Forbidden(Forbidden::Address)), "{url}");
    }
    assert_eq!(listener.connections(), 0);
}

#[tokio::test]
async fn only_web_schemes_are_spoken_and_credentials_stand_in_no_url() {
    let outbound = outbound("", Names::default());
    let judge = |url: &str| outbound.admit(&Url::parse(url).unwrap());
    for url in [
        "file:///etc/passwd",
        "ftp://public.example/",
        "gopher://public.example/",
        "data:,x",
        "ws://public.example/",
    ] {
        assert_eq!(judge(url), Err(Forbidden::Scheme), "{url}");
        assert!(attempt(&outbound, url).await.is_err(), "{url}");
    }
    assert_eq!(judge("https://user@public.example/"), Err(Forbidden::Userinfo));
    assert_eq!(judge("https://:password@public.example/"), Err(Forbidden::Userinfo));
    assert_eq!(judge("https://public.example/"), Ok(()));
}
