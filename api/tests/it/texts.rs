//! Texts of every kind go in and come back as they are, or are refused with their place; documents are JSON as RFC 8259
//! has it, or refused as none.

mod documents;
mod strings;

use std::collections::HashMap;

use futures::StreamExt as _;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::operations::operations_with_body;
use crate::scene::{Scene, count_events};
use crate::support::{Answer, Session, TestApp};

/// The fields of a refusal; anything but a refusal with fields fails.
#[track_caller]
fn refused_fields(answer: &Answer, text: &str) -> Vec<String> {
    assert_eq!(answer.status, 422, "{text:?}: {}", answer.body);
    let errors = answer.body["errors"].as_array().unwrap();
    assert!(!errors.is_empty(), "{text:?}: {}", answer.body);
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

/// An agent with the text wherever it has one, as far as it is taken; its id, and what it must be shown with.
async fn agent_with(app: &TestApp, owner: &Session, text: &str) -> (String, Value) {
    let mut body = json!({
        "name": text, "agent_type": "echo", "description": text, "configuration": {"text": text, "list": [{"deep": text}]},
    });
    let first = app.post(owner, "/agents", body.clone()).await;
    let answer = if first.status == 201 {
        first
    } else {
        for field in refused_fields(&first, text) {
            let name = field.trim_start_matches('/');
            assert!(["name", "description", "configuration"].contains(&name), "{text:?}: {field}");
            body[name] = match name {
                "configuration" => json!({}),
                _ => json!("Agent"),
            };
        }
        app.post(owner, "/agents", body.clone()).await
    };
    let agent = answer.expect(201);
    let shown = json!({
        "name": body["name"].as_str().unwrap().trim(),
        "description": body["description"].as_str().unwrap().trim(),
        "configuration": body["configuration"],
    });
    (agent["id"].as_str().unwrap().to_owned(), shown)
}

fn of_agent(value: &Value) -> Value {
    json!({"name": value["name"], "description": value["description"], "configuration": value["configuration"]})
}

/// All events of a type, out of what an organisation may take away with it, by what they happened to.
async fn exported(app: &TestApp, owner: &Session, event_type: &str) -> HashMap<String, Value> {
    let (mut all, mut after) = (HashMap::new(), 0);
    loop {
        let batch =
            app.get(owner, &format!("/events?types={event_type}&after={after}&limit=200")).await.expect(200);
        for event in batch["items"].as_array().unwrap() {
            all.insert(
                event["subject"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(),
                event["data"].clone(),
            );
        }
        let next = batch["next_after"].as_i64().unwrap_or(after);
        if next == after || batch["items"].as_array().unwrap().is_empty() {
            return all;
        }
        after = next;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_any_kind_comes_back_to_the_letter_or_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let owner = app.sign_up("enterprise").await;
    let texts = strings::all();
    assert!(texts.len() > 515, "{}", texts.len());
    let made = futures::stream::iter(&texts).map(async |(kind, text)| {
        let (id, shown) = agent_with(&app, &owner, text).await;
        let read = app.get(&owner, &format!("/agents/{id}")).await.expect(200);
        assert_eq!(of_agent(&read), shown, "{kind}: {text:?}");
        // It is searched for as a text, whatever it means to other programs.
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", text).finish();
        if query.len() < 8_000 {
            let answer = app.get(&owner, &format!("/agents?limit=1&{query}")).await;
            assert!(answer.status == 200 || answer.status == 422, "{kind}: {text:?}: {}", answer.body);
        }
        (id, shown)
    });
    let made: Vec<(String, Value)> = made.buffer_unordered(8).collect().await;
    let kept = made.iter().filter(|(_, shown)| shown["configuration"] != json!({})).count();
    let exported = exported(&app, &owner, "agent.created").await;
    for (id, shown) in &made {
        let audit = app.get(&owner, &format!("/audit/events?aggregate_id={id}")).await.expect(200);
        assert_eq!(of_agent(&audit["items"][0]["data"]), *shown, "{id}");
        assert_eq!(of_agent(&exported[id]), *shown, "{id}");
    }
    println!(
        "{} texts: {kept} kept to the letter in documents, {} refused there",
        texts.len(),
        texts.len() - kept
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_any_kind_is_sealed_and_opened_to_the_letter_or_refused() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let mut taken = 0;
    for (kind, text) in strings::all() {
        let body = json!({"full_name": text, "preferences": {"text": text}});
        let answer = app.put(&owner, "/auth/profile", body).await;
        if answer.status == 200 {
            taken += 1;
            let shown = json!({"full_name": text.trim(), "preferences": {"text": text}});
            for user in [answer.body, app.get(&owner, "/auth/me").await.expect(200)["user"].clone()] {
                let user = json!({"full_name": user["full_name"], "preferences": user["preferences"]});
                assert_eq!(user, shown, "{kind}: {text:?}");
            }
            let audit =
                app.get(&owner, "/audit/events?event_type=user.profile_changed&limit=1").await.expect(200);
            assert_eq!(audit["items"][0]["data"]["preferences"]["text"], json!(text), "{kind}: {text:?}");
        } else {
            for field in refused_fields(&answer, &text) {
                assert!(
                    ["/full_name", "/preferences"].contains(&field.as_str()),
                    "{kind}: {text:?}: {field}"
                );
            }
        }
    }
    assert!(taken > 200, "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_refused_as_such_by_every_operation_that_takes_a_body() {
    let app = TestApp::start().await;
    let scene = Scene::set(&app).await;
    let database = app.owner().await;
    let before = count_events(&database).await;
    let refused = documents::none();
    assert!(refused.len() > 90, "{}", refused.len());
    let mut count = 0;
    for (operation, _) in operations_with_body() {
        let asked = futures::stream::iter(&refused).map(async |document| {
            let request = scene.request(&app, &operation).header(CONTENT_TYPE, "application/json");
            let answer = app.send(request.body(document.clone())).await;
            let text = String::from_utf8_lossy(document).chars().take(60).collect::<String>();
            // Nothing at all is no body, where one may be left out.
            let is_absent = document.is_empty() && answer.status != 500;
            assert!(
                answer.status == 400 || is_absent,
                "{}: {text:?}: {} {}",
                operation.id,
                answer.status,
                answer.body
            );
        });
        count += asked.buffer_unordered(16).count().await;
    }
    println!("{count} requests with {} documents that are no JSON", refused.len());
    // An operation without a needed body may have done its work on an empty one.
    assert!(count_events(&database).await <= before + i64::try_from(operations_with_body().len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_json_is_kept_as_it_is_and_what_may_be_either_is_kept_or_refused() {
    let app = TestApp::start().await;
    let owner = app.sign_up("enterprise").await;
    let post = async |document: &[u8]| {
        let body = [br#"{"name":"A","agent_type":"echo","configuration":{"v":"#.as_slice(), document, b"}}"]
            .concat();
        let request = app.request(Method::POST, "/agents").bearer_auth(&owner.token);
        app.send(request.header(CONTENT_TYPE, "application/json").body(body)).await
    };
    let database = app.owner().await;
    let stored = async |id: &Value| -> String {
        let sql =
            "select payload::text from events where aggregate_id = $1::uuid and event_type = 'agent.created'";
        sqlx::query_scalar(sql).bind(id.as_str().unwrap()).fetch_one(&database).await.unwrap()
    };
    let accepted = documents::all();
    assert!(accepted.len() > 60, "{}", accepted.len());
    for document in &accepted {
        let agent = post(document.as_bytes()).await.expect(201);
        let wanted: Value = serde_json::from_str(document).unwrap();
        let read = app.get(&owner, &format!("/agents/{}", agent["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(read["configuration"]["v"], wanted, "{document}");
        // The log holds the very text that was sent.
        let payload: Value = serde_json::from_str(&stored(&agent["id"]).await).unwrap();
        let text = payload.to_string();
        assert!(text.contains(&json!(format!("{{\"v\":{document}}}")).to_string()), "{document}: {text}");
    }
    let (mut kept, mut refused) = (0, 0);
    for document in documents::either() {
        let answer = post(&document).await;
        match answer.status.as_u16() {
            201 => kept += 1,
            400 | 422 => refused += 1,
            _ => panic!("{}: {} {}", String::from_utf8_lossy(&document), answer.status, answer.body),
        }
    }
    println!(
        "{} documents kept; of those that may be either {kept} were kept and {refused} refused",
        accepted.len()
    );
}
