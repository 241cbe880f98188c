use super::*;

impl Fixture {
    async fn page(&self, after: Option<SessionId>, limit: usize) -> (Vec<SessionId>, Option<SessionId>) {
        let page = self.sessioning.list(&alice(), after, limit).await.unwrap();
        (page.sessions.iter().map(Session::id).collect(), page.next)
    }

    /// So many sessions, in the order of their ids.
    async fn create_many(&self, count: usize) -> Vec<SessionId> {
        let mut ids = Vec::new();
        for _ in 0..count {
            self.clock.advance(Duration::from_millis(1));
            ids.push(self.create().await.session.id());
        }
        ids
    }
}

#[tokio::test]
async fn pages_hold_every_live_session_once() {
    let it = fixture();
    let ids = it.create_many(250).await;
    for limit in [1, 7, 100, 249, 250] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = it.page(after, limit).await;
            assert!(page.len() <= limit);
            seen.extend(page);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ids, "limit {limit}");
    }
    assert_eq!(it.page(None, 250).await.1, None);
    assert_eq!(it.page(None, 0).await, (vec![ids[0]], Some(ids[0])));
    assert_eq!(it.page(Some(ids[249]), 10).await, (vec![], None));
}

#[tokio::test]
async fn what_is_not_live_is_not_shown() {
    let it = fixture();
    let expired = it.create_many(3).await;
    it.clock.advance(MINUTE * 60 * 24 * 7);
    let mut pending = it.sessioning.draft(alice(), NewSession::default()).unwrap();
    pending.record.pending = true;
    let pending = it.sessioning.insert(pending).await.unwrap().session.id();
    let live = it.create_many(2).await;
    assert_eq!(it.page(None, 100).await, (live.clone(), None));
    let describe = async |id| {
        let found = it.sessioning.describe(&Namespace::default(), id).await.unwrap();
        found.map(|session| session.id())
    };
    assert_eq!(describe(live[0]).await, Some(live[0]));
    assert_eq!((describe(expired[0]).await, describe(pending).await), (None, None));
    let elsewhere = it.sessioning.describe(&"other".parse().unwrap(), live[0]).await.unwrap();
    assert!(elsewhere.is_none());
}

/// Thousands of ended sessions that no purge has freed yet make a page short, never endless.
#[tokio::test]
async fn a_page_reads_a_bounded_number_of_records() {
    let it = fixture();
    it.create_many(3300).await;
    it.clock.advance(MINUTE * 60 * 24 * 7);
    let live = it.create_many(1).await;
    let (page, next) = it.page(None, 10).await;
    assert!(page.is_empty() && next.is_some());
    assert_eq!(it.page(next, 10).await, (live, None));
}

#[tokio::test]
async fn looking_is_no_use() {
    let it = fixture();
    let created = it.create().await;
    let before = it.store.writes.load(Ordering::SeqCst);
    it.clock.advance(MINUTE * 60);
    it.page(None, 10).await;
    let described = it.sessioning.describe(&Namespace::default(), created.token.id()).await.unwrap();
    it.settle().await;
    assert_eq!(described.unwrap().last_seen(), START);
    assert_eq!(it.store.writes.load(Ordering::SeqCst), before);
}
