//! Records to try a store with.

use std::time::Duration;

use sessioning::store::Inserted;
use sessioning::{
    Data, Metadata, OsRandom, Owner, Record, SessionId, SessionToken, Store, Timeout, Timeouts, Timestamp,
};

/// The moment at which samples are created.
pub const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
/// The idle timeout of samples; their absolute timeout is ten times as long.
pub const IDLE: Duration = Duration::from_secs(600);

/// A moment so many seconds after the start.
#[must_use]
pub fn at(seconds: u64) -> Timestamp {
    START.after(Duration::from_secs(seconds))
}

/// A new record of `user`, which may be `namespace/user`.
#[must_use]
pub fn record(user: &str) -> Record {
    let token = SessionToken::generate(START, &OsRandom).unwrap();
    let timeouts = Timeouts { idle: Timeout::After(IDLE), absolute: Timeout::After(IDLE * 10) };
    Record {
        methods: Box::new(["pwd".into(), "otp".into()]),
        level: 2,
        metadata: Metadata::new(Some("::1"), Some("curl/8.14"), None),
        data: Data::from_json(r#"{"cart":[1,2.50,"three"]}"#).unwrap(),
        ..Record::new(&token, owner(user), timeouts, START)
    }
}

/// The owner written `user`, or `namespace/user`.
#[must_use]
pub fn owner(text: &str) -> Owner {
    match text.split_once('/') {
        Some((namespace, user)) => Owner::new(namespace.parse().unwrap(), user.parse().unwrap()),
        None => text.parse().unwrap(),
    }
}

/// Inserts a new record of `user`; its id.
pub async fn insert(store: &dyn Store, user: &str) -> SessionId {
    let record = record(user);
    let id = record.id;
    assert_eq!(store.insert(record, None).await.unwrap(), Inserted::Done { evicted: vec![] });
    id
}

/// Whether the store has a record of that id.
pub async fn has(store: &dyn Store, id: SessionId) -> bool {
    store.get(id, &|_| true).await.unwrap().is_some()
}

/// What the store has of that id.
pub async fn get(store: &dyn Store, id: SessionId) -> Record {
    (*store.get(id, &|_| true).await.unwrap().unwrap()).clone()
}

/// The record without what the store sets itself.
#[must_use]
pub fn plain(record: &Record) -> Record {
    Record { epoch: 0, sequence: 0, generation: 0, ..record.clone() }
}
