//! The routes, one file a surface.

pub(crate) mod concept;
pub(crate) mod health;
pub(crate) mod root;
pub(crate) mod session;
pub(crate) mod sessions;
