//! The routes, one file a path.

pub(crate) mod concept;
pub(crate) mod data;
pub(crate) mod everyone;
pub(crate) mod ext_authz;
pub(crate) mod forward_auth;
pub(crate) mod health;
pub(crate) mod my_sessions;
pub(crate) mod oauth;
pub(crate) mod openapi;
pub(crate) mod renew;
pub(crate) mod root;
pub(crate) mod session;
pub(crate) mod session_by_id;
pub(crate) mod sessions;
pub(crate) mod sessions_check;
pub(crate) mod user_sessions;
