//! The words of every mail. To add one: a variant of `Letter`, an arm here, and one where the mail is composed.

use application::ports::{Letter, Mail};
use chrono::{DateTime, Utc};
use domain::Role;
use domain::plan::Resource;
use secrecy::ExposeSecret;

use super::page;

/// A mail as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// On one line.
    pub subject: String,
    /// For programs that show text.
    pub text: String,
    /// For programs that show pages; says the same.
    pub html: String,
    /// Where its button leads.
    pub link: Option<String>,
}

/// What a mail says, before it is text and page.
pub(super) struct Draft {
    pub(super) subject: String,
    pub(super) title: String,
    pub(super) paragraphs: Vec<String>,
    /// A button: what it says, and where it leads.
    pub(super) action: Option<(&'static str, String)>,
    /// Why it came.
    pub(super) footer: String,
}

/// Writes a mail whose links lead to the dashboard at `public_url`, given without a slash at its end.
pub fn write(mail: &Mail, public_url: &str) -> Written {
    let draft = draft(mail, public_url);
    Written {
        subject: one_line(&draft.subject),
        text: page::text(&draft),
        html: page::html(&draft),
        link: draft.action.map(|(_, link)| link),
    }
}

fn draft(mail: &Mail, public_url: &str) -> Draft {
    let organisation = mail.organisation.as_str();
    // After the `#`: browsers keep it to themselves, so no server's log ever holds a token.
    let link = |path: &str, token: &secrecy::SecretString| {
        format!("{public_url}/{path}#token={}", token.expose_secret())
    };
    let footer = format!("You receive this mail as a user of {organisation} on AgentCores.");
    match &mail.letter {
        Letter::Invitation { inviter, role, expires_at, token } => Draft {
            subject: format!("Join {organisation} on AgentCores"),
            title: format!("Join {organisation}"),
            paragraphs: vec![
                match inviter {
                    Some(inviter) => {
                        format!("{inviter} has invited you to {organisation} on AgentCores as {}.", a(*role))
                    }
                    None => format!("You are invited to {organisation} on AgentCores as {}.", a(*role)),
                },
                format!("The invitation is good for one person and until {}.", when(*expires_at)),
            ],
            action: Some(("Accept the invitation", link("accept-invitation", token))),
            footer: "If you did not expect this invitation, you need do nothing.".to_owned(),
        },
        Letter::LimitReached { resource, limit } => Draft {
            subject: format!("{organisation} has reached its limit of {limit} {}", noun(*resource)),
            title: "A limit of your plan is reached".to_owned(),
            paragraphs: vec![
                format!("{organisation} now uses all {limit} {} of its plan.", noun(*resource)),
                match resource {
                    Resource::TasksPerMonth => "New tasks are refused until the month ends (UTC).".to_owned(),
                    Resource::Agents | Resource::Users => {
                        format!("More {} are refused until there is room.", noun(*resource))
                    }
                },
                "A larger plan takes effect at once.".to_owned(),
            ],
            action: Some(("See what is in use", format!("{public_url}/organisation"))),
            footer: format!("You receive this mail because you look after {organisation} on AgentCores."),
        },
        Letter::ApiKeyExpiring { key, expires_at } => Draft {
            subject: format!("The API key {key} of {organisation} ends soon"),
            title: "An API key ends soon".to_owned(),
            paragraphs: vec![
                format!("The API key {key} of {organisation} ends on {}.", when(*expires_at)),
                "Programs that use it are refused from then on. Rotate it, and give them its successor before.".to_owned(),
            ],
            action: Some(("See the API keys", format!("{public_url}/keys"))),
            footer: format!("You receive this mail because you look after API keys of {organisation} on AgentCores."),
        },
        Letter::PasswordReset { expires_at, token } => Draft {
            subject: "Choose a new password for AgentCores".to_owned(),
            title: "Choose a new password".to_owned(),
            paragraphs: vec![
                format!("Somebody asked for a new password for your account in {organisation}."),
                format!("The link works once and until {}.", when(*expires_at)),
            ],
            action: Some(("Choose a password", link("reset-password", token))),
            footer: "If it was not you, you need do nothing: your password stays as it is.".to_owned(),
        },
        Letter::PasswordChanged { at } => Draft {
            subject: "Your password for AgentCores was changed".to_owned(),
            title: "Your password was changed".to_owned(),
            paragraphs: vec![
                format!("The password of your account in {organisation} was changed on {}.", when(*at)),
                "If it was not you, ask for a new password and tell an administrator.".to_owned(),
            ],
            action: Some(("Sign in", format!("{public_url}/login"))),
            footer,
        },
        Letter::NewSignIn { at, ip, user_agent } => Draft {
            subject: "A new sign-in to AgentCores".to_owned(),
            title: "A new sign-in".to_owned(),
            paragraphs: vec![
                format!("Somebody signed in to your account in {organisation} on {}.", when(*at)),
                format!(
                    "From {} with {}.",
                    ip.as_deref().unwrap_or("an unknown address"),
                    user_agent.as_deref().unwrap_or("an unknown program")
                ),
                "If it was not you, end the session and change your password.".to_owned(),
            ],
            action: Some(("See your sessions", format!("{public_url}/account"))),
            footer,
        },
        Letter::SessionEnded { at } => Draft {
            subject: "A session of yours on AgentCores was ended".to_owned(),
            title: "A session was ended".to_owned(),
            paragraphs: vec![
                format!(
                    "On {} a session in {organisation} was ended, because one of its tokens was used twice.",
                    when(*at)
                ),
                "This can mean that somebody copied it. Sign in again; if you are in doubt, change your password."
                    .to_owned(),
            ],
            action: Some(("Sign in", format!("{public_url}/login"))),
            footer,
        },
    }
}

fn a(role: Role) -> &'static str {
    match role {
        Role::Auditor => "an auditor",
        Role::Member => "a member",
        Role::Admin => "an administrator",
        Role::Owner => "an owner",
    }
}

