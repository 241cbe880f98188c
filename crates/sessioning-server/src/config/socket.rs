//! Sockets in the file system: where, and who may connect.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A socket in the file system, written as `PATH`, `PATH?group=www-data` or `PATH?group=www-data&mode=0660`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Where it is.
    pub path: PathBuf,
    /// Its group, by name or number; without one, the service's own.
    pub group: Option<String>,
    mode: Option<u32>,
}

impl Socket {
    /// Who may connect, as the mode of its file: its user alone, and its group where one is given.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.mode.unwrap_or(if self.group.is_some() { 0o660 } else { 0o600 })
    }
}

impl FromStr for Socket {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, rest) = text.split_once('?').map_or((text, None), |(path, rest)| (path, Some(rest)));
        if path.is_empty() {
            return Err("unix: needs a path, as in unix:/run/sessioning.sock".into());
        }
        let mut socket = Self { path: path.into(), group: None, mode: None };
        for part in rest.into_iter().flat_map(|rest| rest.split('&')) {
            match part.split_once('=') {
                Some(("group", group)) if !group.is_empty() && socket.group.is_none() => {
                    socket.group = Some(group.into());
                }
                Some(("mode", mode)) if socket.mode.is_none() => socket.mode = Some(parse_mode(mode)?),
                _ => {
                    return Err(format!(
                        "{part:?} is none of what may follow the path of a socket, once each: group=NAME, mode=0660"
                    ));
                }
            }
        }
        Ok(socket)
    }
}

fn parse_mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| mode & !0o777 == 0 && mode & 0o600 == 0o600);
    mode.ok_or_else(|| {
        format!("{text:?} is not the mode of a socket: octal digits such as 0660, with 6 for the service's own user")
    })
}

impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)?;
        let group = self.group.as_ref().map(|group| format!("group={group}"));
        let mode = self.mode.map(|mode| format!("mode={mode:04o}"));
        let parts: Vec<_> = group.into_iter().chain(mode).collect();
        if parts.is_empty() { Ok(()) } else { write!(f, "?{}", parts.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_its_users_alone_unless_more_is_said() {
        for (text, group, mode) in [
            ("/run/s", None, 0o600),
            ("/run/s?group=www-data", Some("www-data"), 0o660),
            ("/run/s?group=33&mode=0620", Some("33"), 0o620),
            ("s?mode=0666", None, 0o666),
        ] {
            let socket: Socket = text.parse().unwrap();
            assert_eq!((socket.group.as_deref(), socket.mode()), (group, mode), "{text}");
            assert_eq!(socket.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_group_or_mode_is_refused() {
        for text in
            ["", "?group=a", "s?", "s?group=", "s?gruop=a", "s?group=a&group=b", "s?mode=0060", "s?mode=rw"]
        {
            assert!(text.parse::<Socket>().is_err(), "{text}");
        }
        for text in ["s?mode=1660", "s?mode=", "s?mode=0668"] {
            assert!(text.parse::<Socket>().is_err(), "{text}");
        }
    }
}
