//! Calls of which nobody knows whether they changed something in the world.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use application::App;
use application::StopCause;
use application::ports::{ToolFailure, ToolGrant, ToolReply, ToolSpec, ToolUse, Tools};
use domain::Tier;
use domain::task::TaskKind;
use serde_json::json;

use crate::bed::{Bed, LEASE, Shop, run};

/// Sends requests; the first is on its way for good, or the answer to it is lost.
struct Post {
    sent: AtomicUsize,
    first: First,
}

#[derive(Clone, Copy, Debug)]
enum First {
    NeverAnswered,
    AnswerLost,
}

#[async_trait::async_trait]
impl Tools for Post {
    async fn offered(&self, _: &ToolGrant) -> Result<Vec<ToolSpec>, ToolFailure> {
        let text = |text: &str| text.to_owned();
        Ok(vec![ToolSpec {
            name: text("http_request"),
            description: text("Sends a request."),
            parameters: text("{}"),
            has_side_effects: true,
        }])
    }

    async fn call(&self, _: &ToolGrant, _: &ToolUse) -> Result<ToolReply, ToolFailure> {
        if self.sent.fetch_add(1, Ordering::SeqCst) == 0 {
            match self.first {
                First::NeverAnswered => std::future::pending().await,
                First::AnswerLost => {
                    let message = "the connection broke".to_owned();
                    return Err(ToolFailure { code: "tool.broke_off", message, is_final: false });
                }
            }
        }
        Ok(ToolReply { content: "{}".to_owned(), is_error: false })
    }
}

/// One task that sends a request, and what runs it.
struct Errand {
    bed: Bed,
    app: App,
    post: Arc<Post>,
}

impl Errand {
    async fn start(first: First, on_ambiguous: Option<&str>) -> Self {
        let bed = Bed::start().await;
        let shop = bed.shop(Tier::Free).await;
        let configuration = on_ambiguous.map_or(json!({}), |choice| json!({"on_ambiguous": choice}));
        let agent = bed.agent_of("echo", shop.tenant, &configuration.to_string()).await;
        let request = r#"{"method": "POST", "url": "https://post.example/letters"}"#;
        bed.task_of(Shop { agent, ..shop }, TaskKind::ApiCall, request).await;
        let post = Arc::new(Post { sent: AtomicUsize::new(0), first });
        let app = App { tools: post.clone(), ..bed.app.clone() };
        Self { bed, app, post }
    }

    /// The worker dies while the request is on its way; another one finds its lease run out.
    async fn loses_its_worker(&self) {
        let claimed = self.bed.claim(1).await[0];
        let (_stop, stopped) = futures::channel::oneshot::channel();
        let begun = self.app.run_claimed("lost", claimed, stopped);
        tokio::pin!(begun);
        while self.sent() == 0 {
            assert!(tokio::time::timeout(Duration::from_millis(5), &mut begun).await.is_err(), "it waits");
        }
        self.bed.expire(&claimed).await;
        for lost in self.app.rescue("rescuer", LEASE, 8).await.unwrap() {
            run(&self.app, "rescuer", lost).await;
        }
    }

    /// Runs the task to its end, however long it would have to wait between its attempts.
    async fn goes_on(&self) {
        while self.bed.count("select count(*) from run_queue").await > 0 {
            sqlx::query("update run_queue set not_before = null").execute(&self.bed.owner).await.unwrap();
            sqlx::query("update queue_turns set wakes_at = null").execute(&self.bed.owner).await.unwrap();
            for claimed in self.bed.claim(1).await {
                run(&self.app, "worker", claimed).await;
            }
        }
    }

    fn sent(&self) -> usize {
        self.post.sent.load(Ordering::SeqCst)
    }

    async fn came_to(&self) -> (String, Option<String>, usize) {
        let sql = "select stage, error_code from tasks";
        let (stage, code) = sqlx::query_as(sql).fetch_one(&self.bed.owner).await.unwrap();
        (stage, code, self.sent())
    }
}

fn failed_after_one() -> (String, Option<String>, usize) {
    ("failed".to_owned(), Some("tool.ambiguous".to_owned()), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_worker_may_have_done_is_not_done_again() {
    let errand = Errand::start(First::NeverAnswered, None).await;
    errand.loses_its_worker().await;
    errand.goes_on().await;
    assert_eq!(errand.came_to().await, failed_after_one());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_done_again_where_the_agents_owner_says_so() {
    for first in [First::NeverAnswered, First::AnswerLost] {
        let errand = Errand::start(first, Some("retry")).await;
        match first {
            First::NeverAnswered => errand.loses_its_worker().await,
            First::AnswerLost => {}
        }
        errand.goes_on().await;
        assert_eq!(errand.came_to().await, ("completed".to_owned(), None, 2), "{first:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answer_was_lost_is_not_made_again() {
    let errand = Errand::start(First::AnswerLost, None).await;
    errand.goes_on().await;
    assert_eq!(errand.came_to().await, failed_after_one());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_end_of_its_worker_cut_short_is_not_made_again() {
    let errand = Errand::start(First::NeverAnswered, None).await;
    let claimed = errand.bed.claim(1).await[0];
    let (stop, stopped) = futures::channel::oneshot::channel();
    let begun = errand.app.run_claimed("worker", claimed, stopped);
    let ended = async {
        while errand.sent() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send(StopCause::Shutdown).unwrap();
    };
    let (run, ()) = tokio::join!(begun, ended);
    run.unwrap();
    errand.goes_on().await;
    assert_eq!(errand.came_to().await, failed_after_one());
}
