//! No argument of a model and no setting of an agent reaches what only the service can reach.

use serde_json::json;

use super::*;
use crate::outbound::tests::Listener;
use crate::outbound::tests::spellings::HOSTS;

#[tokio::test]
async fn no_spelling_of_a_forbidden_host_is_reached_by_a_request() {
    let (listener, names) = (Listener::new().await, Names::default());
    let tools = tools_over(outbound("", names.clone()), Keys::default());
    let agent = agent(&["http_request"], &json!({}));
    let port = listener.address.port();
    for host in HOSTS {
        for url in
            [format!("http://{host}:{port}/"), format!("https://{host}/"), format!("http://a@{host}:{port}/")]
        {
            let failure = call(&tools, &agent, "http_request", &json!({"url": url})).await.unwrap_err();
            assert_eq!((failure.code, failure.is_final), ("tool.forbidden_target", true), "{url}");
        }
    }
    assert_eq!((listener.connections(), names.asked()), (0, 0));
}

#[tokio::test]
async fn no_spelling_of_a_forbidden_host_is_reached_as_an_mcp_server() {
    let (listener, names) = (Listener::new().await, Names::default());
    let tools = tools_over(outbound("", names.clone()), Keys::default());
    for host in HOSTS {
        let url = format!("http://{host}:{}/", listener.address.port());
        let configuration = json!({"mcp_servers": [{"name": "inner", "url": url}]});
        let failure = tools.offered(&agent(&["mcp:inner"], &configuration)).await.unwrap_err();
        assert_eq!(failure.code, "tool.forbidden_target", "{url}");
    }
    assert_eq!((listener.connections(), names.asked()), (0, 0));
}

#[tokio::test]
async fn a_name_with_a_forbidden_address_is_refused_where_the_connection_is_made() {
    let listener = Listener::new().await;
    let names = Names::of([("rebound.example", &[listener.address])]);
    let tools = tools_over(outbound("", names.clone()), Keys::default());
    let configuration = json!({"mcp_servers": [{"name": "inner", "url": "http://rebound.example/mcp"}]});
    let agent = agent(&["http_request", "mcp:inner"], &configuration);
    let request = json!({"url": "http://rebound.example/"});
    assert_eq!(code(call(&tools, &agent, "http_request", &request).await), "tool.forbidden_target");
    assert_eq!(tools.offered(&agent).await.unwrap_err().code, "tool.forbidden_target");
    assert!(names.asked() >= 2);
    assert_eq!(listener.connections(), 0);
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_address_leads_nowhere() {
    let target = Listener::new().await;
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
            target.address
        );
        let origin = Listener::saying(head).await;
        let tools = tools(&origin.address.to_string());
        let url = format!("http://{}/", origin.address);
        let configuration = json!({"mcp_servers": [{"name": "moved", "url": url}]});
        let agent = agent(&["http_request", "mcp:moved"], &configuration);
        let reply = call(&tools, &agent, "http_request", &json!({"url": url})).await.unwrap();
        assert!(
            reply.is_error && reply.content.contains(&format!(r#""status":{status}"#)),
            "{}",
            reply.content
        );
        assert!(tools.offered(&agent).await.is_err());
        assert_eq!(target.connections(), 0);
    }
}

#[tokio::test]
async fn other_schemes_and_broken_urls_reach_nothing() {
    let (tools, agent) = (tools("127.0.0.1"), agent(&["http_request"], &json!({})));
    for url in [
        "file:///etc/passwd",
        "ftp://a.example/",
        "gopher://a.example/",
        "data:,x",
        "javascript:1",
        "ws://a.example/",
    ] {
        let failed = call(&tools, &agent, "http_request", &json!({"url": url})).await;
        assert_eq!(code(failed), "tool.forbidden_target", "{url}");
    }
    for url in
        ["/etc/passwd", "//a.example/", "http://", "http://a b/", "https://[::1", "https://a.example:99999/"]
    {
        let failed = call(&tools, &agent, "http_request", &json!({"url": url})).await;
        assert_eq!(code(failed), "tool.invalid_arguments", "{url}");
    }
}

#[tokio::test]
async fn failures_say_nothing_of_urls_and_headers() {
    let tools = tools("127.0.0.1");
    let server =
        json!({"name": "gone", "url": "http://127.0.0.1:1/?key=hunter2", "headers": {"x-key": "hunter2"}});
    let agent = agent(&["http_request", "mcp:gone"], &json!({"mcp_servers": [server]}));
    let request = json!({"url": "http://127.0.0.1:1/?key=hunter2", "headers": {"x-key": "hunter2"}});
    let failed = call(&tools, &agent, "http_request", &request).await.unwrap_err();
    let listed = tools.offered(&agent).await.unwrap_err();
    for failure in [failed, listed] {
        assert_eq!((failure.code, failure.is_final), ("tool.unreachable", false));
        assert!(!format!("{failure:?}").contains("hunter2"));
    }
}