fn noun(resource: Resource) -> &'static str {
    match resource {
        Resource::Agents => "agents",
        Resource::TasksPerMonth => "tasks a month",
        Resource::Users => "users",
    }
}

fn when(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// Nothing in a name begins another header, or an encoded word (RFC 2047) that readers would open.
pub(super) fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.replace("=?", "= ?")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use uuid::Uuid;

    pub(in super::super) fn mail(letter: Letter) -> Mail {
        Mail {
            id: Uuid::from_u128(7),
            to: "grace@acme.example".parse().unwrap(),
            name: Some("Grace Hopper".parse().unwrap()),
            at: DateTime::UNIX_EPOCH,
            organisation: "Acme <script>alert(1)</script> & Söhne".parse().unwrap(),
            letter,
        }
    }

    pub(in super::super) fn every_letter() -> Vec<(&'static str, Letter)> {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let token = || secrecy::SecretString::from("aci_token");
        vec![
            (
                "invitation",
                Letter::Invitation {
                    inviter: Some("Ada \"Countess\" Lovelace".parse().unwrap()),
                    role: Role::Admin,
                    expires_at: at,
                    token: token(),
                },
            ),
            ("limit-reached", Letter::LimitReached { resource: Resource::Agents, limit: 5 }),
            (
                "api-key-expiring",
                Letter::ApiKeyExpiring { key: "Nightly <script>import".parse().unwrap(), expires_at: at },
            ),
            ("password-reset", Letter::PasswordReset { expires_at: at, token: token() }),
            ("password-changed", Letter::PasswordChanged { at }),
            (
                "new-sign-in",
                Letter::NewSignIn {
                    at,
                    ip: Some("192.0.2.7".to_owned()),
                    user_agent: Some("<img src=x onerror=alert(1)>".to_owned()),
                },
            ),
            ("session-ended", Letter::SessionEnded { at }),
        ]
    }

    #[test]
    fn both_parts_hold_the_link_and_names_stay_text() {
        for (name, letter) in every_letter() {
            let written = write(&mail(letter), "https://agents.example");
            let link = written.link.expect("every mail leads somewhere");
            assert!(written.text.contains(&link), "{name}: {}", written.text);
            assert!(written.html.contains(&format!("href=\"{link}\"")), "{name}");
            assert!(!written.html.contains("<script") && !written.html.contains("<img"), "{name}");
            assert!(written.html.contains("&lt;script&gt;") || !written.text.contains("<script"), "{name}");
            assert!(!written.subject.chars().any(char::is_control));
            if let Some(folder) = std::env::var_os("MAIL_SHOTS") {
                let path = std::path::Path::new(&folder).join(name);
                std::fs::write(path.with_extension("html"), &written.html).unwrap();
                let text = format!("Subject: {}\n\n{}", written.subject, written.text);
                std::fs::write(path.with_extension("txt"), text).unwrap();
            }
        }
    }
}
