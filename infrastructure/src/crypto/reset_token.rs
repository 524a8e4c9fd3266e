//! Tokens to reset a password: what they stand for, and a MAC over it. Nothing of them is stored; that each works once
//! is the user's stream's business.

use application::ports::ResetTicket;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use domain::{ResetId, TenantId, UserId};
use secrecy::SecretString;
use uuid::Uuid;

use super::secrets::mac;
use super::token::same;

const PREFIX: &str = "acp_";
/// Three ids and a time.
const BODY_BYTES: usize = 3 * 16 + 8;

pub(super) fn write(key: &[u8; 32], ticket: &ResetTicket) -> SecretString {
    let seconds = ticket.expires_at.timestamp().to_be_bytes();
    let ids = [ticket.tenant.0, ticket.user.0, ticket.reset.0].map(Uuid::into_bytes).concat();
    let body = [ids.as_slice(), &seconds].concat();
    let token = [body.as_slice(), &sign(key, &body)].concat();
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(token)).into()
}

pub(super) fn read(key: &[u8; 32], token: &str) -> Option<ResetTicket> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let (body, presented) = bytes.split_at_checked(BODY_BYTES)?;
    if !same(presented, &sign(key, body)) {
        return None;
    }
    let id = |at: usize| Uuid::from_slice(&body[at..at + 16]).ok();
    let seconds = i64::from_be_bytes(body[48..].try_into().ok()?);
    Some(ResetTicket {
        tenant: TenantId(id(0)?),
        user: UserId(id(16)?),
        reset: ResetId(id(32)?),
        expires_at: DateTime::from_timestamp(seconds, 0)?,
    })
}

fn sign(key: &[u8; 32], body: &[u8]) -> [u8; 32] {
    mac(key, &[b"password reset".as_slice(), body].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_token_says_what_it_was_made_for_under_its_own_key_only() {
        let id = Uuid::from_u128;
        let expires_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (tenant, user, reset) = (TenantId(id(1)), UserId(id(2)), ResetId(id(3)));
        let ticket = ResetTicket { tenant, user, reset, expires_at };
        let token = write(&[1; 32], &ticket);
        let token = token.expose_secret();
        assert_eq!(read(&[1; 32], token), Some(ticket));
        assert_eq!(read(&[2; 32], token), None);
        assert_eq!(read(&[1; 32], &token.replace("acp_AA", "acp_BB")), None);
        assert_eq!(read(&[1; 32], &token.replace("acp_", "aci_")), None);
        assert_eq!(read(&[1; 32], "acp_"), None);
    }
}
