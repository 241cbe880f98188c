use std::fs;
use std::path::Path;

use super::super::engine::Engine;
use super::*;

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.clone());
        if path.is_dir() {
            found.extend(entries(&path));
        }
    }
    found.sort();
    found
}

/// A data directory that can be written to and read from, as at every start.
fn opens(path: &Path) {
    let directory = Directory::open(path).unwrap();
    directory.make_engine(|path| Engine::open(path).map(drop)).unwrap();
    let engine = Engine::open(&directory.engine()).unwrap();
    engine
        .commit(&[(super::super::keys::Space::Meta, b"test".to_vec(), Some(b"is there".to_vec()))], true)
        .unwrap();
    drop(engine);
    let engine = Engine::open(&directory.engine()).unwrap();
    assert!(engine.get(super::super::keys::Space::Meta, b"test").unwrap().is_some());
}

/// The states in which a kill can leave the first start: after each file, and with the last one written by half.
#[test]
fn a_first_start_that_was_cut_off_anywhere_is_made_good_by_the_next() {
    let made = tempfile::tempdir().unwrap();
    drop(Engine::open(made.path()).unwrap());
    let files = entries(made.path());
    assert!(files.len() > 10, "{files:?}");

    let begin = |lock: bool, draft: Option<&str>, format: bool| {
        let folder = tempfile::tempdir().unwrap();
        if lock {
            fs::write(folder.path().join("LOCK"), "process 1, st").unwrap();
        }
        if let Some(draft) = draft {
            fs::write(folder.path().join("FORMAT.new"), draft).unwrap();
        }
        if format {
            fs::write(folder.path().join("FORMAT"), format!("{FORMAT}\n")).unwrap();
        }
        folder
    };
    for folder in [
        begin(false, None, false),
        begin(true, None, false),
        begin(true, Some(""), false),
        begin(true, Some("sessioning da"), false),
        begin(true, None, true),
    ] {
        opens(folder.path());
    }
    for count in (0..=files.len()).step_by(3) {
        let folder = begin(true, None, true);
        let draft = folder.path().join("engine.new");
        fs::create_dir(&draft).unwrap();
        for (number, file) in files[..count].iter().enumerate() {
            let target = draft.join(file.strip_prefix(made.path()).unwrap());
            if file.is_dir() {
                fs::create_dir(target).unwrap();
                continue;
            }
            // A journal is mostly nothing yet.
            let mut bytes = fs::read(file).unwrap();
            bytes.truncate(if number + 1 == count { bytes.len().min(8192) / 2 } else { 8192 });
            fs::write(target, bytes).unwrap();
        }
        opens(folder.path());
        assert!(!draft.exists());
    }
}

#[test]
fn what_is_not_ours_is_never_taken_for_a_beginning() {
    for name in ["engine", "engine.new"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name).join("blueprint");
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(&file, "of something else").unwrap();
        let refused = Directory::open(folder.path()).err().unwrap().to_string();
        assert!(refused.contains(name) && refused.contains("no FORMAT"), "{refused}");
        assert_eq!(fs::read_to_string(file).unwrap(), "of something else");
    }
}

#[test]
fn what_is_wrong_with_a_directory_is_said_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("data")] {
        let refused = Directory::open(&path).err().unwrap().to_string();
        assert!(refused.contains("name a directory"), "{refused}");
    }
    fs::write(folder.path().join("FORMAT"), "").unwrap();
    let refused = Directory::open(folder.path()).err().unwrap().to_string();
    assert!(refused.contains("FORMAT in it is empty") && refused.contains(FORMAT), "{refused}");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused_with_the_cure() {
        for mode in [0o770, 0o702, 0o777] {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let refused = Directory::open(folder.path()).err().unwrap().to_string();
            assert!(refused.contains(&format!("chmod 700 {}", folder.path().display())), "{refused}");
            assert_eq!(entries(folder.path()), Vec::<PathBuf>::new());
        }
    }

    #[test]
    fn what_others_could_read_is_closed_to_them() {
        let folder = tempfile::tempdir().unwrap();
        opens(folder.path());
        for path in entries(folder.path()).into_iter().chain([folder.path().to_path_buf()]) {
            let open = if path.is_dir() { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        }
        drop(Directory::open(folder.path()).unwrap());
        assert_eq!(mode(folder.path()), 0o700);
        for path in entries(folder.path()) {
            assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        }
    }

    #[test]
    fn what_is_not_ours_is_refused_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("run.sh");
        fs::create_dir(folder.path().join("pub")).unwrap();
        fs::write(&program, "true").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let refused = Directory::open(folder.path()).err().unwrap().to_string();
        assert!(refused.contains("no data directory") && refused.contains("sessions"), "{refused}");
        assert_eq!((mode(&program), mode(folder.path()), entries(folder.path()).len()), (0o755, 0o755, 2));
        // Beside our own files others' stay as they are, too.
        let ours = tempfile::tempdir().unwrap();
        opens(ours.path());
        let program = ours.path().join("backup.sh");
        fs::write(&program, "true").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        opens(ours.path());
        assert_eq!(mode(&program), 0o755);
    }

    #[test]
    fn a_link_of_another_user_leads_nowhere() {
        let (folder, victim) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let link = folder.path().join("data");
        symlink(victim.path(), &link).unwrap();
        // Our own link is followed.
        drop(Directory::open(&link).unwrap());
        if std::os::unix::fs::lchown(&link, Some(65534), None).is_err() {
            return;
        }
        let refused = Directory::open(&link).err().unwrap().to_string();
        assert!(refused.contains("symbolic link of user 65534"), "{refused}");
    }

    #[test]
    fn no_symbolic_link_is_followed() {
        for name in ["LOCK", "FORMAT", "FORMAT.new", "SPACE"] {
            let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let target = outside.path().join("target");
            fs::write(&target, "somebody else's\n").unwrap();
            symlink(&target, folder.path().join(name)).unwrap();
            let opened = Directory::open(folder.path());
            // What is only written is made anew; what is read has to be ours.
            assert_eq!(opened.is_err(), matches!(name, "LOCK" | "FORMAT"), "{name}");
            if let Err(refused) = opened {
                assert!(refused.to_string().contains("symbolic link"), "{refused}");
            }
            assert!(!super::super::super::space::is_out(folder.path()));
            assert_eq!(fs::read_to_string(&target).unwrap(), "somebody else's\n", "{name}");
        }
    }
}
