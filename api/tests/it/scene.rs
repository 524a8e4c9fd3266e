//! An organisation with one of everything, and a request that fits it for every operation.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{PgPool, Row};

use crate::operations::Operation;
use crate::support::{PASSWORD, Session, TestApp};
use crate::work::{approval, asking_task, completed_task};

/// An organisation with one of everything.
pub(crate) struct Scene {
    pub(crate) owner: Session,
    pub(crate) member: Session,
    /// Of the owner, beside the one that requests are made in.
    session: String,
    /// Of someone who has not joined yet.
    pub(crate) invitation: String,
    invitation_token: String,
    /// Lets the member choose another password.
    reset_token: String,
    /// Running.
    pub(crate) agent: String,
    /// Pending, of that agent.
    pub(crate) task: String,
    /// Waits for a person to approve a call.
    asking: String,
    /// Has come to a result.
    completed: String,
    /// With an agent of its own, before anything was said.
    conversation: String,
    /// Paused, of that agent.
    schedule: String,
    /// A key of a program.
    pub(crate) api_key: String,
    /// A provider with a key; in every scene another.
    pub(crate) provider: String,
    /// An organisation that nobody has registered in.
    unfounded: String,
}

impl Scene {
    pub(crate) async fn set(app: &TestApp) -> Self {
        Self::set_on(app, "professional").await
    }

