//! Listens in between the service and Postgres: every message that a client sends is noted and passed on, with the tenant
//! filters taken out of queries if so wanted.
//!
//! The messages are those of the frontend (PostgreSQL documentation, 54.7). A client waits for the server after each `Query`
//! (the simple protocol) and each `Sync` (the extended one, and sqlx's ping), so their number is that of the round trips.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;

/// The code that the first message of a session carries instead of a type: protocol version 3.0.
const STARTUP: u32 = 196_608;
/// A port is part of a socket's name; this socket has a folder of its own.
const PORT: u16 = 5432;

const ROLES: [&str; 2] = ["agentcores_reader", "agentcores_writer"];

/// A message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its type: `Q` for Query, `P` for Parse, `S` for Sync and so on.
    pub(crate) kind: char,
    /// As whom its connection works, if that was said as it began.
    pub(crate) role: Option<&'static str>,
    /// The statement of a Query or a Parse, and of the Bind and the Sync that use a prepared one; empty for all others.
    pub(crate) statement: String,
    /// Whether it is a Sync with nothing before it, which asks for nothing: sqlx's ping.
    pub(crate) is_ping: bool,
}

/// What becomes of the statements that the reading role prepares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queries {
    AsTheyAre,
    /// `tenant_id = $1` becomes true: the first wall of isolation is gone.
    WithoutTenantFilters,
}

/// A way to Postgres that notes what goes over it.
pub(crate) struct WireTap {
    seen: Arc<Mutex<Vec<Message>>>,
    folder: PathBuf,
    _passing: JoinSet<()>,
}

