//! A database for each test, on the server that the tests are given.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests fail by panicking")]

use std::time::Duration;

use sessioning_mongodb::{Layout, MongoDb, MongoSettings};

/// Names the server: `scripts/test` starts one, and any other may stand there.
pub const URL: &str = "SESSIONING_TEST_MONGODB_URL";

/// Settings for a new database; `None`, said, where there is no server. Under CI that is a failure.
pub fn settings(layout: Layout) -> Option<MongoSettings> {
    let Ok(url) = std::env::var(URL) else {
        assert!(std::env::var_os("CI").is_none(), "under CI nothing may be skipped: {URL} names no server");
        println!("SKIPPED: {URL} names no server; scripts/test starts one");
        return None;
    };
    let database = format!("sessioning_test_{:016x}", fastrand::u64(..));
    // Short, so that a test that revokes everyone again and again ends soon. The stand-in is not fast.
    let (deadline, everyone_within) = (Duration::from_secs(20), Duration::from_millis(100));
    let settings = MongoSettings::new(url.parse().unwrap());
    Some(MongoSettings { database, layout, deadline, everyone_within, ..settings })
}

/// A store over a new database.
pub async fn store(layout: Layout) -> Option<MongoDb> {
    let store = MongoDb::new(settings(layout)?);
    store.prepare().await.unwrap();
    Some(store)
}
