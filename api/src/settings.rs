//! The settings of a deployment: flags, environment variables and `.env`, in this order of precedence.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use infrastructure::crypto::{Secrets, SecretsError, SigningAlgorithm};
use infrastructure::mail::SmtpError;
use infrastructure::providers::Fallback;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::{Figures, Network, OwnFigure, Regime};

mod mail;
mod outbound;
mod providers;

pub use mail::{MailSettings, SmtpTls};
pub use outbound::{OutboundSettings, PlainHttpTo};
pub use providers::{BaseUrl, ProviderSettings};

/// Everything that `serve` can be told.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// What the deployment is for: development generates what is missing, production refuses to
    #[arg(long, env = "ENVIRONMENT", value_enum, default_value_t = Environment::Development)]
    pub environment: Environment,

    /// Address of API and dashboard
    #[arg(long, env = "AGENTCORES_LISTEN", default_value = "127.0.0.1:8000")]
    pub listen: SocketAddr,

    /// Where things are kept
    #[command(flatten)]
    pub storage: Storage,

    /// How mails are sent
    #[command(flatten)]
    pub mail: MailSettings,

    /// What may be reached on behalf of tenants
    #[command(flatten)]
    pub outbound: OutboundSettings,

    /// Which models there are
    #[command(flatten)]
    pub providers: ProviderSettings,

    /// Domain whose subdomains name organisations, such as agentcores.example
    #[arg(long, env = "AGENTCORES_BASE_DOMAIN")]
    pub base_domain: Option<String>,

    /// Minutes that an access token lives
    #[arg(long, env = "ACCESS_TOKEN_EXPIRE_MINUTES", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=1_440))]
    pub access_token_minutes: i64,

    /// Days that an unused refresh token lives
    #[arg(long, env = "REFRESH_TOKEN_EXPIRE_DAYS", default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=365))]
    pub refresh_token_days: i64,

    /// Days that a session lives at most, however often it is refreshed
    #[arg(long, env = "AGENTCORES_SESSION_DAYS", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=365))]
    pub session_days: i64,

    /// How access tokens are signed: HS256 with a shared secret, EdDSA with a key whose public half is published
    #[arg(long, env = "ALGORITHM", value_enum, default_value_t = TokenAlgorithm::Hs256)]
    pub algorithm: TokenAlgorithm,

    /// Tasks that this process runs at once; 0 runs none
    #[arg(long, env = "AGENTCORES_WORKERS", default_value_t = 32, value_parser = clap::value_parser!(u16).range(0..=1_024))]
    pub workers: u16,

    /// Seconds that running tasks have to come to their end when the process is to stop; then they are handed back
    #[arg(long, env = "AGENTCORES_SHUTDOWN_GRACE", default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=3_600))]
    pub shutdown_grace: u16,

    /// Seconds that this process holds a task without a sign of life; then another takes it over
    #[arg(long, env = "AGENTCORES_LEASE", default_value_t = 15, value_parser = clap::value_parser!(u16).range(2..=3_600))]
    pub lease: u16,

    /// What answers for an agent whose model provider is not set up [default: echo in development, fail in production]
    #[arg(long, env = "AGENTCORES_PROVIDER_FALLBACK", value_enum)]
    pub provider_fallback: Option<ProviderFallback>,

    /// How often something may be asked [default: relaxed in development, strict in production]
    #[arg(long, env = "AGENTCORES_RATE_LIMITS", value_enum)]
    pub rate_limits: Option<RateLimiting>,

    /// Figures of your own for single limits, separated by commas: NAME=BURST/SECONDS (so many at once, one more each so many
    /// seconds), for requests a minute anonymous=COUNT or TIER=COUNT, for open streams streams=COUNT
    #[arg(long, env = "AGENTCORES_LIMITS", value_delimiter = ',')]
    pub limits: Vec<OwnFigure>,

    /// Addresses or networks of proxies whose X-Forwarded-For is believed, separated by commas
    #[arg(long, env = "AGENTCORES_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
}

