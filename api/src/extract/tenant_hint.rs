//! The tenant that a request names beside its credentials.

use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use domain::tenant::Subdomain;

use crate::ApiState;
use crate::problem::Problem;

/// The subdomain in `Host` and the one in `X-Tenant`, which must agree with each other and with the credentials.
/// They never decide whose data is reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct TenantHint(Option<Subdomain>);

impl FromRequestParts<ApiState> for TenantHint {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let base = state.http.base_domain.as_deref();
        Self::read(&parts.headers, &parts.uri, base)
    }
}

impl TenantHint {
    pub(crate) fn read(headers: &HeaderMap, uri: &Uri, base: Option<&str>) -> Result<Self, Problem> {
        let host = uri.host().or_else(|| headers.get(HOST).and_then(|host| host.to_str().ok()));
        let mut named = host.zip(base).and_then(|(host, base)| of_host(host, base));
        for value in headers.get_all("x-tenant") {
            let tenant: Subdomain = value
                .to_str()
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(Problem::tenant_mismatch)?;
            if named.get_or_insert_with(|| tenant.clone()) != &tenant {
                return Err(Problem::tenant_mismatch());
            }
        }
        Ok(Self(named))
    }

    /// Refuses credentials of another tenant than the request names.
    pub(crate) fn require(&self, subdomain: &str) -> Result<(), Problem> {
        match &self.0 {
            Some(named) if named.as_str() != subdomain => Err(Problem::tenant_mismatch()),
            Some(_) | None => Ok(()),
        }
    }

    /// The tenant to sign in to: the body's, else the one named here; both must agree.
    pub(crate) fn with(self, given: Option<Subdomain>) -> Result<Option<Subdomain>, Problem> {
        if let Some(given) = &given {
            self.require(given.as_str())?;
        }
        Ok(given.or(self.0))
    }
}

/// The subdomain in a host right below the base domain; nothing for the base itself, for names that no tenant can
/// have (`www`) and for hosts elsewhere.
fn of_host(host: &str, base: &str) -> Option<Subdomain> {
    let host = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let base = base.trim_matches('.').to_ascii_lowercase();
    host.strip_suffix(&base)?.strip_suffix('.')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(host: &str, tenants: &[&str]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        for tenant in tenants {
            headers.append("x-tenant", tenant.parse().unwrap());
        }
        TenantHint::read(&headers, &Uri::from_static("/api/v1/agents"), Some("agentcores.example"))
            .map(|hint| hint.0.map(String::from))
            .map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn the_label_below_the_base_domain_names_the_tenant() {
        for host in ["acme.agentcores.example", "ACME.AgentCores.example:8000", "acme.agentcores.example."] {
            assert_eq!(read(host, &[]), Ok(Some("acme".to_owned())), "{host}");
        }
        for host in [
            "agentcores.example",
            "www.agentcores.example",
            "a.b.agentcores.example",
            "acmeagentcores.example",
            "127.0.0.1:8000",
            "[::1]:8000",
            "acme.agentcores.example.evil.test",
        ] {
            assert_eq!(read(host, &[]), Ok(None), "{host}");
        }
    }

    #[test]
    fn header_and_host_must_agree() {
        assert_eq!(read("localhost", &["Acme"]), Ok(Some("acme".to_owned())));
        assert_eq!(read("acme.agentcores.example", &["acme"]), Ok(Some("acme".to_owned())));
        assert_eq!(read("acme.agentcores.example", &["other"]), Err(404));
        assert_eq!(read("localhost", &["acme", "other"]), Err(404));
        assert_eq!(read("localhost", &["no tenant"]), Err(404));
    }

    #[test]
    fn credentials_of_another_tenant_are_refused() {
        let hint = TenantHint("acme".parse().ok());
        assert!(hint.require("acme").is_ok());
        assert!(hint.require("other").is_err());
        assert!(TenantHint::default().require("other").is_ok());
        assert!(hint.clone().with("other".parse().ok()).is_err());
        assert_eq!(hint.with(None).unwrap().map(String::from).as_deref(), Some("acme"));
    }
}
