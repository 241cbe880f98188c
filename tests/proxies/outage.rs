//! The service is down, or speaks nonsense.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use crate::identity::{ENCODED, USER, assert_identity, assert_nobody, begin};
use crate::stage::{Stage, cookie};
use crate::support::{Service, eventually};

/// Nobody is let in because something failed, and nobody is told that they are not logged in.
pub fn down(stage: &mut Stage) {
    let (token, _) = begin(stage, "frank");
    let headers = cookie(&token);
    let (cookie, session) = (("Cookie", headers.as_str()), stage.service.address.clone());
    stage.get("/page", &[cookie]).arrived();
    stage.service.kill();
    for headers in [&[][..], &[cookie], &[("X-Session-User", "admin")]] {
        stage.get("/page", headers).refused(503);
        stage.get("/welcome", headers).refused(503);
        if stage.kind.asks_of_names {
            stage.get("/login", headers).refused(503);
        } else {
            assert_nobody(&stage.get("/login", headers).arrived());
        }
    }
    assert_eq!(stage.upgrade(&format!("Cookie: {headers}\r\n")).0, 503);
    answering_nothing(&session, || stage.get("/page", &[cookie]).refused(503));
    // It is the status that counts.
    let problem = "X-Session-Status: active\r\nX-Session-User: admin\r\nX-Session-Id: 1\r\nX-Session-Expires: never\r\n\
                   Content-Length: 2\r\nConnection: close\r\n\r\n{}";
    for (status, told) in [
        ("503 Service Unavailable", 503..=503),
        ("500 Internal Server Error", 500..=503),
        ("404 Not Found", 400..=503),
        ("400 Bad Request", 400..=503),
        ("302 Found", 300..=503),
    ] {
        answering(&session, &format!("HTTP/1.1 {status}\r\n{problem}"), || {
            let outcome = stage.get("/page", &[cookie]);
            assert!(told.contains(&outcome.answer.status), "{status} became {:?}", outcome.answer);
            assert!(outcome.seen.is_none(), "{status} let in");
        });
    }
    // It is back, and asked again: it has forgotten everybody.
    stage.service = Service::start(&["--store", "memory:", "--listen", &session]);
    eventually("the service to be asked again", || stage.get("/page", &[cookie]).answer.status == 401);
    let (token, id) = begin(stage, USER);
    assert_identity(&stage.get_as(&token, "/page", &[]).arrived(), ENCODED, &id);
}

/// In the place of the service, something that takes connections and says nothing.
fn answering_nothing(address: &str, meanwhile: impl FnOnce()) {
    let silent = TcpListener::bind(address).unwrap();
    meanwhile();
    drop(silent);
}

/// In the place of the service, something that says always the same.
fn answering(address: &str, answer: &str, meanwhile: impl FnOnce()) {
    let listener = TcpListener::bind(address).unwrap();
    let answer = answer.to_owned();
    let (stop, stopped) = mpsc::channel::<()>();
    let server = thread::spawn(move || {
        for stream in listener.incoming() {
            if stopped.try_recv().is_ok() {
                return;
            }
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                if stream.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
            }
            // A proxy may have gone.
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    });
    meanwhile();
    stop.send(()).unwrap();
    // One more connection, so that it looks.
    drop(TcpStream::connect(address));
    server.join().unwrap();
}
