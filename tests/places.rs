//! Where commands find their service, and what they say of whoever else is there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use support::{Service, command, new_key, run};

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn in_folder(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(arguments).current_dir(folder).envs(variables.iter().copied()).output().unwrap()
}

fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap()
}

#[test]
fn commands_ask_where_the_configuration_of_their_folder_says_that_the_service_listens() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let service = Service::start(&["--store", "memory:"]);
    let (public, admin) = (port(&service.address), port(&service.admin));
    // A wildcard is asked by loopback. It is guarded, since it listens to a network; the service under test is not.
    let file = format!("listen = \"0.0.0.0:{public}\"\nadmin_listen = \"127.0.0.1:{admin}\"\nopen = true\n");
    fs::write(folder.join("sessioning.toml"), &file).unwrap();
    for arguments in [&["healthcheck"][..], &["create", "alice"], &["list", "alice"]] {
        let output = in_folder(folder, arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    }
    // The environment overrides the file, and names another one.
    let elsewhere = tempfile::tempdir().unwrap();
    let other = folder.join("sessioning.toml").display().to_string();
    for variables in
        [&[("SESSIONING_CONFIG", other.as_str())][..], &[("SESSIONING_ADMIN_LISTEN", &service.admin)]]
    {
        let output = in_folder(elsewhere.path(), &["healthcheck"], variables);
        assert!(output.status.success(), "{variables:?}: {}", err(&output));
    }
    let output = in_folder(elsewhere.path(), &["healthcheck", "--config", &other], &[]);
    assert!(output.status.success(), "{}", err(&output));
    // What was asked, and why, stands in the error.
    let nobody = [("SESSIONING_ADMIN_LISTEN", "127.0.0.1:1"), ("SESSIONING_LISTEN", "127.0.0.1:1")];
    let said = err(&in_folder(folder, &["healthcheck"], &nobody));
    assert!(said.contains("http://127.0.0.1:1 (admin_listen, from SESSIONING_ADMIN_LISTEN): "), "{said}");
    let said = err(&in_folder(folder, &["list", "alice"], &nobody));
    assert!(said.contains("http://127.0.0.1:1 (listen, from SESSIONING_LISTEN): "), "{said}");
}

#[test]
fn a_socket_in_the_file_system_is_asked_like_a_port() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = "listen = \"unix:public.sock\"\nadmin_listen = \"unix:admin.sock\"\nstore = \"memory:\"\n";
    fs::write(folder.join("sessioning.toml"), file).unwrap();
    let given = ["--listen", "unix:public.sock", "--admin-listen", "unix:admin.sock"];
    let _service = Service::start_in(folder, &given);
    for arguments in [
        &["healthcheck"][..],
        &["create", "alice"],
        &["create", "alice", "--url", "unix:public.sock"],
        &["healthcheck", "--admin-url", "unix:admin.sock"],
    ] {
        let output = in_folder(folder, arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    }
}

#[test]
fn a_foreign_file_gets_no_key_sent_to_another_machine() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (key, entry) = new_key(&["--scope", "check"]);
    for (listen, why) in [
        ("192.0.2.7:7377", "it is no address of this machine"),
        ("no-such-host.invalid:7377", "cannot find the address of no-such-host.invalid"),
        ("127.0.0.1:0", "it is any free port"),
    ] {
        let file = format!("listen = {listen:?}\nadmin_listen = {listen:?}\n{entry}");
        fs::write(folder.join("sessioning.toml"), file).unwrap();
        for (arguments, flag) in [(&["healthcheck"][..], "--admin-url"), (&["list", "alice"], "--url")] {
            let output = in_folder(folder, arguments, &[("SESSIONING_API_KEY", &key)]);
            assert_eq!(output.status.code(), Some(2), "{}", err(&output));
            let said = err(&output);
            assert!(said.contains(listen) && said.contains(why) && said.contains(flag), "{said}");
        }
    }
    fs::write(folder.join("sessioning.toml"), "admin_listen = \"off\"").unwrap();
    let said = err(&in_folder(folder, &["healthcheck"], &[]));
    assert!(said.contains("admin_listen = off (from sessioning.toml): there is nobody to ask"), "{said}");
    fs::write(folder.join("sessioning.toml"), "lisen = 1").unwrap();
    let output = in_folder(folder, &["list", "alice"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("there is no setting lisen") && err(&output).contains("--url"));
    // Somebody who says where it is needs no configuration.
    assert_eq!(
        in_folder(folder, &["list", "alice", "--url", "http://127.0.0.1:1"], &[]).status.code(),
        Some(5)
    );
}

/// A port at which somebody answers every connection with that, once something was said.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_wrong_port_is_told_by_what_answered_there() {
    let service = Service::start(&["--store", "memory:"]);
    let id = "01a20a61-fb89-7a5c-af52-803629217bfa";
    let page = answering(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
    );
    let ssh = answering("SSH-2.0-OpenSSH_9.6\r\n");
    for (arguments, flag, address, said) in [
        (
            &["create", "alice"][..],
            "--url",
            &page,
            "what answered (HTTP 200, nginx) is not a sessioning service",
        ),
        (&["create", "alice"], "--url", &ssh, "what answered is not a sessioning service"),
        (
            &["healthcheck"],
            "--admin-url",
            &page,
            "what answered (HTTP 200, nginx) is not a sessioning service",
        ),
        (&["healthcheck"], "--admin-url", &service.address, "health is told by the admin listener"),
        (&["create", "alice"], "--url", &service.admin, "(HTTP 404, the admin listener of sessioning)"),
        (&["describe", id], "--url", &service.admin, "(HTTP 404, the admin listener of sessioning)"),
        (&["revoke", id, "--yes"], "--url", &service.admin, "(HTTP 404, the admin listener of sessioning)"),
    ] {
        // Also without a scheme.
        for url in [address.clone(), format!("http://{address}")] {
            let output = run(&[arguments, &[flag, &url]].concat());
            assert_eq!(output.status.code(), Some(1), "{arguments:?} {url}: {}", err(&output));
            assert!(err(&output).contains(said), "{arguments:?} {url}: {}", err(&output));
        }
    }
}
