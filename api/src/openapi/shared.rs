//! What operations of one kind have in common.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Header, ObjectBuilder, PathItem, Ref, RefOr, Required, Schema, Type};

/// Status, name and description of each answer that is a problem.
pub(super) const FAILURES: [(&str, &str, &str); 13] = [
    ("400", "Malformed", "The body is not JSON."),
    ("401", "Unauthenticated", "No credentials, or none that are good."),
    ("403", "Forbidden", "The role, the organisation or a plan limit forbids it."),
    (
        "404",
        "NotFound",
        "Nothing of that id, or not the caller's. `tenant_mismatch`: the host or `X-Tenant` names another organisation than \
            the token.",
    ),
    ("408", "TooSlow", "The body did not come in time."),
    ("409", "Conflict", "The present state, or something unique, stands in the way."),
    ("412", "Stale", "The resource is no longer in the version of `If-Match`."),
    ("413", "TooLarge", "The body is too large."),
    ("415", "NotJson", "The body is not sent as JSON."),
    ("422", "Invalid", "Fields or parameters that can never be valid; `errors` names each."),
    (
        "429",
        "Limited",
        "Asked too often; try again after `Retry-After`. The `RateLimit-*` headers say where the client stands, also on \
            other answers.",
    ),
    ("500", "Failed", "Something went wrong on the server's side."),
    ("503", "Unavailable", "A part of the service is away or busy; try again after `Retry-After`."),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Put,
    Post,
    Delete,
}

/// What an operation's shared parts follow from.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Kind {
    method: Method,
    in_api: bool,
    asks_for_caller: bool,
    names_resource: bool,
    /// Sessions have no version: they are there or not. A replay changes nothing of its task, nor does a conversation that
    /// begins of its agent.
    has_version: bool,
    has_body: bool,
    has_query: bool,
}

impl Kind {
    pub(super) fn of(path: &str, method: Method, operation: &Operation) -> Self {
        let parameters = operation.parameters.iter().flatten();
        let has_query = parameters
            .filter_map(|parameter| match parameter {
                RefOr::T(parameter) => Some(parameter),
                RefOr::Ref(_) => None,
            })
            .any(|parameter| parameter.parameter_in == ParameterIn::Query);
        let has_id = path.contains('{');
        Self {
            method,
            in_api: path.starts_with("/api/"),
            asks_for_caller: operation.security.is_some(),
            names_resource: has_id || matches!(method, Method::Put | Method::Delete),
            has_version: !path.starts_with("/api/v1/auth/sessions")
                && !path.ends_with("/replay")
                && !path.ends_with("/conversations"),
            has_body: operation.request_body.is_some(),
            has_query,
        }
    }

    fn fails_with(&self, status: &str) -> bool {
        let changes = self.method != Method::Get;
        match status {
            "400" | "408" | "413" | "415" => self.has_body,
            "401" => self.asks_for_caller,
            "403" | "429" | "500" => self.in_api,
            // Every token may be another organisation's than the one that is named.
            "404" => self.names_resource || self.asks_for_caller,
            "409" => changes,
            "412" => changes && self.names_resource && self.has_version,
            "422" => self.has_body || self.has_query || self.method == Method::Post,
            _ => true,
        }
    }

    pub(super) fn add_failures(&self, operation: &mut Operation) {
        for (status, name, _) in FAILURES {
            if self.fails_with(status) {
                let answer = RefOr::Ref(Ref::from_response_name(name));
                operation.responses.responses.entry(status.to_owned()).or_insert(answer);
            }
        }
    }

    pub(super) fn add_headers(&self, operation: &mut Operation) {
        let parameters = operation.parameters.get_or_insert_default();
        let mut take = |name: &str, description: &str| {
            let parameter = ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(string()))
                .build();
            parameters.push(RefOr::T(parameter));
        };
        if self.in_api && self.method == Method::Post {
            take(
                "Idempotency-Key",
                "1 to 255 visible ASCII characters. The same request with the same key gets the first answer and \
                 does nothing again, for 24 hours.",
            );
        }
        if self.in_api && self.method != Method::Get && self.names_resource && self.has_version {
            take("If-Match", "The `ETag` last seen; any other version is refused with 412.");
        }
        if parameters.is_empty() {
            operation.parameters = None;
        }
        let tells_position = self.in_api && self.method != Method::Get;
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            response.headers.insert("X-Request-Id".to_owned(), header("The request's id, as given or made."));
            if tells_position && status.starts_with('2') {
                let text = "The position of the command's last event in the organisation's log.";
                response.headers.insert("X-Event-Position".to_owned(), header(text));
            }
        }
    }
}

pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::Get, &mut item.get),
        (Method::Put, &mut item.put),
        (Method::Post, &mut item.post),
        (Method::Delete, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

fn string() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).build().into()
}

fn header(description: &str) -> RefOr<Header> {
    let header: Header = HeaderBuilder::new().schema(Some(string())).description(Some(description)).build();
    RefOr::T(header)
}
