//! The description of the v1 surface: what every operation has in common; the routes describe themselves.

use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::ServerBuilder;
use utoipa::openapi::{Content, Info, OpenApi, Ref, RefOr, Required, SecurityRequirement};
use utoipa::{PartialSchema, ToSchema};

use sessioning_api::{Code, OAuthError, Problem};

const KEY: &str = "api_key";
const BEARER: &str = "api_key_as_bearer";

/// What several operations answer.
#[derive(utoipa::IntoResponses)]
#[response(
    status = 401,
    description = "`session_invalid`: not logged in",
    content_type = "application/problem+json"
)]
pub(crate) struct NotLoggedIn(#[expect(dead_code, reason = "it is described, never made")] Problem);

#[derive(utoipa::IntoResponses)]
#[response(
    status = 409,
    description = "`version_conflict`: others went on changing the session; nothing was done",
    content_type = "application/problem+json"
)]
pub(crate) struct Conflict(#[expect(dead_code, reason = "it is described, never made")] Problem);

#[derive(utoipa::IntoResponses)]
#[response(
    status = 501,
    description = "`not_supported`: the store of this service cannot do this; nothing was done",
    content_type = "application/problem+json"
)]
pub(crate) struct NotSupported(#[expect(dead_code, reason = "it is described, never made")] Problem);

#[derive(utoipa::IntoResponses)]
#[response(status = 422, description = "`invalid_user`", content_type = "application/problem+json")]
pub(crate) struct InvalidUser(#[expect(dead_code, reason = "it is described, never made")] Problem);

/// Adds to what the routes say of themselves what holds for all of them.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    document.info = Info::new("sessioning", env!("CARGO_PKG_VERSION"));
    document.info.description = Some(DESCRIPTION.into());
    document.servers = Some(vec![
        ServerBuilder::new()
            .url("http://127.0.0.1:7377")
            .description(Some("A service without settings."))
            .build(),
        ServerBuilder::new().url("/").description(Some("Where this description came from.")).build(),
    ]);
    let components = document.components.get_or_insert_default();
    components.schemas.insert(Problem::name().into(), Problem::schema());
    components.schemas.insert(Code::name().into(), Code::schema());
    let key = ApiKey::Header(ApiKeyValue::with_description("X-Api-Key", "An API key, `sk_…`."));
    components.add_security_scheme(KEY, SecurityScheme::ApiKey(key));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The same key."));
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer.build()));
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            describe(path, operation);
            add_links(operation);
        }
    }
    document
}

/// Where a part of an answer goes in the operation that takes it: which place, which part.
type Passed = (&'static str, &'static str);

const TOKEN: Passed = ("header.X-Session-Token", "$response.body#/token");
const ID: Passed = ("path.id", "$response.body#/session/id");
const USER: Passed = ("path.user", "$response.body#/session/user");
const NEXT: Passed = ("query.cursor", "$response.body#/next_cursor");
const SAME_USER: Passed = ("path.user", "$request.path.user");

/// What the answers of an operation are of use for: other operations, and what they take.
fn links(operation: &str) -> &'static [(&'static str, &'static [Passed])] {
    match operation {
        "create_session" => &[
            ("check_session", &[TOKEN]),
            ("renew_session", &[TOKEN]),
            ("patch_session_data", &[TOKEN]),
            ("list_my_sessions", &[TOKEN]),
            ("end_my_session", &[TOKEN, ID]),
            ("end_my_other_sessions", &[TOKEN]),
            ("delete_session", &[TOKEN]),
            ("describe_session", &[ID]),
            ("revoke_session", &[ID]),
            ("list_user_sessions", &[USER]),
            ("revoke_user_sessions", &[USER]),
        ],
        "renew_session" => &[("check_session", &[TOKEN]), ("delete_session", &[TOKEN])],
        "list_user_sessions" => &[("list_user_sessions", &[SAME_USER, NEXT])],
        _ => &[],
    }
}

fn add_links(operation: &mut Operation) {
    let links = links(operation.operation_id.as_deref().unwrap_or_default());
    for status in ["200", "201"] {
        let Some(RefOr::T(answer)) = operation.responses.responses.get_mut(status) else { continue };
        for (taker, passed) in links {
            let link = LinkBuilder::new().operation_id(*taker);
            let link = passed.iter().fold(link, |link, (place, part)| link.parameter(*place, *part));
            answer.links.insert((*taker).into(), RefOr::T(link.build()));
        }
    }
}

const DESCRIPTION: &str = "Keeps a user's logged-in state across requests.\n\n\
    A session token travels in `X-Session-Token`, in `Authorization: Bearer`, in the session cookie, or in the body \
    where an operation says so; never in a path or a query. Where API keys are configured, every call needs one; a \
    service on loopback may do without.\n\n\
    Limits: a body of 256 KiB (`limits.body`), 8 KiB of path and query, 16 KiB of headers; a user of 256 bytes; data of \
    4,096 bytes as JSON without white space, nested 64 deep; 1,000 tokens in a batch. Of metadata 64 (`ip`), 512 \
    (`user_agent`) and 128 characters (`label`) are kept.\n\n\
    `session_invalid` alone means \"not logged in\"; 503 says nothing about any session.";

fn describe(path: &str, operation: &mut Operation) {
    let none: [String; 0] = [];
    // The last: no key. A service without keys takes calls of its own machine.
    let any = [
        SecurityRequirement::new(KEY, none.clone()),
        SecurityRequirement::new(BEARER, none),
        SecurityRequirement::default(),
    ];
    operation.security = Some(any.into());
    if let (true, Some(RefOr::T(body))) = (path == "/v1/session/renew", &mut operation.request_body) {
        body.required = Some(Required::False);
    }
    let parameters = operation.parameters.get_or_insert_default();
    parameters.push(RefOr::T(namespace()));
    if path.starts_with("/v1/session/") || path == "/v1/session" || path.starts_with("/v1/my/") {
        parameters.push(RefOr::T(token()));
    }
    let oauth = matches!(path, "/v1/introspect" | "/v1/revoke");
    let (schema, kind) = match oauth {
        true => (Ref::from_schema_name(OAuthError::name()), "application/json"),
        false => (Ref::from_schema_name(Problem::name()), "application/problem+json"),
    };
    let content = Content::new(Some(RefOr::Ref(schema)));
    let problem = ResponseBuilder::new().description("Any other problem; its code and status say which.");
    let problem = problem.content(kind, content).build();
    operation.responses.responses.insert("default".into(), RefOr::T(problem));
}

fn namespace() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_.-]{1,64}$"));
    ParameterBuilder::new()
        .name("X-Session-Namespace")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The namespace to act in; that of the key, or `default`, unless it is given."))
        .schema(Some(schema))
        .build()
}

fn token() -> Parameter {
    ParameterBuilder::new()
        .name("X-Session-Token")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The session token, unless it is in `Authorization: Bearer` or in the session cookie.",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}
