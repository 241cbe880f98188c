//! The database fails under load, in every way it can, and comes back: no wrong answer, nothing acknowledged is lost,
//! every answer within its deadline, and nobody has to do anything.
//!
//! `SESSIONING_TEST_ROUNDS` sets how often each fault is made (`scripts/outage 20` is the long form, which tells its
//! figures).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use sessioning::store::Transfer;
use sessioning::{Changed, CreateError, Namespace, NewSession, Owner, Patch, Sessioning};
use sessioning_mongodb::{Access, MongoDb, MongoSettings};
use support::mongo::{Faults, Hole, Mongo};
use support::{Connection, Service, eventually};

/// How many clients there are.
const CLIENTS: usize = 8;
/// How long a fault lasts: longer than the deadline, so that every kind of waiting comes to its end.
const FAULT: Duration = Duration::from_secs(3);
/// How long an answer may take: the deadline of two seconds, and what a busy machine adds.
const SLOWEST: Duration = Duration::from_secs(5);
/// How soon everything is to work again.
const RECOVERED: Duration = Duration::from_secs(10);
/// How much memory the service may use, in KiB.
const MEMORY: u64 = 256 * 1024;

fn rounds() -> usize {
    std::env::var("SESSIONING_TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// What a client knows of a session of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    /// Its creation, or its last renewal, was acknowledged, and no end was tried.
    Live,
    /// Its end was acknowledged, or it was once seen ended.
    Ended,
    /// An end was tried, and the answer said nothing.
    Unknown,
    /// A renewal was tried, and the answer said nothing: this token may have been replaced by one that nobody has.
    Renewing,
}

#[derive(Default)]
struct Totals {
    requests: AtomicU64,
    unavailable: AtomicU64,
    slowest: Mutex<Duration>,
    wrong: Mutex<Vec<String>>,
}

/// A client that does one thing after the other, and remembers what it was told.
struct Client {
    address: String,
    totals: Arc<Totals>,
    sessions: Vec<(String, Known)>,
}

impl Client {
    fn ask(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, String) {
        let began = Instant::now();
        let mut headers = vec![("Content-Type", "application/json")];
        if !token.is_empty() {
            headers.push(("X-Session-Token", token));
        }
        let answer = Connection::open(&self.address)
            .and_then(|mut connection| connection.request(method, path, &headers, body.as_bytes()))
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        self.totals.requests.fetch_add(1, Ordering::Relaxed);
        if answer.status == 503 {
            self.totals.unavailable.fetch_add(1, Ordering::Relaxed);
        }
        let mut slowest = self.totals.slowest.lock().unwrap();
        *slowest = slowest.max(began.elapsed());
        (answer.status, answer.body)
    }

    fn wrong(&self, what: String) {
        self.totals.wrong.lock().unwrap().push(what);
    }

    fn work(&mut self) {
        let old = fastrand::usize(..self.sessions.len().max(1));
        match fastrand::u8(..10) {
            0..4 => self.create(),
            4..8 if !self.sessions.is_empty() => self.check(old),
            8 if !self.sessions.is_empty() => self.delete(old),
            9 if !self.sessions.is_empty() => self.renew(old),
            _ => {}
        }
    }

    fn create(&mut self) {
        match self.ask("POST", "/v1/sessions", "", r#"{"user":"alice"}"#) {
            (201, body) => self.sessions.push((token(&body), Known::Live)),
            (503, _) => {}
            other => self.wrong(format!("create: {other:?}")),
        }
    }

    fn check(&mut self, index: usize) {
        let (token, known) = self.sessions[index].clone();
        let (status, body) = self.ask("GET", "/v1/session", &token, "");
        match (status, &known) {
            (503, _) | (200, Known::Live | Known::Unknown | Known::Renewing) | (401, Known::Ended) => {}
            (401, Known::Unknown | Known::Renewing) => self.sessions[index].1 = Known::Ended,
            _ => self.wrong(format!("check of a session {known:?}: {status} {body}")),
        }
    }

    fn delete(&mut self, index: usize) {
        let (token, known) = self.sessions[index].clone();
        match self.ask("DELETE", "/v1/session", &token, "") {
            (204, _) => self.sessions[index].1 = Known::Ended,
            (503, _) if known == Known::Live => self.sessions[index].1 = Known::Unknown,
            (503, _) => {}
            other => self.wrong(format!("delete: {other:?}")),
        }
    }

    fn renew(&mut self, index: usize) {
        let (old, known) = self.sessions[index].clone();
        match (self.ask("POST", "/v1/session/renew", &old, ""), &known) {
            ((200, _), Known::Ended) => self.wrong("renewed what had ended".into()),
            ((200, body), _) => {
                self.sessions[index].1 = Known::Ended;
                let unknown = if known == Known::Unknown { Known::Unknown } else { Known::Live };
                self.sessions.push((token(&body), unknown));
            }
            ((503, _), Known::Live) => self.sessions[index].1 = Known::Renewing,
            ((503, _), _) | ((401, _), Known::Ended) => {}
            ((401, _), Known::Unknown | Known::Renewing) => self.sessions[index].1 = Known::Ended,
            other => self.wrong(format!("renew: {other:?}")),
        }
    }
}

fn token(body: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(body).unwrap();
    json["token"].as_str().unwrap().to_owned()
}

/// The service on a database behind a proxy, and clients that never stop.
struct Campaign {
    mongo: Mongo,
    faults: Faults,
    service: Service,
    totals: Arc<Totals>,
    _folder: tempfile::TempDir,
}

impl Campaign {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mongo = Mongo::start(&folder.path().join("db"))?;
        let faults = Faults::before(mongo.port())?;
        let url = format!("mongodb://127.0.0.1:{}/outage", faults.port);
        let settings = ["--set", "log.level=warn", "--set", "limits.failed_checks=0"];
        let service = Service::start(&[&["--store", &url], &settings[..]].concat());
        Some(Self { mongo, faults, service, totals: Arc::default(), _folder: folder })
    }

    /// Makes a fault so many times, with everybody at work; how long the service took each time to work again.
    fn run(
        &mut self,
        fault: impl Fn(&mut Mongo, &Faults),
        mend: impl Fn(&mut Mongo, &Faults),
    ) -> Vec<Duration> {
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (stop, totals) = (Arc::clone(&stop), Arc::clone(&self.totals));
                let mut client =
                    Client { address: self.service.address.clone(), totals, sessions: Vec::new() };
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        client.work();
                    }
                    client
                })
            })
            .collect();
        let mut recovered = Vec::new();
        for _ in 0..rounds() {
            thread::sleep(Duration::from_millis(500));
            let token = self.begin_one();
            fault(&mut self.mongo, &self.faults);
            let began = Instant::now();
            self.look_from_the_concept(&token);
            thread::sleep(FAULT.saturating_sub(began.elapsed()));
            mend(&mut self.mongo, &self.faults);
            let mended = Instant::now();
            eventually("the service to work again", || {
                let created = self.service.v1("POST", "/v1/sessions", "", r#"{"user":"probe"}"#);
                created.status == 201
            });
            recovered.push(mended.elapsed());
        }
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            self.settle(client.join().unwrap());
        }
        recovered
    }

    /// A session from before the fault, so that what is asked about it reaches for the database.
    fn begin_one(&self) -> String {
        let mut session = None;
        eventually("a session to begin", || {
            let created = self.service.post("/api/Sessioning/create", r#"{"user":"probe"}"#).json();
            session = created["session"].as_str().map(str::to_owned);
            session.is_some()
        });
        session.unwrap()
    }

    /// While the database is away the concept surface answers as the original does when it throws: never that a
    /// session is not found, and not that it has ended. `/readyz` says why.
    fn look_from_the_concept(&self, token: &str) {
        const THROWN: &str = r#"{"error":"An internal server error occurred."}"#;
        // What was on its way when the fault began may still arrive.
        eventually("the fault to show", || self.service.user_of(token).status == 500);
        for answer in [self.service.user_of(token), self.service.delete(token)] {
            assert_eq!((answer.status, answer.body.as_str()), (500, THROWN), "{answer:?}");
        }
        eventually("the service to say so", || self.service.admin("/readyz").status == 503);
        let ready = self.service.admin("/readyz");
        assert_eq!((ready.status, ready.code().as_str()), (503, "store_unavailable"), "{ready:?}");
        let answer = ready.json();
        let why = answer["detail"].as_str().unwrap_or_default();
        let known = ["MongoDB", "in time", "driver"];
        assert!(known.iter().any(|known| why.contains(known)), "{why:?}");
    }

    /// Everything that a client was told is still so once all is well.
    fn settle(&self, mut client: Client) {
        for index in 0..client.sessions.len() {
            let (token, known) = client.sessions[index].clone();
            match (self.service.status_of(&token), &known) {
                (200, Known::Live | Known::Unknown | Known::Renewing)
                | (401, Known::Ended | Known::Unknown | Known::Renewing) => {}
                (status, known) => {
                    client.wrong(format!("afterwards a session {known:?} is answered {status}"));
                }
            }
        }
        client.sessions.clear();
    }
}

