//! Who fails is left alone for a while.

use std::time::Duration;

use infrastructure::providers::Breaking;
use serde_json::json;

use crate::bench::{Keys, ask, call, class, options, providers};
use crate::fake::Fake;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_while_a_circuit_is_open_and_one_call_finds_out() {
    let fake = Fake::start().await;
    let pause = Duration::from_secs(1);
    let breaking = Breaking { failures: 3, pause };
    let one = providers(
        infrastructure::providers::ProviderOptions { breaking, ..options(&fake) },
        &Keys::default(),
    );
    let (bad, good) = (call("gpt-4", &json!({"model": "unavailable"})), call("gpt-4", &json!({})));
    for _ in 0..3 {
        let failure = ask(&one, &bad).await.0.unwrap_err();
        assert_eq!(class(failure.class), "unavailable");
    }
    let failure = ask(&one, &good).await.0.unwrap_err();
    assert_eq!((&*failure.failure.code, class(failure.class)), ("provider.circuit_open", "circuit open"));
    assert_eq!(fake.seen().len(), 3, "nothing was sent");
    // Another provider, with another key and base URL, is not concerned.
    ask(&one, &call("claude", &json!({}))).await.0.unwrap();
    tokio::time::sleep(pause).await;
    let failure = ask(&one, &bad).await.0.unwrap_err();
    assert_eq!(class(failure.class), "unavailable", "the one call");
    assert_eq!(class(ask(&one, &good).await.0.unwrap_err().class), "circuit open");
    tokio::time::sleep(pause).await;
    for _ in 0..3 {
        ask(&one, &good).await.0.unwrap();
    }
    assert_eq!(fake.seen().len(), 3 + 1 + 1 + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_say_no_or_too_many_open_nothing() {
    let fake = Fake::start().await;
    let breaking = Breaking { failures: 2, pause: Duration::from_secs(30) };
    let one = providers(
        infrastructure::providers::ProviderOptions { breaking, ..options(&fake) },
        &Keys::default(),
    );
    for mode in ["limited", "key-refused", "limited", "bad-request", "quota-exhausted"] {
        let failure = ask(&one, &call("gpt-4", &json!({"model": mode}))).await.0.unwrap_err();
        assert_ne!(class(failure.class), "circuit open");
    }
    ask(&one, &call("gpt-4", &json!({}))).await.0.unwrap();
}
