//! Open files: how many there may be, what they are set aside for, and how many connections the rest allows.

use std::error::Error;
use std::{fmt, io};

use sessioning::Embedded;

use crate::config::{AdminListen, Config, StoreUrl};

/// What the service itself opens: listeners, the log, signals, the runtime, a connection that waits for its place.
const OWN: usize = 32;
/// The connections of the admin listener, so that probes and metrics are answered when all others are taken.
const ADMIN: usize = 32;
/// With fewer connections than these the service does not start.
const FEWEST: usize = 16;
/// More than any service needs; what is asked for beyond it is not tried to be had.
const MOST: u64 = 1 << 20;

/// What to do when files run out.
const REMEDY: &str = "too many open files: raise the limit (ulimit -n, or LimitNOFILE in the unit), or lower \
                      limits.connections";

/// Raises the number of files that this process may open to what the system allows it; the number, if there is one.
pub(crate) fn raise() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = maximum.unwrap_or(MOST).min(MOST).max(current.unwrap_or(MOST));
        if current.is_some_and(|current| current < wanted) {
            // Where it is refused the limit stays as it is, and the connections are fewer.
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
        }
        getrlimit(Resource::Nofile).current
    }
    #[cfg(not(unix))]
    {
        None
    }
}

/// How many connections each listener takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) public: usize,
    pub(crate) admin: usize,
    /// Why there are fewer than were asked for.
    pub(crate) short: Option<TooFewDescriptors>,
}

/// The files do not suffice for the connections that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFewDescriptors {
    wanted: usize,
    had: usize,
    limit: u64,
    needed: usize,
}

/// Divides `limit` files between the store, the service and its connections.
///
/// # Errors
///
/// When next to nothing is left for connections.
pub(crate) fn divide(limit: Option<u64>, config: &Config) -> Result<Places, TooFewDescriptors> {
    let wanted = config.limits.connections.max(1);
    let admin = if config.admin_listen == AdminListen::Off { 0 } else { ADMIN };
    let Some(limit) = limit else { return Ok(Places { public: wanted, admin, short: None }) };
    let reserved = |limit| store(&config.store, limit) + OWN + admin;
    let left = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(reserved(limit));
    if left >= wanted {
        return Ok(Places { public: wanted, admin, short: None });
    }
    let short =
        TooFewDescriptors { wanted, had: left, limit, needed: wanted.saturating_add(reserved(u64::MAX)) };
    if left < FEWEST {
        return Err(short);
    }
    Ok(Places { public: left, admin, short: Some(short) })
}

fn store(store: &StoreUrl, limit: u64) -> usize {
    match store {
        StoreUrl::Memory => 0,
        StoreUrl::Embedded(_) => Embedded::descriptors(limit),
        StoreUrl::MongoDb(url) => url.descriptors(),
    }
}

impl fmt::Display for TooFewDescriptors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, had, limit, needed } = self;
        write!(
            f,
            "limits.connections = {wanted}, but {had} can be had: this process may open {limit} files, and the store \
             and the service need their part of them. Let it open {needed} (ulimit -n {needed}, or \
             LimitNOFILE={needed} in the unit), or lower limits.connections"
        )
    }
}

/// Whether an operation failed because this process, or the system, has too many files open.
pub(crate) fn ran_out(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let number = error.raw_os_error();
        [Errno::MFILE, Errno::NFILE].iter().any(|errno| number == Some(errno.raw_os_error()))
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// What to do, if that is what an error, or one beneath it, comes from.
pub(crate) fn remedy(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<io::Error>().is_some_and(ran_out) {
            return Some(REMEDY);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(limit: u64, store: &str, connections: usize) -> Result<Places, TooFewDescriptors> {
        let mut config = Config { store: store.parse().unwrap(), ..Config::default() };
        config.limits.connections = connections;
        divide(Some(limit), &config)
    }

    #[test]
    fn connections_leave_the_store_what_it_needs() {
        for limit in [256, 1024, 4096] {
            let places = divided(limit, "embedded:x", 1 << 20).unwrap();
            let all = places.public + places.admin + OWN + Embedded::descriptors(limit);
            assert_eq!(u64::try_from(all).unwrap(), limit);
        }
        assert_eq!(divided(1 << 20, "embedded:x", 4096).unwrap().short, None);
        assert_eq!(divided(1024, "memory:", 4096).unwrap().public, 1024 - OWN - ADMIN);
        let (few, many) = ("mongodb://h/d?maxPoolSize=10", "mongodb://h/d?maxPoolSize=100");
        assert_eq!(divided(1024, few, 4096).unwrap().public - divided(1024, many, 4096).unwrap().public, 180);
    }

    #[test]
    fn what_cannot_be_had_is_said_with_both_numbers_and_the_cure() {
        let said = divided(1024, "embedded:x", 4096).unwrap().short.unwrap().to_string();
        for part in [
            "limits.connections = 4096",
            "640 can be had",
            "1024 files",
            "ulimit -n 5124",
            "LimitNOFILE=5124",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(divided(5124, "embedded:x", 4096).unwrap().short.is_none(), "the cure cures");
        assert!(divided(100, "embedded:x", 4096).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn too_many_open_files_are_named_as_such_however_deep_they_are() {
        let error = |number| {
            sessioning::Error::new(sessioning::ErrorKind::Unavailable)
                .with_source(io::Error::from_raw_os_error(number))
        };
        for errno in [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE] {
            let said = remedy(&error(errno.raw_os_error())).unwrap();
            assert!(said.starts_with("too many open files: raise the limit"), "{said}");
        }
        assert_eq!(remedy(&error(rustix::io::Errno::NOSPC.raw_os_error())), None);
    }
}