/// Where things are kept, and under which keys.
#[derive(Args, Clone, Debug)]
pub struct Storage {
    /// Postgres to use, 15 or newer, as a URL; without it a private one runs in the data directory
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// Whether a database on another machine must prove by TLS that it is the one named: production refuses a
    /// DATABASE_URL without sslmode=verify-full, unless this says that the network in between is trusted
    #[arg(long, env = "AGENTCORES_DATABASE_TLS", value_enum, default_value_t = DatabaseTls::VerifyFull)]
    pub database_tls: DatabaseTls,

    /// Directory of the private Postgres and of generated secrets
    #[arg(long, env = "AGENTCORES_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Directory of the Postgres programs for the private one [default: looked for]
    #[arg(long, env = "AGENTCORES_PG_BIN")]
    pub pg_bin: Option<PathBuf>,

    /// Connections to the database for reading; half as many are kept for writing
    #[arg(long, env = "AGENTCORES_DB_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub connections: u32,

    /// Milliseconds that a statement of a request may take, waits for locks included; then it is cancelled
    #[arg(long, env = "AGENTCORES_STATEMENT_TIMEOUT_MS", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(10..=60_000))]
    pub statement_timeout_ms: u32,

    /// Writers of the event log, each with a connection of its own
    #[arg(long, env = "AGENTCORES_WRITERS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub writers: u16,

    /// Secret that signs tokens, at least 32 characters [default: generated in development]
    #[arg(long, env = "SECRET_KEY", hide_env_values = true)]
    pub secret_key: Option<SecretString>,

    /// The secret that signed before, while its tokens live: after a change of SECRET_KEY
    #[arg(long, env = "SECRET_KEY_PREVIOUS", hide_env_values = true)]
    pub secret_key_previous: Option<SecretString>,

    /// Secret that seals what is stored, at least 32 characters [default: generated in development]
    #[arg(long, env = "AGENTCORES_MASTER_KEY", hide_env_values = true)]
    pub master_key: Option<SecretString>,

    /// The master key before: opens what it sealed until `agentcores keys rotate` is done
    #[arg(long, env = "AGENTCORES_MASTER_KEY_PREVIOUS", hide_env_values = true)]
    pub master_key_previous: Option<SecretString>,
}

/// What is asked of a connection to a database on another machine, in production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DatabaseTls {
    /// A certificate that names the host, from an authority that is trusted
    VerifyFull,
    /// What DATABASE_URL says
    Optional,
}

/// What a deployment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// Trying out and building.
    Development,
    /// Serving people.
    Production,
}

/// How access tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TokenAlgorithm {
    /// HMAC with SHA-256.
    #[value(name = "HS256")]
    Hs256,
    /// Ed25519.
    #[value(name = "EdDSA")]
    EdDsa,
}

impl From<TokenAlgorithm> for SigningAlgorithm {
    fn from(algorithm: TokenAlgorithm) -> Self {
        match algorithm {
            TokenAlgorithm::Hs256 => Self::Hs256,
            TokenAlgorithm::EdDsa => Self::EdDsa,
        }
    }
}

/// What answers for an agent whose model provider is not set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProviderFallback {
    /// The built-in echo.
    Echo,
    /// Nothing: the attempt fails.
    Fail,
}

/// How often something may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RateLimiting {
    /// As seldom as a service on the internet needs it.
    Strict,
    /// As often as trying out, tests and measurements need it.
    Relaxed,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A secret that production asks for is not set.
    #[error("{0} must be set in production")]
    Missing(&'static str),
    /// A setting that a mail server needs is not set.
    #[error("{0} must be set where SMTP_HOST is")]
    MissingForMail(&'static str),
    /// The mail account cannot be used.
    #[error(transparent)]
    Mail(#[from] SmtpError),
    /// Whoever stands in between could read and change everything.
    #[error(
        "DATABASE_URL must say sslmode=verify-full in production, or AGENTCORES_DATABASE_TLS=optional that the network to the \
         database is trusted"
    )]
    DatabaseTls,
    /// A secret is not fit.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// A generated secret cannot be kept.
    #[error("the secrets in {0} cannot be read or written")]
    File(PathBuf, #[source] std::io::Error),
}

impl Settings {
    /// Where the dashboard is as far as other settings tell: in production nobody reaches the address listened on.
    pub fn reached_at(&self) -> Option<String> {
        match (&self.base_domain, self.environment) {
            (Some(domain), Environment::Production) => Some(format!("https://{domain}")),
            (None, Environment::Production) => None,
            (_, Environment::Development) => Some(format!("http://{}", self.listen)),
        }
    }

    /// How long running tasks have to come to their end.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.shutdown_grace.into())
    }

    /// How long a worker holds a task without a sign of life.
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease.into())
    }

    /// What answers for an agent whose provider is not set up.
    pub fn fallback(&self) -> Fallback {
        match (self.provider_fallback, self.environment) {
            (Some(ProviderFallback::Echo), _) | (None, Environment::Development) => Fallback::Echo,
            (Some(ProviderFallback::Fail), _) | (None, Environment::Production) => Fallback::Fail,
        }
    }
}

