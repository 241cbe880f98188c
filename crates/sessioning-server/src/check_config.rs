//! What is looked at before a start, and by `config show`: whether the settings may be served at all.

use sessioning_api::SessionCookie;

use crate::config::{AdminListen, Config, Effective, StoreUrl};
use crate::data_folder;
use crate::keys::Keys;
use crate::serve::ServeError;

/// Looks whether the service would start with this configuration, as far as that can be told without starting it.
///
/// # Errors
///
/// What `serve` would refuse it with.
pub fn check(effective: &Effective) -> Result<(), ServeError> {
    checked(effective).map(drop)
}

/// The keys and the cookie, if nothing forbids to serve.
pub(crate) fn checked(effective: &Effective) -> Result<(Keys, SessionCookie), ServeError> {
    let config = &effective.config;
    check_store(effective)?;
    let keys = Keys::load(config).map_err(ServeError::Config)?;
    check_protection(config, &keys)?;
    let cookie = config.cookie.cookie().map_err(ServeError::Cookie)?;
    Ok((keys, cookie))
}

/// A variable that may be meant for another program does not put another store in the place of sessions that are
/// there.
fn check_store(effective: &Effective) -> Result<(), ServeError> {
    let Some(variable) = effective.store_of_original() else { return Ok(()) };
    let StoreUrl::Embedded(usual) = StoreUrl::default() else { return Ok(()) };
    match data_folder::find(&usual) {
        Some(folder) => Err(ServeError::OtherStore { variable, folder }),
        None => Ok(()),
    }
}

/// Protected mode: nobody gets in from elsewhere because something was forgotten.
fn check_protection(config: &Config, keys: &Keys) -> Result<(), ServeError> {
    if !keys.is_empty() {
        return Ok(());
    }
    if !config.listen.is_local() && !config.open {
        return Err(ServeError::Unprotected(config.listen.clone()));
    }
    match &config.admin_listen {
        AdminListen::On(address) if !address.is_local() => Err(ServeError::AdminUnprotected(address.clone())),
        _ => Ok(()),
    }
}
