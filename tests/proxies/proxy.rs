//! A real proxy, on its files in `deploy/proxies` with other addresses.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::kind::{Kind, Setting, root};
use crate::support::PATIENCE;
use crate::support::mongo::free_port;

/// A running proxy.
pub struct Proxy {
    child: Child,
    /// Where visitors come.
    pub address: String,
    folder: tempfile::TempDir,
}

impl Proxy {
    /// Starts one, told these settings for the address where it listens; panics with its log if it does not come up.
    pub fn start(kind: &Kind, program: &Path, settings: &dyn Fn(&str) -> Vec<Setting>) -> Self {
        let attempt = || {
            let address = format!("127.0.0.1:{}", free_port());
            Self::launch(kind, program, &settings(&address), address)
        };
        // A port that was free a moment ago may be taken: by another test, or by a connection.
        attempt()
            .or_else(|_| attempt())
            .or_else(|_| attempt())
            .unwrap_or_else(|log| panic!("{} did not start:\n{log}", kind.name))
    }

    fn launch(kind: &Kind, program: &Path, settings: &[Setting], address: String) -> Result<Self, String> {
        let folder = copy(kind);
        let here = folder.path().to_str().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(program);
        command
            .args(kind.arguments.iter().map(|argument| argument.replace("{folder}", here)))
            .current_dir(&folder)
            .envs([("SESSIONING_FOLDER", here), ("HOME", here)])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            // Workers are killed with it.
            .process_group(0);
        for setting in settings {
            tell(&mut command, folder.path(), kind.file, setting);
        }
        let mut proxy = Self { child: command.spawn().unwrap(), address, folder };
        if proxy.comes_up() { Ok(proxy) } else { Err(proxy.log()) }
    }

    fn comes_up(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && self.child.try_wait().unwrap().is_none() {
            if TcpStream::connect(&self.address).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// Everything it has said so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.path().join("log")).unwrap()).into_owned()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// A folder of its own, with a copy of its files.
fn copy(kind: &Kind) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    // Started by root, some serve as another user.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for file in fs::read_dir(root().join("deploy/proxies").join(kind.name)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    folder
}

/// Panics where nothing would listen to what is told.
fn tell(command: &mut Command, folder: &Path, file: &str, setting: &Setting) {
    match setting {
        Setting::Written(written, value) => {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            assert!(text.contains(written), "{file} has no {written}");
            fs::write(folder.join(file), text.replace(written, value)).unwrap();
        }
        Setting::Instead(text) => fs::write(folder.join(file), text).unwrap(),
        Setting::Variable(name, value) => {
            assert!(reads(folder, name), "no file reads {name}");
            command.env(name, value);
        }
    }
}

/// Whether one of the files takes a variable from the environment.
fn reads(folder: &Path, name: &str) -> bool {
    let forms =
        ["{$NAME:", "{$NAME}", "getenv(\"NAME\")", "\"${NAME}\""].map(|form| form.replace("NAME", name));
    let mut files =
        fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    files.any(|text| forms.iter().any(|form| text.contains(form)))
}