impl Settings {
    /// How often something may be asked.
    pub fn figures(&self) -> Figures {
        Figures::new(self.regime(), self.limits.clone())
    }

    /// How strict the limits are on how often something may be asked, where none is set by itself.
    pub fn regime(&self) -> Regime {
        match (self.rate_limits, self.environment) {
            (Some(RateLimiting::Strict), _) | (None, Environment::Production) => Regime::Strict,
            (Some(RateLimiting::Relaxed), _) | (None, Environment::Development) => Regime::Relaxed,
        }
    }
}

impl Storage {
    /// How long a statement of a request may take.
    pub fn statement_timeout(&self) -> Duration {
        Duration::from_millis(self.statement_timeout_ms.into())
    }

    /// Refuses a connection over a network in which others could pretend to be the database. One on this machine is
    /// trusted like the machine.
    pub fn require_tls(
        &self,
        environment: Environment,
        database: &PgConnectOptions,
    ) -> Result<(), SettingsError> {
        let is_asked = environment == Environment::Production && self.database_tls == DatabaseTls::VerifyFull;
        let host = database.get_host();
        let is_here = database.get_socket().is_some()
            || host.starts_with('/')
            || host == "localhost"
            || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback());
        if is_asked && !is_here && !matches!(database.get_ssl_mode(), PgSslMode::VerifyFull) {
            return Err(SettingsError::DatabaseTls);
        }
        Ok(())
    }

    /// The secrets as set; in development those not set are generated once and kept in the data directory.
    pub fn secrets(&self, environment: Environment) -> Result<Secrets, SettingsError> {
        let signing = self.secret(environment, self.secret_key.as_ref(), "SECRET_KEY", "secret_key")?;
        let sealing =
            self.secret(environment, self.master_key.as_ref(), "AGENTCORES_MASTER_KEY", "master_key")?;
        let mut secrets = Secrets::try_new(signing, sealing)?;
        // An empty variable, as compose files set it, is one that is not set.
        let given =
            |secret: &Option<SecretString>| secret.clone().filter(|text| !text.expose_secret().is_empty());
        if let Some(previous) = given(&self.secret_key_previous) {
            secrets = secrets.with_previous_signing(previous)?;
        }
        if let Some(previous) = given(&self.master_key_previous) {
            secrets = secrets.with_previous_sealing(previous)?;
        }
        Ok(secrets)
    }

    fn secret(
        &self,
        environment: Environment,
        set: Option<&SecretString>,
        variable: &'static str,
        file: &str,
    ) -> Result<SecretString, SettingsError> {
        match (set, environment) {
            (Some(secret), _) => Ok(secret.clone()),
            (None, Environment::Production) => Err(SettingsError::Missing(variable)),
            (None, Environment::Development) => {
                let path = self.data_dir.join(file);
                read_or_generate(&path).map_err(|error| SettingsError::File(path, error))
            }
        }
    }
}

/// Reads a length of time in seconds, also parts of one.
fn seconds(text: &str) -> Result<Duration, String> {
    let duration = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let possible = Duration::from_millis(1)..=Duration::from_secs(3_600);
    duration
        .filter(|duration| possible.contains(duration))
        .ok_or_else(|| "must be 0.001 to 3600 seconds".to_owned())
}

