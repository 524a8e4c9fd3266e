//! Each way of being bad ends as documented, within its deadline, and tells no key.

use std::time::{Duration, Instant};

use application::ports::{FailureClass, ModelFailure, ModelReply};
use serde_json::json;

use crate::bench::{ANTHROPIC_KEY, Keys, OPENAI_KEY, PATIENCE, ask, call, class, kind, options, providers};
use crate::capture;
use crate::fake::modes::{Ends, MODES};
use crate::fake::{Fake, Part};

/// Three deadlines in a row (connection, head, silence), and time for a busy machine.
const DEADLINE: Duration = Duration::from_secs(10);

fn check(mode: &str, ends: Ends, answered: Option<Result<ModelReply, ModelFailure>>) {
    let told = format!("{answered:?}");
    for key in [OPENAI_KEY, ANTHROPIC_KEY, &OPENAI_KEY[..14], &ANTHROPIC_KEY[18..]] {
        assert!(!told.contains(key), "{mode}: {told}");
    }
    match (answered, ends) {
        (None, Ends::Endless) | (Some(Ok(_)), Ends::Answered) => {}
        (Some(Err(failure)), Ends::Failed(code, name)) => {
            assert_eq!((&*failure.failure.code, class(failure.class)), (code, name), "{mode}: {failure:?}");
        }
        (_, ends) => panic!("{mode} must end as {ends:?}: {told}"),
    }
}

async fn every_mode(part: Part) {
    let fake = Fake::start().await;
    let providers = providers(options(&fake), &Keys::default());
    let mut ids = vec![];
    let calls: Vec<_> =
        MODES.iter().map(|(mode, ends)| (*mode, *ends, call(kind(part), &json!({"model": mode})))).collect();
    let ended = futures::future::join_all(calls.iter().map(async |(mode, ends, call)| {
        let begun = Instant::now();
        // Longer than any deadline, for what has no end.
        let answered = tokio::time::timeout(PATIENCE * 6, ask(&providers, call)).await.ok();
        let answered = answered.map(|(answered, _)| answered);
        assert!(begun.elapsed() < DEADLINE, "{mode} took {:?}", begun.elapsed());
        (*mode, *ends, answered)
    }));
    let mut usages = vec![];
    for (mode, ends, answered) in ended.await {
        usages.push((
            mode,
            match &answered {
                Some(Ok(reply)) => Some(reply.usage),
                Some(Err(failure)) => Some(failure.usage),
                None => None,
            },
        ));
        check(mode, ends, answered);
    }
    // One call here is one call there, under the name it was given; nobody followed a redirect.
    let seen = fake.seen();
    ids.extend(calls.iter().map(|(_, _, call)| call.id.to_string()));
    let mut seen_ids: Vec<_> = seen.iter().map(|seen| seen.id.clone()).collect();
    ids.sort();
    seen_ids.sort();
    assert_eq!(ids, seen_ids);
    for (mode, usage) in usages {
        let Some(usage) = usage else { continue };
        let billed = seen.iter().find(|seen| seen.model == mode).unwrap().billed;
        let told = (usage.input_tokens.get(), usage.output_tokens.get());
        match mode {
            "usage-in-each-event" | "nul" | "key-in-answer" => assert_eq!(told, billed, "{mode}"),
            // What nobody can believe is estimated, by the same rule that the server counts by.
            "negative-tokens" => assert_eq!(told, (billed.0, 5), "{mode}"),
            // What came before the break was consumed.
            "hang-in-stream" | "truncated-stream" | "bad-utf8" => {
                assert!(told.0 == billed.0 && told.1 > 0, "{mode}: {told:?}");
            }
            "server-error" | "hang-before-head" | "html" | "redirect-within" => {
                assert_eq!(told, (0, 0), "{mode}");
            }
            _ => {}
        }
    }
    capture::holds_none_of(&[OPENAI_KEY, ANTHROPIC_KEY]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_mode_of_openai_ends_as_documented() {
    every_mode(Part::OpenAi).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_mode_of_anthropic_ends_as_documented() {
    every_mode(Part::Anthropic).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_that_a_provider_asks_for_is_passed_on() {
    let fake = Fake::start().await;
    let providers = providers(options(&fake), &Keys::default());
    for (mode, wait) in [
        ("limited", None),
        ("limited-for-7-seconds", Some(7)),
        ("limited-until-a-date", Some(0)),
        ("limited-forever", Some(3_600)),
    ] {
        for part in [Part::OpenAi, Part::Anthropic] {
            let failure = ask(&providers, &call(kind(part), &json!({"model": mode}))).await.0.unwrap_err();
            assert_eq!(failure.class, FailureClass::Limited(wait.map(Duration::from_secs)), "{mode}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_harm_later_is_taken_out_of_answers() {
    let fake = Fake::start().await;
    let providers = providers(options(&fake), &Keys::default());
    for part in [Part::OpenAi, Part::Anthropic] {
        let (answered, heard) = ask(&providers, &call(kind(part), &json!({"model": "nul"}))).await;
        assert_eq!(answered.unwrap().text, "zero \u{fffd} in the middle");
        assert_eq!(heard.concat(), "zero \u{fffd} in the middle");
        let (answered, heard) = ask(&providers, &call(kind(part), &json!({"model": "key-in-answer"}))).await;
        let expected = "Your key is [redacted], so [redacted][redacted].";
        assert_eq!((answered.unwrap().text.as_str(), heard.concat().as_str()), (expected, expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_was_never_sent_and_what_may_not_be_reached_is_refused() {
    let fake = Fake::start().await;
    let providers = providers(options(&fake), &Keys::default());
    let closed = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().to_string()
    };
    for (base, code, name) in [
        (format!("http://{closed}/v1"), "provider.unreachable", "never sent"),
        ("https://nobody.example/v1".to_owned(), "provider.unreachable", "never sent"),
        ("http://169.254.169.254/v1".to_owned(), "provider.forbidden_address", "refused"),
        ("http://[::1]:5432/v1".to_owned(), "provider.forbidden_address", "refused"),
        ("http://me:secret@127.0.0.1/v1".to_owned(), "provider.forbidden_address", "refused"),
        ("ftp://127.0.0.1/v1".to_owned(), "provider.forbidden_address", "refused"),
    ] {
        for provider in ["openai", "anthropic", "vllm"] {
            let configuration = json!({"provider": provider, "base_url": base, "model": "m"});
            let failure = ask(&providers, &call("custom", &configuration)).await.0.unwrap_err();
            assert_eq!((&*failure.failure.code, class(failure.class)), (code, name), "{base}: {failure:?}");
            assert!(!failure.failure.message.as_str().contains("://"), "{failure:?}");
        }
    }
    assert!(fake.seen().is_empty());
}

#[test]
fn the_documented_table_is_the_one_that_is_tested() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROVIDERS.md");
    let documented = std::fs::read_to_string(path).unwrap();
    for (mode, ends) in MODES {
        let end = match ends {
            Ends::Answered => "answered".to_owned(),
            Ends::Endless => "`task.timeout`, by the caller".to_owned(),
            Ends::Failed(code, class) => format!("`{code}`, {class}"),
        };
        let row = documented.lines().find(|line| line.starts_with(&format!("| `{mode}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/PROVIDERS.md has no row for {mode}"));
        assert!(row.ends_with(&format!("| {end} |")), "{row} should end in {end}");
    }
}
