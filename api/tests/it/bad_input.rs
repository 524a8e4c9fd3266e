//! What does not fit is refused with its place, and leaves no trace. The cases follow from the OpenAPI document, so
//! a new operation is tested the moment it is there.

mod bodies;
mod queries;

use futures::StreamExt;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::operations::{operations, operations_with_body};
use crate::scene::{Scene, count_events};
use crate::support::{Answer, TestApp};

/// A request that must be refused, and how.
struct Case {
    what: String,
    request: RequestBuilder,
    status: u16,
    code: &'static str,
    /// The pointer to what does not fit, and what is wrong with it unless that does not matter.
    field: Option<(String, &'static str)>,
}

impl Case {
    /// What is wrong with the answer.
    fn fault(&self, answer: &Answer) -> Option<String> {
        let body = &answer.body;
        let is_problem = answer.header("content-type") == "application/problem+json"
            && body["status"] == answer.status.as_u16()
            && body["type"]
                == format!("urn:agentcores:problem:{}", body["code"].as_str().unwrap_or_default())
            && body["title"].is_string()
            && body["detail"].is_string()
            && body["request_id"] == answer.header("x-request-id");
        let names_field = self.field.as_ref().is_none_or(|(field, code)| {
            let errors = body["errors"].as_array().into_iter().flatten();
            let mut own = errors.filter(|error| error["field"] == field.as_str());
            own.any(|error| error["message"].is_string() && (code.is_empty() || error["code"] == *code))
        });
        let is_right = answer.status == self.status && body["code"] == self.code && is_problem && names_field;
        let wanted = format!("{} {} {:?}", self.status, self.code, self.field);
        (!is_right).then(|| format!("{}\n  wanted {wanted}\n  got {} {body}", self.what, answer.status))
    }
}

/// Sends them all; each must be refused as it says.
async fn assert_refused(app: &TestApp, cases: Vec<Case>) {
    let answered = futures::stream::iter(cases).map(async |case| {
        let request = case.request.try_clone().unwrap();
        let answer = app.send(request).await;
        case.fault(&answer)
    });
    let faults: Vec<Option<String>> = answered.buffer_unordered(16).collect().await;
    let faults: Vec<String> = faults.into_iter().flatten().collect();
    assert!(faults.is_empty(), "{} answers are not right:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_takes_its_sample_as_it_is() {
    let app = TestApp::start().await;
    let scene = Scene::set(&app).await;
    for (operation, _) in operations_with_body() {
        let answer = app.send(scene.request(&app, &operation).json(&scene.body_for(&operation))).await;
        assert!(answer.status.is_success(), "{}: {}", operation.id, answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_does_not_fit_is_named_and_nothing_is_written() {
    let app = TestApp::start().await;
    let scene = Scene::set(&app).await;
    let database = app.owner().await;
    for (operation, body) in operations_with_body() {
        let before = count_events(&database).await;
        let of_fields =
            body.fields.iter().flat_map(|field| bodies::of_field(&app, &scene, &operation, field));
        let cases = of_fields.chain(bodies::of_members(&app, &scene, &operation)).collect();
        assert_refused(&app, cases).await;
        assert_eq!(count_events(&database).await, before, "{}", operation.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_object_is_refused_and_nothing_is_written() {
    let app = TestApp::start().await;
    let scene = Scene::set(&app).await;
    let database = app.owner().await;
    for (operation, body) in operations_with_body() {
        let before = count_events(&database).await;
        assert_refused(&app, bodies::of_form(&app, &scene, &operation, body.is_required)).await;
        assert_eq!(count_events(&database).await, before, "{}", operation.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_that_does_not_fit_is_named_in_one_answer() {
    let app = TestApp::start().await;
    let owner = app.sign_up("free").await;
    let body = json!({"name": "", "capabilities": ["mail", 7], "configuration": [], "colour": "red"});
    let problem = app.post(&owner, "/agents", body).await.expect_problem(422, "validation_failed");
    let mut fields: Vec<&Value> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    fields.sort_by_key(|field| field.as_str());
    assert_eq!(fields, ["/agent_type", "/capabilities/1", "/colour", "/configuration", "/name"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_id_is_one_that_nothing_has() {
    let app = TestApp::start().await;
    let scene = Scene::set(&app).await;
    let database = app.owner().await;
    let before = count_events(&database).await;
    let mut cases = vec![];
    for operation in operations().into_iter().filter(crate::operations::Operation::has_id) {
        let own = scene.id_for(&operation.path);
        let too_long = "a".repeat(5_000);
        for id in
            ["", "7", "null", "no-uuid", "%00", "%ff", "..%2f", &own[1..], &format!("{own}0"), &too_long]
        {
            let by = operation.asks_for_caller.then_some(&scene.owner);
            let path = operation.with_id(id);
            let request = crate::scene::request(&app, operation.method.clone(), &path, by);
            let request = match operation.body {
                Some(_) => request.json(&scene.body_for(&operation)),
                None => request,
            };
            let what = format!("{} of {id}", operation.id);
            cases.push(Case { what, request, status: 404, code: "not_found", field: None });
        }
    }
    assert_refused(&app, cases).await;
    assert_eq!(count_events(&database).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_parameter_that_does_not_fit_is_named() {
    let app = TestApp::start().await;
    let scene = Scene::set(&app).await;
    let cases: Vec<Case> =
        operations().iter().flat_map(|operation| queries::of_operation(&app, &scene, operation)).collect();
    assert!(cases.len() > 100);
    assert_refused(&app, cases).await;
}
