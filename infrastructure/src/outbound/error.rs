use std::error::Error;

/// Why a target may not be reached. It never says which addresses a name has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Neither https nor http.
    #[error("only https may be used")]
    Scheme,
    /// http where TLS is asked for.
    #[error("plain http may not be used here")]
    PlainHttp,
    /// Credentials in the URL.
    #[error("the URL must not hold a user or password")]
    Userinfo,
    /// A port that is not open.
    #[error("the port may not be reached")]
    Port,
    /// A name of somebody's own network.
    #[error("the name may not be reached")]
    Name,
    /// An address that is not public, or a name that has one.
    #[error("the address may not be reached")]
    Address,
}

impl Forbidden {
    const ALL: [Self; 6] =
        [Self::Scheme, Self::PlainHttp, Self::Userinfo, Self::Port, Self::Name, Self::Address];

    /// The host that stands for this refusal where only a host can be told.
    pub(super) const fn host(self) -> &'static str {
        match self {
            Self::Scheme => "scheme.forbidden.invalid",
            Self::PlainHttp => "plain-http.forbidden.invalid",
            Self::Userinfo => "userinfo.forbidden.invalid",
            Self::Port => "port.forbidden.invalid",
            Self::Name => "name.forbidden.invalid",
            Self::Address => "address.forbidden.invalid",
        }
    }

    /// The refusal that a host stands for.
    pub(super) fn of_host(host: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.host() == host)
    }
}

/// Why there is no answer. Says neither the URL nor anything that was sent, as both may hold credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The target may not be reached.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The request cannot be sent as it is.
    #[error("the request is not valid")]
    Invalid,
    /// The name has no address.
    #[error("the host is not known")]
    Unresolved,
    /// Nothing takes the connection, or TLS fails.
    #[error("the host cannot be reached")]
    Unreachable,
    /// Nothing came for too long.
    #[error("the host did not answer in time")]
    Timeout,
    /// The connection broke, or what came is not HTTP.
    #[error("the answer broke off or is not HTTP")]
    Broken,
    /// Too many or too long headers.
    #[error("the headers of the answer are too large")]
    HeadersTooLarge,
    /// A body that is compressed, although that was not asked for.
    #[error("the answer is compressed, which was not asked for")]
    Encoded,
    /// More bytes than the caller takes.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

impl From<reqwest::Error> for OutboundError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may hold credentials; what remains is for whoever runs the service.
        let error = error.without_url();
        let known = Self::of(&error);
        if !matches!(known, Self::Forbidden(_)) {
            tracing::debug!(error = &error as &dyn Error, "a request to outside failed");
        }
        known
    }
}

impl OutboundError {
    /// What an error of the client comes to.
    pub fn of(error: &reqwest::Error) -> Self {
        if let Some(forbidden) = find::<Forbidden>(error) {
            Self::Forbidden(*forbidden)
        } else if error.is_builder() {
            Self::Invalid
        } else if error.is_dns() {
            Self::Unresolved
        } else if error.is_connect() {
            Self::Unreachable
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Broken
        }
    }
}

fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = error.source();
    }
    None
}
