//! The cache's bound, compared with what the allocator has given out. A program of its own: it counts everything.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests fail by panicking")]

use std::sync::Arc;

use peak_alloc::PeakAlloc;
use sessioning::store::CacheSettings;
use sessioning::{
    Cached, Data, Memory, Metadata, OsRandom, Owner, Record, SessionToken, Store, SystemClock, Timeout,
    Timeouts, Timestamp,
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const BOUND: usize = 16 * 1024 * 1024;
const STEP: usize = 256;

fn plain(owner: &Owner) -> Record {
    let start = Timestamp::from_millis(1_790_000_000_000);
    let timeouts = Timeouts { idle: "1m".parse().unwrap(), absolute: Timeout::Never };
    Record::new(&SessionToken::generate(start, &OsRandom).unwrap(), owner.clone(), timeouts, start)
}

/// What the cache takes once many times more records than fit went through it.
async fn taken(like: Record) -> usize {
    let before = ALLOCATOR.current_usage();
    let settings = CacheSettings { max_bytes: BOUND, ttl: None };
    let cached = Cached::new(Memory::new(), settings, Arc::new(SystemClock::new()));
    let (mut through, mut full) = (0, usize::MAX);
    while through < full {
        for _ in 0..STEP {
            let id = plain(&like.owner).id;
            let _ = cached.insert(Record { id, ..like.clone() }, None).await.unwrap();
            cached.get(id, &|_| true).await.unwrap().unwrap();
        }
        // From here on only the cache holds them.
        assert_eq!(
            cached.purge(Timestamp::from_millis(9_000_000_000_000), STEP).await.unwrap().removed,
            STEP
        );
        through += STEP;
        if full == usize::MAX && cached.len() < through {
            full = 5 * through;
        }
    }
    let taken = ALLOCATOR.current_usage() - before;
    println!("{} entries take {taken} bytes: {} % of the bound", cached.len(), taken * 100 / BOUND);
    taken
}

#[tokio::test]
async fn sec_42_what_the_cache_takes_from_the_allocator_is_within_its_bound() {
    let owner: Owner = "0197f0e2-1c9b-7e55-8000-c3a5ad0f6b7e".parse().unwrap();
    let plain = plain(&owner);
    let data = Data::from_json(&format!(r#"{{"list":[{}0]}}"#, "0,".repeat(2040))).unwrap();
    let metadata = Metadata::new(Some("203.0.113.77"), Some(&"x".repeat(512)), Some("kitchen tablet"));
    let methods = ["pwd", "otp", "hwk"].map(Box::from);
    let kinds = [
        ("data", Record { data, ..plain.clone() }),
        ("metadata", Record { metadata, methods: Box::new(methods), ..plain.clone() }),
        ("plain", plain),
    ];
    for (kind, like) in kinds {
        println!("{kind}:");
        let taken = taken(like).await;
        assert!(taken <= BOUND + BOUND / 50, "{kind}: {taken} bytes where {BOUND} are allowed");
        assert!(taken >= BOUND / 4 * 3, "{kind}: {taken} bytes, and a quarter of {BOUND} is never used");
    }
}
