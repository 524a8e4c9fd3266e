//! A server that speaks as OpenAI, as Anthropic and as a custom endpoint do, well or badly: the name of the model says
//! how. `cargo run -p api --example models` runs it by itself, for the providers' own clients.

pub(crate) mod anthropic;
pub(crate) mod custom;
pub(crate) mod http;
pub(crate) mod modes;
pub(crate) mod openai;
pub(crate) mod talk;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use http::{Request, Script};
use talk::Turn;

/// Whom the server plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    OpenAi,
    Anthropic,
    Custom,
}

/// A call that came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) part: Part,
    pub(crate) model: String,
    /// How the caller names the call.
    pub(crate) id: String,
    pub(crate) key: Option<String>,
    /// Tokens of a good answer.
    pub(crate) billed: (u64, u64),
    pub(crate) body: Value,
}

/// The running server.
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// One for each answer that is given, and this one.
    open: Arc<()>,
    _serving: JoinSet<()>,
}

impl Fake {
    /// On a port of its own.
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn on(listener: TcpListener) -> Self {
        let (address, seen) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Seen>>>::default());
        let (mut serving, log) = (JoinSet::new(), seen.clone());
        let open = Arc::new(());
        let held = open.clone();
        serving.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (log, held) = (log.clone(), held.clone());
                tokio::spawn(async move {
                    serve(stream, log).await;
                    drop(held);
                });
            }
        });
        Self { address, seen, open, _serving: serving }
    }

    /// What clients of OpenAI take as base URL.
    pub(crate) fn openai(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What clients of Anthropic take as base URL.
    pub(crate) fn anthropic(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The endpoint of the organisation's own.
    pub(crate) fn custom(&self) -> String {
        format!("http://{}/agents/custom?v=1", self.address)
    }

    /// How many callers are still there who wait for an answer, or take one in.
    pub(crate) fn waiting(&self) -> usize {
        // Besides: here, and where connections are taken in.
        Arc::strong_count(&self.open) - 2
    }

    /// The calls that came in, in their order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<Seen>>>) {
    // A client that goes away is none of the server's business.
    if let Ok(Some(request)) = Request::read(&mut stream).await {
        let script = answer(&request, &seen);
        let (mut reads, mut writes) = stream.split();
        let mut byte = [0];
        tokio::select! {
            played = script.play(&mut writes) => { played.ok(); }
            // Nobody sends anything after a request, so this is its end.
            gone = reads.read(&mut byte) => { gone.ok(); }
        }
    }
}

fn answer(request: &Request, seen: &Mutex<Vec<Seen>>) -> Script {
    let path = request.path.split('?').next().unwrap_or_default();
    let part = match (request.method.as_str(), path) {
        ("POST", "/v1/chat/completions") => Part::OpenAi,
        ("POST", "/v1/messages") => Part::Anthropic,
        ("POST", "/agents/custom") => Part::Custom,
        ("GET", "/v1/models") => {
            let model = json!({"id": "gpt-4.1", "object": "model", "created": 1, "owned_by": "fake"});
            return Script::json(200, "", &json!({"object": "list", "data": [model]}));
        }
        _ => {
            return Script::json(
                404,
                "",
                &json!({"error": {"message": "no such path", "type": "not_found"}}),
            );
        }
    };
    let read = match part {
        Part::OpenAi => openai::read(request),
        Part::Anthropic => anthropic::read(request),
        Part::Custom => custom::read(request),
    };
    let (body, turn): (Value, Turn) = match read {
        Ok(read) => read,
        Err(refusal) => return refusal,
    };
    let said = turn.answer();
    let billed = turn.billed(&said);
    let key = match part {
        Part::OpenAi => openai::key(request),
        Part::Anthropic => anthropic::key(request),
        Part::Custom => None,
    };
    let call = Seen {
        part,
        model: body["model"].as_str().unwrap_or_default().to_owned(),
        id: request.header("idempotency-key").unwrap_or_default().to_owned(),
        key: key.map(str::to_owned),
        billed,
        body: body.clone(),
    };
    let before = {
        let mut seen = seen.lock().unwrap();
        let before = seen.iter().filter(|one| one.model == call.model && one.part == part).count();
        seen.push(call.clone());
        before
    };
    modes::play(&call, before).unwrap_or_else(|| match part {
        Part::OpenAi => openai::good(&body, &said, billed),
        Part::Anthropic => anthropic::good(&body, &said, billed),
        Part::Custom => custom::good(&said, billed),
    })
}
