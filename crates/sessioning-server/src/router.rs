//! Which path leads where, and what every request passes on its way.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::HeaderValue;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Gate, access, access_of_proxy, count_bad_keys};
use crate::app::App;
use crate::config::{ConceptConfig, Config};
use crate::edge::edge;
use crate::guard::{guard, guard_admin};
use crate::keys::Scope;
use crate::openapi::complete;
use crate::routes::root::{admin_not_found, concept_not_found, method_not_allowed, not_found, root};
use crate::routes::{
    concept, data, everyone, ext_authz, forward_auth, health, my_sessions, oauth, openapi, renew, session,
    session_by_id, sessions, sessions_check, user_sessions,
};

/// The service's surface: from the outside in, `edge`, `guard`, `access`, route.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut routes = Router::new()
        .route("/", get(root))
        .route("/openapi.json", get(openapi::openapi))
        .route_layer(from_fn_with_state(Arc::clone(app), count_bad_keys))
        .merge(concept_surface(app));
    for (scope, v1) in v1() {
        routes = routes.merge(gated(app, scope, v1.into()));
    }
    routes
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(from_fn_with_state(Arc::clone(app), guard))
        // Past the guard: hosts and origins are the visitors' own here, and the proxy passes them on.
        .merge(for_proxies(app))
        .merge(for_balancers(&app.config))
        .layer(from_fn_with_state(Arc::clone(app), edge))
        .with_state(Arc::clone(app))
}

/// The v1 surface, by the scope that it needs.
fn v1() -> [(Scope, OpenApiRouter<Arc<App>>); 3] {
    let create = OpenApiRouter::default()
        .routes(routes!(sessions::create))
        .routes(routes!(renew::renew))
        .routes(routes!(data::patch));
    let check = OpenApiRouter::default()
        .routes(routes!(session::check, session::delete))
        .routes(routes!(sessions_check::check_many))
        .routes(routes!(my_sessions::list, my_sessions::end_others))
        .routes(routes!(my_sessions::end))
        .routes(routes!(oauth::introspect))
        .routes(routes!(oauth::revoke));
    let admin = OpenApiRouter::default()
        .routes(routes!(session_by_id::describe, session_by_id::revoke))
        .routes(routes!(user_sessions::list, user_sessions::revoke))
        .routes(routes!(user_sessions::list_any, user_sessions::revoke_any))
        .routes(routes!(everyone::revoke_everyone));
    [(Scope::Create, create), (Scope::Check, check), (Scope::Admin, admin)]
}

/// What the v1 surface says of itself.
pub(crate) fn document() -> &'static OpenApi {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(|| {
        let all = v1().into_iter().fold(OpenApiRouter::default(), |all, (_, routes)| all.merge(routes));
        complete(all.into_openapi())
    });
    &DOCUMENT
}

fn concept_surface(app: &Arc<App>) -> Router<Arc<App>> {
    let names = &app.config.concept;
    let [create_path, delete_path, get_user_path] = names.paths();
    let create = Router::new().route(&create_path, post(concept::create).fallback(concept_not_found));
    let check = Router::new()
        .route(&delete_path, post(concept::delete).fallback(concept_not_found))
        .route(&get_user_path, post(concept::get_user).fallback(concept_not_found));
    let routes = gated(app, Scope::Create, create).merge(gated(app, Scope::Check, check));
    match cors(names) {
        Some(cors) => routes.layer(cors),
        None => routes,
    }
}

/// Where reverse proxies ask about their visitors. Not described in `openapi.json`: nothing else calls it.
fn for_proxies(app: &Arc<App>) -> Router<Arc<App>> {
    let ext_authz = any(ext_authz::required);
    Router::new()
        .route("/v1/forward-auth", any(forward_auth::required))
        .route("/v1/forward-auth/{policy}", any(forward_auth::by_policy))
        .route("/v1/ext-authz", ext_authz.clone())
        .route("/v1/ext-authz/", ext_authz.clone())
        .route("/v1/ext-authz/{*path}", ext_authz)
        .route_layer(from_fn_with_state(Arc::clone(app), access_of_proxy))
}

/// Where load balancers ask whether requests would be served, if a path is set for that.
fn for_balancers(config: &Config) -> Router<Arc<App>> {
    match config.probe_path.as_str() {
        "" => Router::new(),
        path => Router::new().route(path, get(health::probe)),
    }
}

/// What is told about the service itself, on a listener of its own.
pub(crate) fn admin_router(app: &Arc<App>) -> Router {
    let told =
        Router::new().route("/metrics", get(health::metrics)).route("/openapi.json", get(openapi::openapi));
    let told = if app.admin_needs_key() { gated(app, Scope::Admin, told) } else { told };
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .merge(told)
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(admin_not_found)
        .layer(from_fn_with_state(Arc::clone(app), guard_admin))
        .layer(from_fn_with_state(Arc::clone(app), edge))
        .with_state(Arc::clone(app))
}

/// Lets only callers with that scope on to these routes.
fn gated(app: &Arc<App>, scope: Scope, routes: Router<Arc<App>>) -> Router<Arc<App>> {
    routes.route_layer(from_fn_with_state(Gate { app: Arc::clone(app), scope }, access))
}

/// Browser origins that may call the concept surface; preflights are answered here and need no key.
fn cors(concept: &ConceptConfig) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> =
        concept.cors_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let origins = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins)
    };
    let layer = CorsLayer::new().allow_origin(origins).allow_methods(AllowMethods::any());
    Some(layer.allow_headers(AllowHeaders::mirror_request()))
}
