use application::ports::{Delivery, Mail, MailFailure, Mailer, Prepared};

use super::letters::{Written, write};

/// Where no mail server is set up: subject and link go into the service's log, so that trying out needs no mail.
#[derive(Clone, Debug)]
pub struct LoggedMail {
    /// Where the dashboard is, without a slash at the end.
    pub public_url: String,
}

#[async_trait::async_trait]
impl Mailer for LoggedMail {
    async fn prepare(&self, mail: Mail) -> Result<Box<dyn Prepared>, MailFailure> {
        Ok(Box::new(write(&mail, &self.public_url)))
    }
}

#[async_trait::async_trait]
impl Prepared for Written {
    async fn deliver(self: Box<Self>) -> Result<Delivery, MailFailure> {
        let link = self.link.unwrap_or_default();
        tracing::info!("no mail server is set up; instead of a mail, \"{}\": {link}", self.subject);
        Ok(Delivery::Logged)
    }
}