fn read_or_generate(path: &Path) -> std::io::Result<SecretString> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Two ids of 122 random bits each.
    let fresh = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            file.write_all(fresh.as_bytes())?;
            file.sync_all()?;
            tracing::info!(path = %path.display(), "generated a secret");
            Ok(fresh.into())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Ok(std::fs::read_to_string(path)?.trim().to_owned().into())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn production_refuses_to_start_without_secrets() {
        let settings = Line::parse_from(["agentcores", "--environment", "production"]).settings;
        let refused = settings.storage.secrets(settings.environment);
        assert!(matches!(refused, Err(SettingsError::Missing("SECRET_KEY"))));
        assert_eq!(settings.fallback(), Fallback::Fail);
        assert_eq!(settings.regime(), Regime::Strict);
    }

    #[test]
    fn production_asks_a_database_elsewhere_for_its_certificate() {
        let taken = |environment: &str, tls: &str, url: &str| {
            let line =
                ["agentcores", "--environment", environment, "--database-tls", tls, "--database-url", url];
            let settings = Line::parse_from(line).settings;
            settings.storage.require_tls(settings.environment, &url.parse().unwrap()).is_ok()
        };
        let plain = "postgres://agentcores@db.example/agentcores";
        let full = "postgres://agentcores@db.example/agentcores?sslmode=verify-full";
        let required = "postgres://agentcores@db.example/agentcores?sslmode=require";
        assert!(taken("production", "verify-full", full));
        assert!(!taken("production", "verify-full", plain) && !taken("production", "verify-full", required));
        assert!(taken("production", "optional", plain) && taken("development", "verify-full", plain));
        for here in ["localhost", "127.0.0.1", "[::1]", "localhost/agentcores?host=/run/postgresql"] {
            assert!(taken("production", "verify-full", &format!("postgres://agentcores@{here}")), "{here}");
        }
    }

    #[test]
    fn nothing_but_the_public_internet_is_open_unless_the_operator_opens_it() {
        use infrastructure::outbound::PlainHttp;
        let policy = |line: &[&str]| Line::try_parse_from(line).map(|line| line.settings.outbound.policy());
        let closed = policy(&["agentcores"]).unwrap();
        assert_eq!((closed.allow.0.len(), closed.plain_http), (0, PlainHttp::Allowed));
        let open = policy(&["agentcores", "--outbound-allow", "localhost:11434, 10.0.0.0/8"]).unwrap();
        assert_eq!(open.allow, "localhost:11434,10.0.0.0/8".parse().unwrap());
        assert!(policy(&["agentcores", "--outbound-allow", "http://localhost"]).is_err());
    }

    #[test]
    fn empty_keys_and_base_urls_are_none_and_deadlines_are_seconds() {
        let line = [
            "agentcores",
            "--openai-api-key=",
            "--openai-base-url=",
            "--anthropic-base-url=https://a.example",
        ];
        let line = line.into_iter().chain(["--outbound-silence=0.25", "--anthropic-api-key= sk-1 "]);
        let settings = Line::parse_from(line).settings;
        let options = settings.providers.options(Fallback::Fail);
        assert!(options.keys.openai.is_none() && options.bases.openai.is_none());
        assert_eq!(options.keys.anthropic.map(|key| key.expose_secret().to_owned()), Some("sk-1".to_owned()));
        assert_eq!(options.bases.anthropic.map(|url| url.to_string()), Some("https://a.example/".to_owned()));
        assert_eq!(
            (settings.outbound.patience().silence, options.first_byte.as_secs()),
            (Duration::from_millis(250), 60)
        );
        for wrong in ["--openai-base-url=ftp://a", "--outbound-connect=0", "--model-first-byte=inf"] {
            assert!(Line::try_parse_from(["agentcores", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn development_generates_each_secret_once() {
        let folder = std::env::temp_dir().join(format!("agentcores-secrets-{}", uuid::Uuid::new_v4()));
        let path = folder.join("secret_key");
        let (first, second) = (read_or_generate(&path).unwrap(), read_or_generate(&path).unwrap());
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert_eq!(first.expose_secret().len(), 64);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
