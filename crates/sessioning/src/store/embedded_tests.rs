use std::fs;
use std::time::Duration;

use futures::future::join_all;

use super::*;
use crate::store::Transfer;
use crate::store::embedded::keys::Space;
use crate::{Data, ManualClock, Metadata, OsRandom, SessionToken, SystemClock, Timeouts};

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
/// Of the data directory.
const FORMAT: u32 = 2;
const PAGE: usize = 4096;

fn record(user: &str) -> Record {
    let token = SessionToken::generate(START, &OsRandom).unwrap();
    let never = Timeouts { idle: crate::Timeout::Never, absolute: crate::Timeout::Never };
    Record {
        data: Data::from_json(&format!(r#"{{"filling":"{}"}}"#, "x".repeat(300))).unwrap(),
        ..Record::new(&token, user.parse().unwrap(), never, START)
    }
}

fn open(directory: &Path) -> Result<Embedded> {
    Embedded::open(directory, &ManualClock::at(START))
}

async fn insert(store: &Embedded, user: &str) -> SessionId {
    let new = record(user);
    let id = new.id;
    assert_eq!(store.insert(new, None).await.unwrap(), Inserted::Done { evicted: vec![] });
    id
}

async fn has(store: &Embedded, id: SessionId) -> bool {
    store.get(id, &|_| true).await.unwrap().is_some()
}

/// The engine, opened beside the store's rules: to put in what the store never would.
fn tamper(directory: &Path, change: impl FnOnce(&Engine)) {
    let engine = Engine::open(&directory.join("engine")).unwrap();
    change(&engine);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let (kept, removed) = (insert(&store, "alice").await, insert(&store, "alice").await);
    let ended = insert(&store, "bob").await;
    assert!(store.remove(removed).await.unwrap());
    drop(store);
    let store = open(directory.path()).unwrap();
    assert!(has(&store, kept).await && !has(&store, removed).await && has(&store, ended).await);
    store.remove_everyone(None).await.unwrap();
    drop(store);
    let store = open(directory.path()).unwrap();
    assert!(!has(&store, kept).await && !has(&store, ended).await);
    let later = insert(&store, "alice").await;
    assert!(has(&store, later).await);
}

#[tokio::test]
async fn writes_that_wait_together_share_a_sync() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    join_all((0..64).map(|_| insert(&store, "alice"))).await;
    let stats = store.group_stats();
    assert_eq!(stats.writes, 64);
    assert!(stats.groups < 64 && stats.largest > 1, "{stats:?}");
}

/// The offset after the last byte that is not zero in the engine's journal, and the journal.
fn journal(directory: &Path) -> (PathBuf, usize) {
    let mut journals: Vec<_> = fs::read_dir(directory.join("engine"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jnl"))
        .collect();
    assert_eq!(journals.len(), 1, "{journals:?}");
    let path = journals.remove(0);
    let end = fs::read(&path).unwrap().iter().rposition(|byte| *byte != 0).unwrap() + 1;
    (path, end)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// As after a power cut in the middle of the last sync: from some page on, nothing of it reached the disk.
#[tokio::test]
async fn a_torn_last_group_is_absent_and_everything_before_it_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let acknowledged = join_all((0..20).map(|_| insert(&store, "alice"))).await;
    let (path, start) = journal(directory.path());
    // One command, so one group: sixty records leave together, which writes a few pages.
    let leaving = join_all((0..60).map(|_| insert(&store, "bob"))).await;
    let (_, middle) = journal(directory.path());
    assert_eq!(store.remove_user(&"bob".parse().unwrap(), None).await.unwrap().len(), 60);
    let (_, end) = journal(directory.path());
    drop(store);
    assert!(end > middle + PAGE && middle > start + 3 * PAGE, "{start} {middle} {end}");

    let name = path.strip_prefix(directory.path()).unwrap().to_owned();
    let whole = fs::read(&path).unwrap();
    // Cuts through the removal: every page boundary, every few bytes, and its first and last.
    let cuts = (middle / PAGE..=end / PAGE).map(|page| page * PAGE).chain((middle..end).step_by(517));
    for cut in cuts.chain([middle, middle + 1, end - 1]).filter(|cut| (middle..end).contains(cut)) {
        let torn = tempfile::tempdir().unwrap();
        copy(directory.path(), torn.path());
        let mut bytes = whole.clone();
        bytes[cut..].fill(0);
        fs::write(torn.path().join(&name), &bytes[..(end + PAGE).min(bytes.len())]).unwrap();
        let store = open(torn.path()).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        for id in acknowledged.iter().chain(&leaving) {
            assert!(has(&store, *id).await, "cut at {cut}");
        }
        // And it goes on from there.
        assert_eq!(store.remove_user(&"bob".parse().unwrap(), None).await.unwrap().len(), 60);
        insert(&store, "carol").await;
    }
}

#[tokio::test]
async fn a_directory_in_use_is_refused_with_its_name_and_its_holder() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let message = open(directory.path()).err().unwrap().to_string();
    assert!(message.contains(&directory.path().display().to_string()), "{message}");
    assert!(message.contains(&format!("process {}, started 20", std::process::id())), "{message}");
    drop(store);
    open(directory.path()).unwrap();
}

#[test]
fn a_later_format_is_refused_politely() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("FORMAT"), "sessioning data directory, format 3\n").unwrap();
    let error = open(directory.path()).err().unwrap();
    assert!(matches!(error.kind(), ErrorKind::NewerFormat { found, .. } if found.ends_with("format 3")));
    assert!(!directory.path().join("engine").exists());
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let message = open(&file.join("data")).err().unwrap().to_string();
    assert!(message.contains("name a directory") && message.contains("file/data"), "{message}");
}

