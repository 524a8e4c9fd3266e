//! Mails: what they say ([`letters`]), how they look ([`page`]), and the way out, by SMTP or into the log.

mod letters;
mod logged;
mod page;
mod smtp;

pub use letters::{Written, write};
pub use logged::LoggedMail;
pub use smtp::{SmtpAccount, SmtpError, SmtpMailer, SmtpSecurity};
