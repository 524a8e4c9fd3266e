//! An organisation with one of everything, and a request that fits it for every operation.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{PgPool, Row};

use crate::operations::Operation;
use crate::support::{PASSWORD, Session, TestApp};

/// An organisation with one of everything.
pub(crate) struct Scene {
    pub(crate) owner: Session,
    pub(crate) member: Session,
    /// Running.
    pub(crate) agent: String,
    /// Pending, of that agent.
    pub(crate) task: String,
    /// An organisation that nobody has registered in.
    unfounded: String,
}

impl Scene {
    pub(crate) async fn set(app: &TestApp) -> Self {
        let owner = app.sign_up("professional").await;
        let member = app.join(&owner, "member", "member").await;
        let agent = app.running_agent(&owner).await;
        let task = app.post(&owner, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
        let unfounded = format!("{}-too", owner.subdomain);
        let tenant = json!({
            "name": "Later", "subdomain": unfounded, "contact_email": owner.email, "contact_name": "John Doe",
        });
        app.post_anonymous("/tenants", tenant).await.expect(201);
        let task = task["id"].as_str().unwrap().to_owned();
        Self { owner, member, agent, task, unfounded }
    }

    /// The id of what a path is about.
    pub(crate) fn id_for(&self, path: &str) -> String {
        let under = |noun: &str| path.starts_with(&format!("/api/v1/{noun}/{{id}}"));
        match () {
            () if under("agents") => self.agent.clone(),
            () if under("tasks") => self.task.clone(),
            () if under("tenants/users") => self.member.user.to_string(),
            () => panic!("{path}: a new kind of thing needs one in the scene"),
        }
    }

    /// A body that the operation takes.
    pub(crate) fn body_for(&self, operation: &Operation) -> Value {
        match operation.id.as_str() {
            "create_tenant" => json!({
                "name": "Acme", "subdomain": format!("{}-new", self.owner.subdomain),
                "contact_email": "ada@acme.example", "contact_name": "Ada Lovelace",
            }),
            "change_tenant" => json!({"name": "Acme Industries"}),
            "change_tenant_settings" => json!({"settings": {"timezone": "Europe/Berlin"}}),
            "change_subscription" => json!({"subscription_tier": "enterprise"}),
            "register" => json!({
                "email": self.owner.email, "password": PASSWORD, "full_name": "Ada Lovelace",
                "tenant_subdomain": self.unfounded,
            }),
            "log_in" => {
                json!({"email": self.owner.email, "password": PASSWORD, "tenant_subdomain": self.owner.subdomain})
            }
            "refresh" => json!({"refresh_token": self.owner.refresh_token}),
            "change_profile" => json!({"full_name": "Ada King"}),
            "invite_user" => json!({"email": "grace@acme.example", "role": "member"}),
            "change_user" => json!({"full_name": "Grace Hopper"}),
            "create_agent" => json!({"name": "Agent", "agent_type": "echo"}),
            "change_agent" => json!({"description": "Sorts incoming mail"}),
            "create_task" => json!({"name": "Task", "agent_id": self.agent}),
            "amend_task" => json!({"priority": 4}),
            "cancel_task" => json!({"reason": "Done by hand"}),
            other => panic!("{other}: a new operation with a body needs a sample here"),
        }
    }

    /// The operation's path, with the id of something that is there.
    pub(crate) fn path_of(&self, operation: &Operation) -> String {
        if operation.has_id() {
            operation.with_id(&self.id_for(&operation.path))
        } else {
            operation.path.clone()
        }
    }

    /// The request without its body, by the owner.
    pub(crate) fn request(&self, app: &TestApp, operation: &Operation) -> RequestBuilder {
        let by = operation.asks_for_caller.then_some(&self.owner);
        request(app, operation.method.clone(), &self.path_of(operation), by)
    }
}

/// A request by someone or by nobody.
pub(crate) fn request(app: &TestApp, method: Method, path: &str, by: Option<&Session>) -> RequestBuilder {
    let request = app.request(method, path);
    match by {
        Some(session) => request.bearer_auth(&session.token),
        None => request,
    }
}

/// How many events the database holds, of all organisations.
pub(crate) async fn count_events(database: &PgPool) -> i64 {
    sqlx::query("select count(*) from events").fetch_one(database).await.unwrap().get(0)
}