#[tokio::test]
async fn sec_18_a_clock_behind_the_newest_record_is_refused_unless_insisted() {
    let hour = Duration::from_secs(3600);
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let id = insert(&store, "alice").await;
    drop(store);
    let at = |clock: Timestamp| Embedded::open(directory.path(), &ManualClock::at(clock));
    drop(at(START.before(hour)).unwrap());
    let behind = START.before(hour).before(Duration::from_secs(1));
    let error = at(behind).err().unwrap();
    assert_eq!(*error.kind(), ErrorKind::ClockBehind { seconds: 3601 });
    assert!(error.to_string().contains("--trust-clock"));
    let insisting = EmbeddedSettings { trust_clock: true, ..EmbeddedSettings::new(directory.path()) };
    let store = Embedded::open_with(&insisting, &ManualClock::at(behind)).unwrap();
    assert!(has(&store, id).await);
    // The next write remembers what was insisted on: no need to insist again.
    store.remove(id).await.unwrap();
    let new = Record { created_at: behind, last_seen: behind, ..record("alice") };
    let _ = store.insert(new, None).await.unwrap();
    drop(store);
    at(behind).unwrap();
}

#[tokio::test]
async fn sec_44_a_corrupt_record_answers_like_an_unknown_one() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let (corrupt, whole) = (insert(&store, "alice").await, insert(&store, "alice").await);
    drop(store);
    tamper(directory.path(), |engine| {
        let mut bytes = engine.get(Space::Sessions, corrupt.as_bytes()).unwrap().unwrap().to_vec();
        bytes[40] ^= 1;
        engine.commit(&[(Space::Sessions, corrupt.as_bytes().to_vec(), Some(bytes))], true).unwrap();
    });
    let store = open(directory.path()).unwrap();
    assert!(!has(&store, corrupt).await);
    let listed = store.list(&"alice".parse().unwrap(), None, 10).await.unwrap().records;
    assert_eq!(listed.iter().map(|record| record.id).collect::<Vec<_>>(), [whole]);
    // Revoking the user takes it along, so that no repair can bring it back.
    assert_eq!(store.remove_user(&"alice".parse().unwrap(), None).await.unwrap(), [whole]);
    drop(store);
    tamper(directory.path(), |engine| {
        assert!(engine.get(Space::Sessions, corrupt.as_bytes()).unwrap().is_none());
    });
}

#[tokio::test]
async fn a_record_of_a_later_version_is_an_error_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let id = insert(&store, "alice").await;
    drop(store);
    let raise = |engine: &Engine| {
        let mut bytes = engine.get(Space::Sessions, id.as_bytes()).unwrap().unwrap().to_vec();
        bytes[0] = 9;
        engine.commit(&[(Space::Sessions, id.as_bytes().to_vec(), Some(bytes))], true).unwrap();
    };
    tamper(directory.path(), raise);
    let store = open(directory.path()).unwrap();
    let error = store.get(id, &|_| true).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::UnknownRecordVersion(9));
    assert!(store.remove(id).await.is_err());
    assert!(store.get(id, &|_| true).await.is_err());
}

