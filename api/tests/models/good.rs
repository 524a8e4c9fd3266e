//! Calls that go well.

use application::ports::{Message, ModelProvider, StopReason, ToolCall, ToolSpec};
use serde_json::json;

use crate::bench::{Keys, ask, call, kind, options, providers};
use crate::fake::{Fake, Part, custom};

fn calculator() -> ToolSpec {
    ToolSpec {
        name: "calculator".to_owned(),
        description: "Calculates.".to_owned(),
        parameters:
            r#"{"type":"object","properties":{"expression":{"type":"string"}},"required":["expression"]}"#
                .to_owned(),
        has_side_effects: false,
    }
}

fn keys() -> Keys {
    Keys(vec![("custom", custom::KEY)])
}

const PARTS: [Part; 3] = [Part::OpenAi, Part::Anthropic, Part::Custom];

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_with_its_text_usage_and_price() {
    let fake = Fake::start().await;
    let providers = providers(options(&fake), &keys());
    for part in PARTS {
        let configuration = json!({
            "endpoint": fake.custom(), "system_prompt": "Be brief.", "temperature": 0.25,
        });
        let call = call(kind(part), &configuration);
        let quote = providers.quote(call.tenant, &call.kind, &call.configuration).await;
        let (answered, heard) = ask(&providers, &call).await;
        let reply = answered.unwrap();
        assert_eq!(reply.text, "You said: What is 6 times 7?", "{part:?}");
        assert_eq!((reply.stop, reply.calls.len()), (StopReason::Done, 0));
        assert_eq!(heard.concat(), reply.text);
        assert!(heard.len() > 3 || part == Part::Custom, "it came in pieces");
        let seen = fake.seen().pop().unwrap();
        let usage = (reply.usage.input_tokens.get(), reply.usage.output_tokens.get());
        assert_eq!((usage, seen.id), (seen.billed, call.id.to_string()));
        assert_eq!(
            reply.usage.cost_micro_usd,
            quote.cost(reply.usage.input_tokens, reply.usage.output_tokens)
        );
        assert_eq!(reply.usage.cost_micro_usd.get() > 0, part != Part::Custom, "{reply:?}");
        assert_eq!((reply.provider, reply.model), (quote.provider, quote.model));
        assert_eq!((&seen.body["temperature"], &seen.body["max_tokens"]), (&json!(0.25), &json!(1_000)));
        assert!(seen.body.to_string().contains("Be brief."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_asked_for_and_its_result_is_answered() {
    let fake = Fake::start().await;
    let providers = providers(options(&fake), &keys());
    for part in PARTS {
        let mut call = call(kind(part), &json!({"endpoint": fake.custom()}));
        call.tools = vec![calculator()];
        let reply = ask(&providers, &call).await.0.unwrap();
        assert_eq!((reply.stop, reply.calls.len()), (StopReason::Tools, 1), "{part:?} {reply:?}");
        let asked = reply.calls[0].clone();
        assert_eq!(
            (&*asked.name, &*asked.arguments),
            ("calculator", r#"{"expression":"What is 6 times 7?"}"#)
        );
        assert!(!asked.id.is_empty());
        // Two calls whose results come in a row, the second of which failed.
        let second = ToolCall { id: "other".to_owned(), arguments: "{}".to_owned(), ..asked.clone() };
        call.messages.push(Message::Assistant { text: String::new(), calls: vec![asked.clone(), second] });
        let result = |call: &str, content: &str, is_error| Message::Tool {
            call: call.to_owned(),
            content: content.to_owned(),
            is_error,
        };
        call.messages.push(result(&asked.id, "42", false));
        call.messages.push(result("other", "no such thing", true));
        let reply = ask(&providers, &call).await.0.unwrap();
        assert_eq!((reply.stop, reply.calls.len()), (StopReason::Done, 0), "{part:?}");
        assert!(
            reply.text.starts_with("The tool said: ") && reply.text.ends_with("no such thing"),
            "{reply:?}"
        );
        call.messages.push(Message::Assistant { text: reply.text, calls: vec![] });
        call.messages.push(Message::User("Thanks".to_owned()));
        call.tools.clear();
        assert_eq!(ask(&providers, &call).await.0.unwrap().text, "You said: Thanks");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_cut_at_the_most_tokens_that_it_may_have() {
    let fake = Fake::start().await;
    let providers = providers(options(&fake), &keys());
    for part in PARTS {
        let mut call = call(kind(part), &json!({"endpoint": fake.custom()}));
        call.max_output_tokens = 2;
        let reply = ask(&providers, &call).await.0.unwrap();
        assert_eq!((&*reply.text, reply.stop), ("You said", StopReason::Length), "{part:?}");
    }
}