impl WireTap {
    /// Between whoever uses the options returned, and the server of `database`.
    pub(crate) fn on(database: &PgConnectOptions, queries: Queries) -> (Self, PgConnectOptions) {
        let folder = std::env::temp_dir().join(format!("tap-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&folder).unwrap();
        let listener = UnixListener::bind(folder.join(format!(".s.PGSQL.{PORT}"))).unwrap();
        let seen = Arc::new(Mutex::new(vec![]));
        let (log, to) = (Arc::clone(&seen), database.clone());
        let mut passing = JoinSet::new();
        passing.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connect(client, to.clone(), queries, Arc::clone(&log)));
            }
        });
        let options = database.clone().socket(&folder).port(PORT);
        (Self { seen, folder, _passing: passing }, options)
    }

    /// What was noted since the last time.
    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Drop for WireTap {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

impl Message {
    /// Whether a filter was taken out of it, when it was prepared.
    pub(crate) fn is_unfiltered(&self) -> bool {
        self.kind == 'P' && self.statement.contains(NO_FILTER)
    }

    /// Whether it is of what the service does by itself, whenever it likes: following the log, telling other processes of
    /// commits, sending mails. No request that only authenticates touches these tables.
    pub(crate) fn is_background(&self) -> bool {
        ["follower", "from events", "mails", "notify "].iter().any(|name| self.statement.contains(name))
    }

    /// Whether the client waits for an answer to it.
    pub(crate) fn is_round_trip(&self) -> bool {
        matches!(self.kind, 'Q' | 'S')
    }
}

async fn connect(
    client: UnixStream,
    database: PgConnectOptions,
    queries: Queries,
    log: Arc<Mutex<Vec<Message>>>,
) {
    let port = database.get_port();
    if let Some(folder) = database.get_socket() {
        let path = Path::new(folder).join(format!(".s.PGSQL.{port}"));
        pass(client, UnixStream::connect(path).await.unwrap(), queries, log).await;
    } else {
        let server = TcpStream::connect((database.get_host(), port)).await.unwrap();
        server.set_nodelay(true).unwrap();
        pass(client, server, queries, log).await;
    }
}

/// Both ways until one side closes.
async fn pass<S>(client: UnixStream, server: S, queries: Queries, log: Arc<Mutex<Vec<Message>>>)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (from_client, mut to_client) = split(client);
    let (mut from_server, to_server) = split(server);
    tokio::select! {
        _ = note(from_client, to_server, queries, &log) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
}

/// Notes each message before it is passed on, so that whoever has an answer finds in the log what led to it.
async fn note(
    mut client: impl AsyncRead + Unpin,
    mut server: impl AsyncWrite + Unpin,
    queries: Queries,
    log: &Mutex<Vec<Message>>,
) -> std::io::Result<()> {
    let (mut has_begun, mut rewrites, mut is_idle) = (false, false, true);
    let mut role = None;
    let mut prepared = Prepared::default();
    loop {
        // Before the session begins messages have no type, and one may ask for encryption.
        let kind = if has_begun { Some(client.read_u8().await?) } else { None };
        let length = client.read_u32().await?;
        let mut body = vec![0; length.saturating_sub(4) as usize];
        client.read_exact(&mut body).await?;
        if let Some(kind) = kind {
            if let (b'P', true, Some(changed)) = (kind, rewrites, unfiltered(&body)) {
                body = changed;
            }
            let is_ping = kind == b'S' && is_idle;
            let statement = prepared.statement(kind, &body);
            let message = Message { kind: char::from(kind), role, statement, is_ping };
            is_idle = message.is_round_trip();
            log.lock().unwrap().push(message);
        } else {
            has_begun = body.starts_with(&STARTUP.to_be_bytes());
            let options = String::from_utf8_lossy(&body);
            role = ROLES.into_iter().find(|role| options.contains(role));
            rewrites = queries == Queries::WithoutTenantFilters && role == Some("agentcores_reader");
        }
        let length = u32::try_from(body.len() + 4).unwrap();
        let mut bytes: Vec<u8> = kind.into_iter().collect();
        bytes.extend(length.to_be_bytes());
        bytes.extend(body);
        server.write_all(&bytes).await?;
    }
}

/// What a connection has prepared, by name, and what it has bound since its last Sync.
#[derive(Default)]
struct Prepared {
    by_name: HashMap<String, String>,
    bound: String,
}

impl Prepared {
    /// The statement that a message is about.
    fn statement(&mut self, kind: u8, body: &[u8]) -> String {
        let mut texts = body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        let mut next = || texts.next().unwrap_or_default();
        match kind {
            b'Q' => next(),
            b'P' => {
                let (name, statement) = (next(), next());
                self.by_name.insert(name, statement.clone());
                self.bound.clone_from(&statement);
                statement
            }
            b'B' => {
                // The name of the portal comes first.
                next();
                self.bound = self.by_name.get(&next()).cloned().unwrap_or_default();
                self.bound.clone()
            }
            b'S' => std::mem::take(&mut self.bound),
            _ => String::new(),
        }
    }
}

const FILTER: &str = "tenant_id = $";
/// What a filter becomes: true for every tenant.
const NO_FILTER: &str = "::uuid is not null";

/// A Parse message whose statement asks for no tenant, if it asked for one.
fn unfiltered(parse: &[u8]) -> Option<Vec<u8>> {
    let name_end = parse.iter().position(|byte| *byte == 0)? + 1;
    let sql_end = name_end + parse[name_end..].iter().position(|byte| *byte == 0)?;
    let mut rest = std::str::from_utf8(&parse[name_end..sql_end]).ok()?;
    let mut sql = String::new();
    while let Some(at) = rest.find(FILTER) {
        sql.push_str(rest[..at].trim_end_matches(|c: char| c.is_ascii_lowercase() || c == '.'));
        rest = &rest[at + FILTER.len()..];
        let number = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
        sql.extend(["$", number, NO_FILTER]);
        rest = &rest[number.len()..];
    }
    if sql.is_empty() {
        return None;
    }
    sql.push_str(rest);
    Some([&parse[..name_end], sql.as_bytes(), &parse[sql_end..]].concat())
}

#[test]
fn filters_are_taken_out_and_nothing_else_is() {
    let parse = |sql: &str| [b"name\0", sql.as_bytes(), b"\0\0\0"].concat();
    let sql = "select 1 from a where a.tenant_id = $1 and id = $2 and (tenant_id = $12)";
    let without = "select 1 from a where $1::uuid is not null and id = $2 and ($12::uuid is not null)";
    assert_eq!(unfiltered(&parse(sql)), Some(parse(without)));
    assert_eq!(unfiltered(&parse("select a.tenant_id from a join b using (tenant_id)")), None);
}