/// What this version cannot read is there for one that can, and its date comes again.
#[tokio::test]
async fn what_cannot_be_read_stays_scheduled_for_a_purge_that_can_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let brief =
        Timeouts { idle: crate::Timeout::After(Duration::from_secs(1)), absolute: crate::Timeout::Never };
    let [later, corrupt] = [(), ()].map(|()| Record { timeouts: brief, ..record("alice") });
    let ids = [(later.id, 0), (corrupt.id, 7)];
    let store = open(directory.path()).unwrap();
    for record in [later, corrupt] {
        let _ = store.insert(record, None).await.unwrap();
    }
    drop(store);
    let flip = |engine: &Engine| {
        for (id, at) in ids {
            let mut bytes = engine.get(Space::Sessions, id.as_bytes()).unwrap().unwrap().to_vec();
            bytes[at] ^= 8;
            engine.commit(&[(Space::Sessions, id.as_bytes().to_vec(), Some(bytes))], true).unwrap();
        }
    };
    let purge = async |days: u64| {
        let store = open(directory.path()).unwrap();
        store.purge(START.after(Duration::from_secs(days * 86_400)), 100).await.unwrap()
    };
    tamper(directory.path(), flip);
    assert_eq!(purge(2).await.removed, 0);
    assert_eq!(purge(2).await, Purged::default(), "until tomorrow");
    tamper(directory.path(), flip);
    assert_eq!(purge(3).await.removed, 2);
}

#[tokio::test]
async fn a_use_that_is_not_due_is_no_work_for_the_owning_thread() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let id = insert(&store, "alice").await;
    let before = store.group_stats();
    let touch = Touch { at: START, interval: Duration::from_secs(60) };
    assert_eq!(store.touch(id, touch).await.unwrap(), Touched::NotDue);
    let nobody = record("alice").id;
    assert_eq!(store.touch(nobody, touch).await.unwrap(), Touched::Gone);
    assert_eq!(store.group_stats(), before);
}

#[tokio::test]
async fn a_fault_in_a_read_ends_that_read_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let id = insert(&store, "alice").await;
    for _ in 0..8 {
        let fault = store.inner.readers.read(|_| -> Result<()> { panic!("a fault, on purpose") });
        assert_eq!(*fault.await.unwrap_err().kind(), ErrorKind::Unavailable);
        let walk = store.inner.readers.walk(Turn::default(), |_| -> Result<()> { panic!("on purpose") });
        assert_eq!(*walk.await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
    assert!(has(&store, id).await);
    assert_eq!(store.list(&"alice".parse().unwrap(), None, 10).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn removed_sessions_leave_nothing_but_their_purge_keys_until_those_are_due() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let brief =
        Timeouts { idle: crate::Timeout::After(Duration::from_secs(1)), absolute: crate::Timeout::Never };
    for _ in 0..10 {
        let new = Record { timeouts: brief, ..record("alice") };
        let id = new.id;
        let _ = store.insert(new, None).await.unwrap();
        store.remove(id).await.unwrap();
    }
    let _ = store.purge(START.after(Duration::from_secs(2 * 86_400)), 100).await.unwrap();
    drop(store);
    tamper(directory.path(), |engine| {
        for space in [Space::Sessions, Space::Users, Space::Purge] {
            assert!(engine.keys(space, vec![]..=vec![0xff; 400], 1).unwrap().is_empty(), "{space:?}");
        }
    });
}

/// Whether a write is refused and the store is not ready, for a reason that names the directory; within seconds, and
/// with none acknowledged meanwhile.
async fn is_lost(store: &Embedded, directory: &Path, why: &str) {
    let refused = store.insert(record("alice"), None).await.unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused.kind(), ErrorKind::Halted { .. }), "{said}");
    assert!(said.contains(why) && said.contains(&directory.display().to_string()), "{said}");
    assert_eq!(store.ready().await.unwrap_err().to_string(), said);
}