#[test]
fn no_outage_of_the_database_makes_a_wrong_answer_or_loses_one() {
    let Some(mut campaign) = Campaign::start() else { return };
    let mut recovered = BTreeMap::new();
    recovered.insert("connections cut", campaign.run(|_, faults| faults.cut(), |_, faults| faults.mend()));
    recovered.insert("black hole", campaign.run(|_, faults| faults.swallow(), |_, faults| faults.heal()));
    recovered
        .insert("answers lost", campaign.run(|_, faults| faults.lose_answers(), |_, faults| faults.heal()));
    recovered
        .insert("paused", campaign.run(|mongo, _| mongo.signal("STOP"), |mongo, _| mongo.signal("CONT")));
    recovered.insert("stopped", campaign.run(|mongo, _| mongo.stop(), |mongo, _| mongo.restart()));

    let totals = &campaign.totals;
    let (requests, unavailable) =
        (totals.requests.load(Ordering::Relaxed), totals.unavailable.load(Ordering::Relaxed));
    let slowest = *totals.slowest.lock().unwrap();
    let memory = memory(&campaign.service);
    println!(
        "{requests} requests, {unavailable} answered 503, the slowest after {slowest:?}; memory {memory} KiB"
    );
    assert!((1..MEMORY).contains(&memory), "{memory} KiB");
    for (fault, mut times) in recovered {
        times.sort();
        assert!(times.iter().all(|time| *time < RECOVERED), "{fault}: {times:?}");
        println!(
            "{fault:<16} {} rounds, worked again after {:?} (median), {:?} at most",
            times.len(),
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
    let wrong = totals.wrong.lock().unwrap();
    assert!(wrong.is_empty(), "{} wrong answers: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    assert!(unavailable > 0, "no fault was ever felt");
    assert!(slowest < SLOWEST, "{slowest:?}");
}

/// A store on a database behind a proxy.
async fn store_behind_faults() -> Option<(MongoDb, Faults, Mongo, tempfile::TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let mongo = Mongo::start(&folder.path().join("db"))?;
    let faults = Faults::before(mongo.port())?;
    let url = format!("mongodb://127.0.0.1:{}/lost", faults.port);
    let store = MongoDb::new(MongoSettings {
        deadline: Duration::from_secs(10),
        ..MongoSettings::new(url.parse().unwrap())
    });
    store.prepare().await.unwrap();
    Some((store, faults, mongo, folder))
}

/// A copy asks a database that has stopped answering, in each way that it begins with.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_waits_for_no_answer_longer_than_its_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mongo) = Mongo::start(&folder.path().join("db")) else { return };
    let behind = |word: &'static [u8]| {
        let hole = Hole::before(mongo.port(), word);
        let settings = MongoSettings::new(hole.url("copied").parse().unwrap());
        // Long enough for the words before that one, also on a busy machine.
        (MongoDb::new(MongoSettings { deadline: Duration::from_secs(2), ..settings }), hole)
    };
    let patience = Duration::from_secs(20);

    let (store, hole) = behind(b"createIndexes");
    let prepared = tokio::time::timeout(patience, store.prepare_to_copy(Access::Into)).await;
    assert!(prepared.expect("it waits for ever").is_err() && hole.was_met());

    let (filled, _) = behind(b"nothing of the kind");
    filled.prepare().await.unwrap();
    let created = Sessioning::new(filled).create("alice".parse().unwrap(), NewSession::default()).await;
    created.unwrap();
    let (store, hole) = behind(b"\x02count\0");
    store.prepare_to_copy(Access::Look).await.unwrap();
    let counted = tokio::time::timeout(patience, store.count()).await;
    assert!(counted.expect("it waits for ever").is_err() && hole.was_met());
}

/// Runs an operation whose first answer is lost: done, but nobody was told before the connection broke.
async fn losing_its_answer<T>(faults: &Faults, operation: impl Future<Output = T>) -> T {
    faults.lose_answers();
    let heal = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        faults.heal();
    };
    tokio::join!(operation, heal).0
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_whose_answer_is_lost_are_told_as_what_they_were() {
    let Some((store, faults, mongo, _folder)) = store_behind_faults().await else { return };
    let database = mongodb::Client::with_uri_str(mongo.url("")).await.unwrap().database("lost");
    let documents = database.collection::<mongodb::bson::Document>("sessioning_sessions");
    let sessioning = Sessioning::new(store.clone());
    let (alice, namespace): (Owner, _) = ("alice".parse().unwrap(), Namespace::default());

    // A replace recognises its own write: it was done once, and says so.
    let created = sessioning.create(alice.clone(), NewSession::default()).await.unwrap();
    let patch = Patch::from_json(r#"{"a":1}"#).unwrap();
    let patched =
        losing_its_answer(&faults, sessioning.patch_data(&namespace, &created.token, &patch, None)).await;
    let Changed::Done(session) = patched.unwrap() else { panic!("the patch was not done") };
    assert_eq!(session.version(), 1);
    let Changed::Done(renewed) =
        losing_its_answer(&faults, sessioning.renew(&namespace, &created.token, None)).await.unwrap()
    else {
        panic!("the renewal was not done")
    };
    let found = sessioning.check(&namespace, &renewed.token).await.unwrap().live().unwrap();
    assert_eq!(found.version(), 2);

    // A removal is repeated until somebody says that it is done.
    assert!(losing_its_answer(&faults, sessioning.delete(&namespace, &renewed.token)).await.unwrap());
    assert!(sessioning.check(&namespace, &renewed.token).await.unwrap().live().is_none());

    // An insert is not sent again, and nothing of it stays.
    let lost = losing_its_answer(&faults, sessioning.create(alice.clone(), NewSession::default())).await;
    assert!(matches!(lost, Err(CreateError::Failed(_))), "{lost:?}");
    for _ in 0..500 {
        if documents.count_documents(mongodb::bson::doc! {}).await.unwrap() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a session that nobody has a token of is still there");
}

/// The most memory that the service ever used.
fn memory(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}
