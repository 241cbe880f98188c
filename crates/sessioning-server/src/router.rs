//! Which path leads where, and what every request passes on its way.

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderValue;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use crate::access::{Gate, access};
use crate::app::App;
use crate::config::ConceptConfig;
use crate::edge::edge;
use crate::guard::guard;
use crate::keys::Scope;
use crate::routes::root::{concept_not_found, method_not_allowed, not_found, root};
use crate::routes::{concept, health, session, sessions};

/// The service's surface: from the outside in, `edge`, `guard`, `access`, route.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/", get(root))
        .merge(v1(app))
        .merge(concept_surface(app))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(from_fn_with_state(Arc::clone(app), guard))
        .layer(from_fn(edge))
        .with_state(Arc::clone(app))
}

fn v1(app: &Arc<App>) -> Router<Arc<App>> {
    let create = Router::new().route("/v1/sessions", post(sessions::create));
    let check = Router::new().route("/v1/session", get(session::check).delete(session::delete));
    gated(app, Scope::Create, create).merge(gated(app, Scope::Check, check))
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

/// What is told about the service's health, on a listener of its own.
pub(crate) fn admin_router(app: &Arc<App>) -> Router {
    let ready = Router::new().route("/readyz", get(health::readyz));
    let ready = if app.admin_needs_key() { gated(app, Scope::Admin, ready) } else { ready };
    Router::new()
        .route("/livez", get(health::livez))
        .merge(ready)
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(from_fn(edge))
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
