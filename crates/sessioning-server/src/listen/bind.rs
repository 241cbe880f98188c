//! Binds the addresses, and accepts what comes there.

use std::io;
use std::net::IpAddr;
#[cfg(unix)]
use std::path::Path;

#[cfg(unix)]
use nix::unistd::{Gid, Group};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use crate::config::Address;
#[cfg(unix)]
use crate::config::Socket;

/// A listener, bound.
pub(crate) struct Bound {
    listener: Listener,
    /// Where, with the real port.
    pub(crate) address: String,
}

enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// Binds an address. A second process at the same one is refused.
pub(crate) async fn bind(address: &Address) -> io::Result<Bound> {
    match address {
        Address::Tcp { host, port } => {
            let listener = TcpListener::bind((host.as_str(), *port)).await?;
            let address = format!("http://{}", listener.local_addr()?);
            Ok(Bound { listener: Listener::Tcp(listener), address })
        }
        #[cfg(not(unix))]
        Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        #[cfg(unix)]
        Address::Unix(socket) => {
            let path = &socket.path;
            let group = socket.group.as_deref().map(group).transpose()?;
            remove_stale(path)?;
            let listener = UnixListener::bind(path)?;
            open(socket, group)?;
            Ok(Bound { listener: Listener::Unix(listener), address: format!("unix:{}", path.display()) })
        }
    }
}

/// Lets those connect who may. The process's umask has kept all others out until here: the group comes before the mode, so
/// that no other group may connect in between.
#[cfg(unix)]
fn open(socket: &Socket, group: Option<Gid>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if let Some(group) = group {
        std::os::unix::fs::lchown(&socket.path, None, Some(group.as_raw())).map_err(|error| {
            let name = socket.group.as_deref().unwrap_or_default();
            let why = format!(
                "this user cannot give it to the group {name:?}, of which it must be a member: {error}"
            );
            io::Error::new(error.kind(), why)
        })?;
    }
    std::fs::set_permissions(&socket.path, std::fs::Permissions::from_mode(socket.mode()))
}

/// A group by its name or number.
#[cfg(unix)]
fn group(name: &str) -> io::Result<Gid> {
    if let Ok(number) = name.parse() {
        return Ok(Gid::from_raw(number));
    }
    let unknown =
        || io::Error::new(io::ErrorKind::NotFound, format!("there is no group {name:?} on this machine"));
    Group::from_name(name)?.map(|group| group.gid).ok_or_else(unknown)
}

/// A socket that a killed process left behind refuses connections; one in use does not.
#[cfg(unix)]
fn remove_stale(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(io::ErrorKind::AlreadyExists.into()),
        Ok(_) => {}
        Err(_) => return Ok(()),
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

impl Bound {
    /// Takes no more connections; those that the system has accepted already.
    pub(super) fn close(self) -> Vec<Stream> {
        match self.listener {
            Listener::Tcp(listener) => listener.into_std().map(|listener| rest_of_tcp(&listener)),
            #[cfg(unix)]
            Listener::Unix(listener) => listener.into_std().map(|listener| rest_of_unix(&listener)),
        }
        .unwrap_or_default()
    }
}

fn rest_of_tcp(listener: &std::net::TcpListener) -> Vec<Stream> {
    let all = std::iter::from_fn(|| listener.accept().ok());
    let taken = all.filter_map(|(stream, peer)| {
        stream.set_nonblocking(true).ok()?;
        Some(Stream::Tcp(tokio::net::TcpStream::from_std(stream).ok()?, peer.ip()))
    });
    taken.collect()
}

#[cfg(unix)]
fn rest_of_unix(listener: &std::os::unix::net::UnixListener) -> Vec<Stream> {
    let all = std::iter::from_fn(|| listener.accept().ok());
    let taken = all.filter_map(|(stream, _)| {
        stream.set_nonblocking(true).ok()?;
        tokio::net::UnixStream::from_std(stream).ok().map(Stream::Unix)
    });
    taken.collect()
}

/// A connection as it was accepted.
pub(super) enum Stream {
    Tcp(tokio::net::TcpStream, IpAddr),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Bound {
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match &self.listener {
            Listener::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // A connection that is gone already says so itself, later.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream, peer.ip()))
            }
            #[cfg(unix)]
            Listener::Unix(listener) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}
