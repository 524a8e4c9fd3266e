//! Which key goes where.

use application::ports::ModelProvider as _;
use infrastructure::providers::{DeploymentKeys, Fallback, ProviderOptions};
use serde_json::{Value, json};

use crate::bench::{ANTHROPIC_KEY, Keys, OPENAI_KEY, ask, call, class, options, providers};
use crate::capture;
use crate::fake::{Fake, custom};

const OWN: &str = "sk-own-of-tenant-5h2j8s";

#[tokio::test(flavor = "multi_thread")]
async fn the_organisations_own_key_goes_before_the_deployments() {
    let fake = Fake::start().await;
    let own = Keys(vec![("openai", OWN), ("anthropic", OWN)]);
    for (keys, expected) in [(Keys::default(), [OPENAI_KEY, ANTHROPIC_KEY]), (own, [OWN, OWN])] {
        let providers = providers(options(&fake), &keys);
        for (kind, key) in ["gpt-4", "claude"].into_iter().zip(expected) {
            ask(&providers, &call(kind, &json!({}))).await.0.unwrap();
            assert_eq!(fake.seen().pop().unwrap().key.as_deref(), Some(key));
        }
    }
    capture::holds_none_of(&[OPENAI_KEY, ANTHROPIC_KEY, OWN]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_url_that_an_agent_names_gets_no_key_of_the_deployment_and_none_that_has_its_own_place() {
    let fake = Fake::start().await;
    let keys = Keys(vec![("openai", OWN), ("anthropic", OWN), ("openrouter", OWN), ("ollama", OWN)]);
    let providers = providers(options(&fake), &keys);
    for (kind, provider, base) in [
        ("gpt-4", None, fake.openai()),
        ("claude", None, fake.anthropic()),
        ("openai/gpt-4o", None, fake.openai()),
        ("custom", Some("openai"), fake.openai()),
        ("custom", Some("OpenAI"), fake.openai()),
        ("gpt-4", Some("openrouter"), fake.openai()),
        ("gpt-4", Some("ollama"), fake.openai()),
        ("gpt-4", Some("vllm"), fake.openai()),
        ("custom", Some("anthropic"), fake.anthropic()),
    ] {
        let configuration = json!({"provider": provider, "base_url": base, "model": "m"});
        let failure = ask(&providers, &call(kind, &configuration)).await.0.unwrap_err();
        assert_eq!((&*failure.failure.code, class(failure.class)), ("provider.key_refused", "refused"));
        assert!(failure.failure.message.as_str().contains("it was sent no key"), "{failure:?}");
    }
    assert!(fake.seen().is_empty(), "nobody had a key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_a_place_of_its_own_gets_the_organisations_key_of_its_name() {
    let fake = Fake::start().await;
    let providers = providers(options(&fake), &Keys(vec![("vllm", OWN)]));
    for kind in ["vllm/llama", "VLLM/llama"] {
        ask(&providers, &call(kind, &json!({"base_url": fake.openai()}))).await.0.unwrap();
        assert_eq!(fake.seen().pop().unwrap().key.as_deref(), Some(OWN));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_set_up_fails_or_is_stood_in_for() {
    let fake = Fake::start().await;
    let without = |fallback| ProviderOptions {
        fallback,
        keys: DeploymentKeys::default(),
        bases: infrastructure::providers::BaseUrls::default(),
        ..options(&fake)
    };
    let agents: [(&str, Value); 5] = [
        ("gpt-4", json!({})),
        ("claude", json!({})),
        ("openrouter/meta/llama", json!({})),
        ("nowhere/model", json!({})),
        ("custom", json!({"endpoint": fake.custom()})),
    ];
    for (kind, configuration) in agents {
        let call = call(kind, &configuration);
        let failure = ask(&providers(without(Fallback::Fail), &Keys::default()), &call).await.0.unwrap_err();
        assert_eq!((&*failure.failure.code, class(failure.class)), ("provider.not_configured", "refused"));
        let stand_in = providers(without(Fallback::Echo), &Keys::default());
        let reply = ask(&stand_in, &call).await.0.unwrap();
        assert_eq!((&*reply.provider, reply.usage.cost_micro_usd.get()), ("echo", 0), "{kind}");
        // Who is recorded as asked is who answers.
        let quote = stand_in.quote(call.tenant, &call.kind, &call.configuration).await;
        assert_eq!((quote.provider, quote.model), (reply.provider, reply.model), "{kind}");
    }
    assert!(fake.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_endpoint_knows_who_asks_and_never_sees_the_key() {
    let fake = Fake::start().await;
    let configuration = json!({"endpoint": fake.custom()});
    let signed = providers(options(&fake), &Keys(vec![("custom", custom::KEY)]));
    let reply = ask(&signed, &call("custom", &configuration)).await.0.unwrap();
    assert_eq!((&*reply.provider, &*reply.text), ("custom", "You said: What is 6 times 7?"));
    let other = providers(options(&fake), &Keys(vec![("custom", "whsec_YW5vdGhlciBzZWNyZXQ=")]));
    let failure = ask(&other, &call("custom", &configuration)).await.0.unwrap_err();
    assert_eq!(&*failure.failure.code, "provider.key_refused");
    capture::holds_none_of(&[custom::KEY, "YW5vdGhlciBzZWNyZXQ"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_no_header_can_carry_is_refused_before_anything_is_sent() {
    let fake = Fake::start().await;
    let providers = providers(options(&fake), &Keys(vec![("openai", "sk-with\nnewline-3b7n")]));
    let failure = ask(&providers, &call("gpt-4", &json!({}))).await.0.unwrap_err();
    assert_eq!(&*failure.failure.code, "provider.key_refused");
    assert!(fake.seen().is_empty());
}
