//! `POST /v1/sessions/revoke-everyone`: logs everybody out.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use sessioning_api::{RevokeEveryone, RevokedEveryone};

use crate::access::{Caller, bound_to};
use crate::app::App;
use crate::body;
use crate::log::audit;
use crate::problem::ApiError;

/// Ends every session there is, in the caller's namespace or in all.
#[utoipa::path(post, path = "/v1/sessions/revoke-everyone", tag = "operator",
    operation_id = "revoke_everyone", request_body = RevokeEveryone,
    responses((status = 200, description = "Nobody is logged in", body = RevokedEveryone)))]
pub(crate) async fn revoke_everyone(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<RevokedEveryone>, ApiError> {
    // That the body could be read at all is the confirmation.
    let wanted: RevokeEveryone = body::json(&headers, body, &app.config.limits).await?;
    if wanted.all_namespaces && caller.is_bound {
        return Err(bound_to(&caller.namespace));
    }
    let namespace = (!wanted.all_namespaces).then_some(&caller.namespace);
    app.sessioning.revoke_everyone(namespace).await?;
    let namespace = namespace.map(ToString::to_string);
    let of = namespace.as_deref().unwrap_or("all namespaces");
    audit!(warn, Revoke, "[v1.revoke] Revoked every session of {of}, asked by {caller}");
    Ok(Json(RevokedEveryone { namespace }))
}
