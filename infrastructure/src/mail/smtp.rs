//! Sending by SMTP (RFC 5321). The last step, the text itself, is apart from all before it: only its answer can be lost
//! with the mail sent.

use std::time::Duration;

use application::ports::{Delivery, Mail, MailFailure, Mailer, Prepared};
use lettre::Address;
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as From, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use secrecy::{ExposeSecret, SecretString};

use super::letters::{one_line, write};

/// All steps of one mail end within this time, well below the claim on it.
const STEP: Duration = Duration::from_secs(20);

/// How a mail server is reached.
#[derive(Clone, Debug)]
pub struct SmtpAccount {
    /// Its name, which its certificate must be for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// Who sends, if it asks.
    pub credentials: Option<(String, SecretString)>,
    /// From whom mails come, such as `AgentCores <no-reply@agentcores.example>`.
    pub from: String,
    /// Where the dashboard is, without a slash at the end.
    pub public_url: String,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Plain at first, then TLS; never goes on without.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all: for a server on the same machine.
    None,
}

/// Why an account cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The sender is no address.
    #[error("AGENTCORES_MAIL_FROM is not a mail address such as AgentCores <no-reply@agentcores.example>")]
    From(#[source] lettre::address::AddressError),
}

/// Sends through one server.
pub struct SmtpMailer {
    account: SmtpAccount,
    from: Mailbox,
}

impl SmtpMailer {
    /// Sends through this account. Nothing is connected yet.
    pub fn new(account: SmtpAccount) -> Result<Self, SmtpError> {
        let from = account.from.parse().map_err(SmtpError::From)?;
        Ok(Self { account, from })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failed> {
        let SmtpAccount { host, port, security, credentials, .. } = &self.account;
        let hello = ClientId::default();
        let tls = || TlsParameters::new_rustls(host.clone()).map_err(Failed::at("tls"));
        let first = if *security == SmtpSecurity::Tls { Some(tls()?) } else { None };
        let server = (host.as_str(), *port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, Some(STEP), &hello, first, None)
            .await
            .map_err(Failed::at("connecting"))?;
        if *security == SmtpSecurity::StartTls {
            connection.starttls(tls()?, &hello).await.map_err(Failed::at("starttls"))?;
        }
        if let Some((username, password)) = credentials {
            let credentials = Credentials::new(username.clone(), password.expose_secret().to_owned());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                // A password that is wrong today is put right in the settings, not in the mail.
                .map_err(|error| Failed { transient: true, ..Failed::at("auth")(error) })?;
        }
        Ok(connection)
    }

    /// The mail as a message, and its recipient as the server is told.
    fn message(&self, mail: &Mail) -> Result<(Message, Address), MailFailure> {
        let written = write(mail, &self.account.public_url);
        let unfit = |what: &str| MailFailure::Permanent(format!("{what} does not fit into a mail"));
        let address: Address = mail.to.as_str().parse().map_err(|_| unfit("the address"))?;
        let name = mail.name.as_ref().map(|name| one_line(name.as_str()));
        let domain = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(name, address.clone()))
            .subject(written.subject)
            .date(mail.at.into())
            .message_id(Some(format!("<{}@{domain}>", mail.id.simple())))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(written.text, written.html))
            .map_err(|_| unfit("it"))?;
        Ok((message, address))
    }
}

#[async_trait::async_trait]
impl Mailer for SmtpMailer {
    async fn prepare(&self, mail: Mail) -> Result<Box<dyn Prepared>, MailFailure> {
        let (message, to) = self.message(&mail)?;
        let steps = async {
            let mut connection = self.connect().await?;
            let international = !to.to_string().is_ascii();
            if international && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Failed { transient: false, why: "the server takes no such address".to_owned() });
            }
            let options = if international { vec![MailParameter::SmtpUtfEight] } else { vec![] };
            let from = From::new(Some(self.from.email.clone()), options);
            connection.command(from).await.map_err(Failed::at("mail from"))?;
            connection.command(Rcpt::new(to, vec![])).await.map_err(Failed::at("rcpt to"))?;
            connection.command(Data).await.map_err(Failed::at("data"))?;
            Ok(connection)
        };
        match tokio::time::timeout(STEP, steps).await {
            Ok(Ok(connection)) => Ok(Box::new(Ready { connection, message: message.formatted() })),
            Ok(Err(failed)) if failed.transient => Err(MailFailure::Transient(failed.why)),
            Ok(Err(failed)) => Err(MailFailure::Permanent(failed.why)),
            Err(_) => Err(MailFailure::Transient("the server is too slow".to_owned())),
        }
    }
}

/// A server that waits for the text.
struct Ready {
    connection: AsyncSmtpConnection,
    message: Vec<u8>,
}

#[async_trait::async_trait]
impl Prepared for Ready {
    async fn deliver(mut self: Box<Self>) -> Result<Delivery, MailFailure> {
        let handed_over = tokio::time::timeout(STEP, self.connection.message(&self.message)).await;
        match handed_over {
            Ok(Ok(_)) => {
                // The mail is away, however the server takes its leave.
                tokio::time::timeout(Duration::from_secs(2), self.connection.quit()).await.ok();
                Ok(Delivery::Sent)
            }
            Ok(Err(error)) if error.status().is_none() => {
                Err(MailFailure::Unknown("the connection was lost".to_owned()))
            }
            Ok(Err(error)) => {
                let failed = Failed::at("the text")(error);
                Err(if failed.transient {
                    MailFailure::Transient(failed.why)
                } else {
                    MailFailure::Permanent(failed.why)
                })
            }
            Err(_) => Err(MailFailure::Unknown("the server did not answer".to_owned())),
        }
    }
}

/// A step that failed before the text was handed over, or was answered with a code.
struct Failed {
    transient: bool,
    why: String,
}

impl Failed {
    /// Codes only: what servers say may name the recipient.
    fn at(step: &'static str) -> impl Fn(Error) -> Self {
        move |error| {
            tracing::debug!(error = &error as &dyn std::error::Error, "the mail server refused at {step}");
            let why = match error.status() {
                Some(code) => format!("{step}: answered {code}"),
                None if error.is_timeout() => format!("{step}: no answer"),
                None => format!("{step}: failed"),
            };
            Self { transient: !error.is_permanent(), why }
        }
    }
}

/// RFC 3834: keeps programs from answering.
#[derive(Clone, Copy)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