#[tokio::test]
async fn no_write_is_acknowledged_into_files_that_have_gone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let live = {
        let store = open(&data).unwrap();
        let live = insert(&store, "alice").await;
        fs::rename(&data, folder.path().join("moved")).unwrap();
        is_lost(&store, &data, "is gone").await;
        assert!(has(&store, live).await, "reads go on");
        live
    };
    fs::rename(folder.path().join("moved"), &data).unwrap();
    {
        let store = open(&data).unwrap();
        assert!(has(&store, live).await);
        // As when a backup is put in its place.
        copy(&data, &folder.path().join("copy"));
        fs::rename(&data, folder.path().join("old")).unwrap();
        fs::rename(folder.path().join("copy"), &data).unwrap();
        is_lost(&store, &data, "is another one").await;
    }
    let store = open(&data).unwrap();
    fs::remove_dir_all(&data).unwrap();
    is_lost(&store, &data, "is gone").await;
}

#[tokio::test]
async fn that_files_have_gone_is_noticed_although_nobody_writes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("data")).unwrap();
    insert(&store, "alice").await;
    fs::remove_dir_all(folder.path().join("data/engine")).unwrap();
    let noticed = async {
        while store.ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), noticed).await.expect("it is noticed");
}

/// Data directories as each format wrote them, checked in: every later version opens them.
#[tokio::test]
async fn a_data_directory_of_every_format_opens() {
    for format in 1..=FORMAT {
        data_directory_opens(&kept(format)).await;
    }
}

fn kept(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/format-{format}"))
}

async fn data_directory_opens(kept: &Path) {
    let directory = tempfile::tempdir().unwrap();
    copy(kept, directory.path());
    let store = Embedded::open(directory.path(), &SystemClock::new()).unwrap();
    let tokens = fs::read_to_string(kept.with_extension("tokens")).unwrap();
    let mut lines = tokens.lines();
    let token = |line: Option<&str>| SessionToken::parse(line.unwrap()).unwrap();
    let (live, removed) = (token(lines.next()), token(lines.next()));
    let record = store.get(live.id(), &|_| true).await.unwrap().unwrap();
    assert_eq!(record.digest, live.digest());
    assert_eq!(record.owner.user().as_str(), "alice");
    assert_eq!(record.data.to_json(), r#"{"cart":[1,2.50,"three"]}"#);
    assert_eq!(record.metadata.label(), Some("kitchen tablet"));
    assert!(!has(&store, removed.id()).await);
    assert_eq!(store.list(&"alice".parse().unwrap(), None, 10).await.unwrap().records.len(), 1);
}

/// Writes the directory that is checked in. Run once for a format: `cargo test -- --ignored write_format`.
#[tokio::test]
#[ignore = "writes a folder in tests, which is to stay as the first version with that format wrote it"]
async fn write_format() {
    let kept = kept(FORMAT);
    let store = open(&kept).unwrap();
    let mut tokens = String::new();
    for removed in [false, true] {
        let token = SessionToken::generate(START, &OsRandom).unwrap();
        let new = Record {
            id: token.id(),
            digest: token.digest(),
            metadata: Metadata::new(Some("::1"), Some("curl/8"), Some("kitchen tablet")),
            data: Data::from_json(r#"{"cart":[1,2.50,"three"]}"#).unwrap(),
            ..record("alice")
        };
        let _ = store.insert(new, None).await.unwrap();
        if removed {
            store.remove(token.id()).await.unwrap();
        }
        tokens.push_str(&format!("{}\n", token.expose().as_str()));
    }
    fs::write(kept.with_extension("tokens"), tokens).unwrap();
    drop(store);
    // Opening it again cuts the space that the engine sets aside for more writes.
    drop(open(&kept).unwrap());
}

#[tokio::test]
async fn the_target_of_a_copy_that_has_not_ended_is_opened_by_copies_alone() {
    let directory = tempfile::tempdir().unwrap();
    let copying = EmbeddedSettings { importing: true, ..EmbeddedSettings::new(directory.path()) };
    let target = Embedded::open_with(&copying, &SystemClock::new()).unwrap();
    assert!(target.change_import_mark(None, Some("here")).await.unwrap());
    // Of two that change it from what it was, one is too late.
    assert!(!target.change_import_mark(None, Some("there")).await.unwrap());
    drop(target);
    let refused = Embedded::open(directory.path(), &SystemClock::new()).err().unwrap();
    assert!(refused.to_string().contains("sessioning copy --abandon"), "{refused}");
    let target = Embedded::open_with(&copying, &SystemClock::new()).unwrap();
    assert_eq!(target.import_mark().await.unwrap().as_deref(), Some("here"));
    assert!(target.change_import_mark(Some("here"), None).await.unwrap());
    drop(target);
    Embedded::open(directory.path(), &SystemClock::new()).unwrap();
}
