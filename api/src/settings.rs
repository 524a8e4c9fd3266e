//! The settings of a deployment: flags, environment variables and `.env`, in this order of precedence.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use infrastructure::crypto::{Secrets, SecretsError};
use infrastructure::providers::Fallback;
use secrecy::SecretString;

use crate::Network;

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

    /// Domain whose subdomains name organisations, such as agentcores.example
    #[arg(long, env = "AGENTCORES_BASE_DOMAIN")]
    pub base_domain: Option<String>,

    /// Minutes that an access token lives
    #[arg(long, env = "ACCESS_TOKEN_EXPIRE_MINUTES", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=1_440))]
    pub access_token_minutes: i64,

    /// Days that an unused refresh token lives
    #[arg(long, env = "REFRESH_TOKEN_EXPIRE_DAYS", default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=365))]
    pub refresh_token_days: i64,

    /// Tasks that this process runs at once; 0 runs none
    #[arg(long, env = "AGENTCORES_WORKERS", default_value_t = 4, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub workers: u16,

    /// What answers for an agent whose model provider is not set up [default: echo in development, fail in production]
    #[arg(long, env = "AGENTCORES_PROVIDER_FALLBACK", value_enum)]
    pub provider_fallback: Option<ProviderFallback>,

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

    /// Directory of the private Postgres and of generated secrets
    #[arg(long, env = "AGENTCORES_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// Directory of the Postgres programs for the private one [default: looked for]
    #[arg(long, env = "AGENTCORES_PG_BIN")]
    pub pg_bin: Option<PathBuf>,

    /// Connections to the database for reading; half as many are kept for writing
    #[arg(long, env = "AGENTCORES_DB_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub connections: u32,

    /// Writers of the event log, each with a connection of its own
    #[arg(long, env = "AGENTCORES_WRITERS", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub writers: u16,

    /// Secret that signs tokens, at least 32 characters [default: generated in development]
    #[arg(long, env = "SECRET_KEY", hide_env_values = true)]
    pub secret_key: Option<SecretString>,

    /// Secret that seals what is stored, at least 32 characters [default: generated in development]
    #[arg(long, env = "AGENTCORES_MASTER_KEY", hide_env_values = true)]
    pub master_key: Option<SecretString>,
}

/// What a deployment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// Trying out and building.
    Development,
    /// Serving people.
    Production,
}

/// What answers for an agent whose model provider is not set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProviderFallback {
    /// The built-in echo.
    Echo,
    /// Nothing: the attempt fails.
    Fail,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A secret that production asks for is not set.
    #[error("{0} must be set in production")]
    Missing(&'static str),
    /// A secret is not fit.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// A generated secret cannot be kept.
    #[error("the secrets in {0} cannot be read or written")]
    File(PathBuf, #[source] std::io::Error),
}

impl Settings {
    /// What answers for an agent whose provider is not set up.
    pub fn fallback(&self) -> Fallback {
        match (self.provider_fallback, self.environment) {
            (Some(ProviderFallback::Echo), _) | (None, Environment::Development) => Fallback::Echo,
            (Some(ProviderFallback::Fail), _) | (None, Environment::Production) => Fallback::Fail,
        }
    }
}

impl Storage {
    /// The secrets as set; in development those not set are generated once and kept in the data directory.
    pub fn secrets(&self, environment: Environment) -> Result<Secrets, SettingsError> {
        let signing = self.secret(environment, self.secret_key.as_ref(), "SECRET_KEY", "secret_key")?;
        let sealing =
            self.secret(environment, self.master_key.as_ref(), "AGENTCORES_MASTER_KEY", "master_key")?;
        Ok(Secrets::try_new(signing, sealing)?)
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
    use secrecy::ExposeSecret as _;

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
