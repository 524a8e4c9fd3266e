use std::time::Duration;

use application::ports::Unavailable;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::{Email, TenantId, UserId};
use infrastructure::postgres::{Subject, Taken};

use super::figures::{KNOWN_NETWORK, Limit};
use super::network::Client;
use super::{Limits, Standing, Tightest};
use crate::ApiState;
use crate::extract::client_address;
use crate::problem::Problem;

/// The shared limits, for one request. A handler asks before it does what is limited, and says so when it went well,
/// where only what goes wrong is counted.
pub(crate) struct Throttle {
    limits: Limits,
    client: Client,
    tightest: Tightest,
}

impl FromRequestParts<ApiState> for Throttle {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        Ok(Self {
            limits: state.limits.clone(),
            client: Client::new(client_address(parts, &state.http.trusted_proxies)),
            tightest: parts.extensions.get::<Tightest>().cloned().unwrap_or_default(),
        })
    }
}

impl Throttle {
    /// A sign-in to an address. Whoever hammers it is stopped by the limits of their own network first; where many
    /// networks join, those that the address has signed in from go on.
    pub(crate) async fn sign_in(&self, email: &Email) -> Result<(), Problem> {
        let network = self.client.customer();
        self.take(Limit::SignInFrom, &[&network]).await?;
        self.take(Limit::SignInFromTo, &[&network, email.as_str()]).await?;
        match self.take(Limit::SignInTo, &[email.as_str()]).await {
            Err(limited) if limited.status() == axum::http::StatusCode::TOO_MANY_REQUESTS => {
                if self.limits.shared.remembers(&self.known(email)).await? { Ok(()) } else { Err(limited) }
            }
            other => other,
        }
    }

    /// It was the right password: nothing of it counts, and the network is known from now on.
    pub(crate) async fn signed_in(&self, email: &Email) {
        let network = self.client.customer();
        self.give_back(Limit::SignInFrom, &[&network]).await;
        self.give_back(Limit::SignInFromTo, &[&network, email.as_str()]).await;
        let all = self.limits.subject(Limit::SignInTo, &[email.as_str()]);
        settle(self.limits.shared.forget(&all).await);
        settle(self.limits.shared.remember(&self.known(email), KNOWN_NETWORK).await);
    }

    /// A registration.
    pub(crate) async fn register(&self) -> Result<(), Problem> {
        self.take(Limit::Registration, &[&self.client.customer()]).await
    }

    /// It was by invitation: it does not count.
    pub(crate) async fn registered_by_invitation(&self) {
        self.give_back(Limit::Registration, &[&self.client.customer()]).await;
    }

    /// The founding of an organisation.
    pub(crate) async fn found(&self) -> Result<(), Problem> {
        self.take(Limit::Foundation, &[&self.client.customer()]).await
    }

    /// A request to reset the password of an address.
    pub(crate) async fn reset(&self, email: &Email) -> Result<(), Problem> {
        self.take(Limit::ResetFrom, &[&self.client.customer()]).await?;
        self.take(Limit::ResetOf, &[email.as_str()]).await
    }

    /// An administrator's request to reset a user's password.
    pub(crate) async fn reset_for(&self, user: UserId) -> Result<(), Problem> {
        self.take(Limit::ResetOf, &[&user.to_string()]).await
    }

    /// A token out of a mail is presented.
    pub(crate) async fn mailed_token(&self) -> Result<(), Problem> {
        self.take(Limit::MailedToken, &[&self.client.customer()]).await
    }

    /// It was good: it does not count.
    pub(crate) async fn mailed_token_was_good(&self) {
        self.give_back(Limit::MailedToken, &[&self.client.customer()]).await;
    }

    /// An invitation goes to an address.
    pub(crate) async fn invite(&self, tenant: TenantId, email: &Email) -> Result<(), Problem> {
        self.take(Limit::InvitationBy, &[&tenant.to_string()]).await?;
        self.take(Limit::InvitationTo, &[&tenant.to_string(), email.as_str()]).await
    }

    /// Someone signed in gives the present password.
    pub(crate) async fn present_password(&self, user: UserId) -> Result<(), Problem> {
        self.take(Limit::PresentPassword, &[&user.to_string()]).await
    }

    /// It was the right one: it does not count.
    pub(crate) async fn present_password_was_right(&self, user: UserId) {
        self.give_back(Limit::PresentPassword, &[&user.to_string()]).await;
    }

    async fn take(&self, limit: Limit, of: &[&str]) -> Result<(), Problem> {
        let allowance = self.limits.figures.allowance(limit);
        let taken = self.limits.shared.take(&self.limits.subject(limit, of), allowance).await?;
        let standing = standing(taken, allowance.burst, allowance.every);
        if !taken.allowed {
            return Err(Problem::rate_limited(standing));
        }
        self.tightest.note(standing);
        Ok(())
    }

    async fn give_back(&self, limit: Limit, of: &[&str]) {
        let (subject, allowance) = (self.limits.subject(limit, of), self.limits.figures.allowance(limit));
        settle(self.limits.shared.give_back(&subject, allowance).await);
    }

    fn known(&self, email: &Email) -> Subject {
        self.limits.named("known_network", &[&self.client.customer(), email.as_str()])
    }
}

/// What was asked for is done; that a limit stays tighter than it need be is no reason to say otherwise.
fn settle(result: Result<(), Unavailable>) {
    if result.is_err() {
        tracing::warn!("a limit could not be eased");
    }
}

fn standing(taken: Taken, burst: u32, every: Duration) -> Standing {
    let window = every * burst;
    let free = window.saturating_sub(taken.full_in);
    let remaining = u32::try_from(free.as_micros() / every.as_micros().max(1)).unwrap_or(burst);
    let wait = (!taken.allowed).then(|| (taken.full_in + every).saturating_sub(window));
    Standing { limit: burst, remaining, full_in: taken.full_in, window, wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_follows_from_when_all_is_free_again() {
        let every = Duration::from_secs(20);
        let after_one = Taken { allowed: true, full_in: every };
        assert_eq!(standing(after_one, 3, every).remaining, 2);
        let refused = standing(Taken { allowed: false, full_in: Duration::from_secs(55) }, 3, every);
        assert_eq!((refused.remaining, refused.retry_after()), (0, 15));
    }
}
