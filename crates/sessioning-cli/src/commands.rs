//! The commands, one a file: what it takes, what it does, what it prints.

pub(crate) mod config;
pub(crate) mod copy;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod get_user;
pub(crate) mod healthcheck;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod serve;
