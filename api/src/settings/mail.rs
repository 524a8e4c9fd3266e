use std::sync::Arc;

use application::ports::Mailer;
use clap::{Args, ValueEnum};
use infrastructure::mail::{LoggedMail, SmtpAccount, SmtpMailer, SmtpSecurity};
use secrecy::SecretString;

use super::{Environment, SettingsError};

/// How mails are sent, and where their links lead.
#[derive(Args, Clone, Debug)]
pub struct MailSettings {
    /// Mail server; without it links stand in the log, and those of invitations in the answer
    #[arg(long, env = "SMTP_HOST")]
    pub smtp_host: Option<String>,

    /// Its port [default: 587, 465 with tls, 25 with none]
    #[arg(long, env = "SMTP_PORT")]
    pub smtp_port: Option<u16>,

    /// Who signs in there
    #[arg(long, env = "SMTP_USERNAME", requires = "smtp_password")]
    pub smtp_username: Option<String>,

    /// With which password
    #[arg(long, env = "SMTP_PASSWORD", hide_env_values = true, requires = "smtp_username")]
    pub smtp_password: Option<SecretString>,

    /// How the connection is protected
    #[arg(long, env = "AGENTCORES_SMTP_TLS", value_enum, default_value_t = SmtpTls::Starttls)]
    pub smtp_tls: SmtpTls,

    /// From whom mails come, such as AgentCores <no-reply@agentcores.example>
    #[arg(long, env = "AGENTCORES_MAIL_FROM")]
    pub mail_from: Option<String>,

    /// Where people reach the dashboard, for the links in mails [default: the base domain, else the address listened on]
    #[arg(long, env = "AGENTCORES_PUBLIC_URL")]
    pub public_url: Option<String>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// Plain at first, then TLS
    Starttls,
    /// TLS from the first byte
    Tls,
    /// Not at all: for a server on the same machine
    None,
}

impl MailSettings {
    /// Whether there is a mail server.
    pub fn is_configured(&self) -> bool {
        self.host().is_some()
    }

    /// An empty variable, as in a compose file, is none.
    fn host(&self) -> Option<&String> {
        self.smtp_host.as_ref().filter(|host| !host.is_empty())
    }

    /// The way out. `reached_at` is where the dashboard is if nothing is set.
    pub fn mailer(
        &self,
        environment: Environment,
        reached_at: Option<String>,
    ) -> Result<Arc<dyn Mailer>, SettingsError> {
        let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let public_url = set(&self.public_url).or(reached_at).map(|url| url.trim_end_matches('/').to_owned());
        let Some(host) = self.host() else {
            if environment == Environment::Production {
                tracing::warn!(
                    "SMTP_HOST is not set: no mails are sent, and whoever reads this log reads the links in them"
                );
            }
            return Ok(Arc::new(LoggedMail { public_url: public_url.unwrap_or_default() }));
        };
        let (security, port) = match self.smtp_tls {
            SmtpTls::Starttls => (SmtpSecurity::StartTls, 587),
            SmtpTls::Tls => (SmtpSecurity::Tls, 465),
            SmtpTls::None => (SmtpSecurity::None, 25),
        };
        let account = SmtpAccount {
            host: host.clone(),
            port: self.smtp_port.unwrap_or(port),
            security,
            credentials: set(&self.smtp_username).zip(self.smtp_password.clone()),
            from: set(&self.mail_from).ok_or(SettingsError::MissingForMail("AGENTCORES_MAIL_FROM"))?,
            public_url: public_url.ok_or(SettingsError::MissingForMail("AGENTCORES_PUBLIC_URL"))?,
        };
        Ok(Arc::new(SmtpMailer::new(account)?))
    }
}