    pub(crate) async fn set_on(app: &TestApp, tier: &str) -> Self {
        let owner = app.sign_up(tier).await;
        let member = app.join(&owner, "member", "member").await;
        let again = app.sign_in(&owner.subdomain, &owner.email).await;
        let session = app.current_session(&again).await;
        let agent = app.running_agent(&owner).await;
        let task = app.post(&owner, "/tasks", json!({"name": "Task", "agent_id": agent})).await.expect(201);
        let schedule = app.post(&owner, "/schedules", schedule(&agent)).await.expect(201);
        let conversation = begin_conversation(app, &owner).await;
        let invited = json!({"email": format!("invited@{}.example", owner.subdomain), "role": "member"});
        let invited = app.post(&owner, "/tenants/users/invite", invited).await.expect(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let (invitation, invitation_token) =
            (text(&invited["user"]["id"]), text(&invited["invitation_token"]));
        let unfounded = format!("{}-too", owner.subdomain);
        let tenant = json!({
            "name": "Later", "subdomain": unfounded, "contact_email": owner.email, "contact_name": "John Doe",
        });
        app.post_anonymous("/tenants", tenant).await.expect(201);
        let task = task["id"].as_str().unwrap().to_owned();
        let asking = asking_task(app, &owner).await;
        let completed = completed_task(app, &owner, &agent).await;
        let api_key = json!({"name": "Import", "scopes": ["read_keys"]});
        let api_key = app.post(&owner, "/api-keys", api_key).await.expect(201)["id"].clone();
        let provider = format!("provider-{}", uuid::Uuid::new_v4().as_fields().0);
        let provider_key = json!({"provider": provider, "key": "sk-of-the-scene"});
        app.post(&owner, "/provider-keys", provider_key).await.expect(201);
        let api_key = api_key.as_str().unwrap().to_owned();
        let reset_token = app.reset_token(&owner, &member).await;
        Self {
            owner,
            member,
            session,
            invitation,
            invitation_token,
            reset_token,
            agent,
            task,
            asking,
            completed,
            conversation,
            schedule: text(&schedule["id"]),
            api_key,
            provider,
            unfounded,
        }
    }

    /// The id of what a path is about.
    pub(crate) fn id_for(&self, path: &str) -> String {
        let under = |noun: &str| path.starts_with(&format!("/api/v1/{noun}/{{"));
        match () {
            () if under("agents") => self.agent.clone(),
            () if path.ends_with("/approval") => self.asking.clone(),
            () if path.ends_with("/replay") => self.completed.clone(),
            () if under("tasks") => self.task.clone(),
            () if under("conversations") => self.conversation.clone(),
            () if under("schedules") => self.schedule.clone(),
            () if under("auth/sessions") => self.session.clone(),
            () if under("tenants/invitations") => self.invitation.clone(),
            () if under("api-keys") => self.api_key.clone(),
            () if under("provider-keys") => self.provider.clone(),
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
            "change_password" => {
                json!({"current_password": PASSWORD, "new_password": PASSWORD})
            }
            "request_password_reset" => json!({"email": self.owner.email}),
            "confirm_password_reset" => {
                json!({"token": self.reset_token, "new_password": "seven violins on a pier"})
            }
            "refresh" => json!({"refresh_token": self.owner.refresh_token}),
            "reauthenticate" => json!({"password": PASSWORD}),
            "change_profile" => json!({"full_name": "Ada King"}),
            "invite_user" => json!({"email": "grace@acme.example", "role": "member"}),
            "resend_invitation" => json!({"role": "member"}),
            "inspect_invitation" => json!({"invitation_token": self.invitation_token}),
            "change_user" => json!({"full_name": "Grace Hopper"}),
            "create_api_key" => json!({"name": "Import", "scopes": ["read_keys"], "expires_in_days": 30}),
            "rotate_api_key" => json!({"overlap_hours": 1, "expires_in_days": 30}),
            "set_provider_key" => json!({"provider": self.provider, "key": "sk-of-another-day"}),
            "create_agent" => json!({"name": "Agent", "agent_type": "echo"}),
            "change_agent" => json!({"description": "Sorts incoming mail"}),
            "create_task" => json!({"name": "Task", "agent_id": self.agent}),
            "amend_task" => json!({"priority": 4}),
            "decide_approval" => approval(&self.owner),
            "set_tenant_budget" | "set_agent_budget" => json!({"limit_usd": "25.00"}),
            "create_schedule" => schedule(&self.agent),
            "change_schedule" => json!({"cron": "0 9 * * *"}),
            "preview_schedule" => json!({"cron": "30 8 * * MON-FRI", "time_zone": "Europe/Berlin"}),
            "stop_all_work" => json!({"reason": "Mails go to the wrong customers"}),
            "pause_agent" => json!({"mode": "drain"}),
            "replay_task" => json!({}),
            "create_conversation" => json!({"title": "Mails", "message": "Which are urgent?"}),
            "send_message" => json!({"content": "Which are urgent?"}),
            "cancel_task" => json!({"reason": "Done by hand"}),
            other => panic!("{other}: a new operation with a body needs a sample here"),
        }
    }

    /// The same, or nothing where it takes none.
    pub(crate) fn body_if_any(&self, operation: &Operation) -> Value {
        operation.body.as_ref().map_or(Value::Null, |_| self.body_for(operation))
    }

    /// The operation's path, with the id of something that is there.
    pub(crate) fn path_of(&self, operation: &Operation) -> String {
        if operation.has_id() {
            operation.with_id(&self.id_for(&operation.path))
        } else {
            operation.path.clone()
        }
    }

    /// The operation's path, with the id of something that nobody has touched yet where it changes or ends it.
    pub(crate) async fn fresh_path(&self, app: &TestApp, operation: &Operation) -> String {
        let of_provider = operation.path.contains("{provider}");
        if !operation.has_id() || operation.method == Method::GET && !of_provider {
            return self.path_of(operation);
        }
        let id = match operation.path.strip_prefix("/api/v1/").unwrap_or_default() {
            path if path.starts_with("agents") => app.running_agent(&self.owner).await,
            path if path.ends_with("/approval") => asking_task(app, &self.owner).await,
            path if path.ends_with("/replay") => self.completed.clone(),
            path if path.starts_with("tasks") => {
                let task = json!({"name": "Task", "agent_id": self.agent});
                let task = app.post(&self.owner, "/tasks", task).await.expect(201);
                task["id"].as_str().unwrap().to_owned()
            }
            path if path.starts_with("conversations") => begin_conversation(app, &self.owner).await,
            path if path.starts_with("schedules") => {
                let schedule = app.post(&self.owner, "/schedules", schedule(&self.agent)).await.expect(201);
                schedule["id"].as_str().unwrap().to_owned()
            }
            path if path.starts_with("tenants/users") && operation.method == Method::DELETE => {
                let invited = json!({"email": unused("someone"), "role": "member"});
                let invited = app.post(&self.owner, "/tenants/users/invite", invited).await.expect(201);
                invited["user"]["id"].as_str().unwrap().to_owned()
            }
            path if path.starts_with("tenants/invitations") => {
                let invited = json!({"email": unused("someone"), "role": "member"});
                let invited = app.post(&self.owner, "/tenants/users/invite", invited).await.expect(201);
                invited["user"]["id"].as_str().unwrap().to_owned()
            }
            path if path.starts_with("api-keys") => {
                let key = json!({"name": "Import", "scopes": ["read_keys"]});
                let key = app.post(&self.owner, "/api-keys", key).await.expect(201);
                key["id"].as_str().unwrap().to_owned()
            }
            path if path.starts_with("provider-keys") => {
                let key = json!({"provider": self.provider, "key": "sk-of-the-scene"});
                app.post(&self.owner, "/provider-keys", key).await.expect(201);
                self.provider.clone()
            }
            path if path.starts_with("auth/sessions") => {
                let again = app.sign_in(&self.owner.subdomain, &self.owner.email).await;
                app.current_session(&again).await
            }
            _ => self.id_for(&operation.path),
        };
        operation.with_id(&id)
    }

    /// A body that the operation takes however often it is asked.
    pub(crate) fn fresh_body(&self, operation: &Operation) -> Value {
        let mut body = self.body_for(operation);
        if operation.id == "invite_user" {
            body["email"] = unused("someone").into();
        }
        body
    }

    /// The request without its body, by the owner.
    pub(crate) fn request(&self, app: &TestApp, operation: &Operation) -> RequestBuilder {
        let by = operation.asks_for_caller.then_some(&self.owner);
        request(app, operation.method.clone(), &self.path_of(operation), by)
    }
}

/// A conversation with a running agent in which nothing was said yet.
pub(crate) async fn begin_conversation(app: &TestApp, by: &Session) -> String {
    let agent = app.running_agent(by).await;
    let begun = app.post(by, &format!("/agents/{agent}/conversations"), json!({})).await.expect(201);
    begun["id"].as_str().unwrap().to_owned()
}

/// A schedule that is not at work, so that it makes no tasks in between.
fn schedule(agent: &str) -> Value {
    json!({"name": "Report", "agent_id": agent, "cron": "30 8 * * MON-FRI", "enabled": false})
}

/// An address that nobody has.
fn unused(name: &str) -> String {
    format!("{name}-{}@acme.example", uuid::Uuid::now_v7().simple())
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
