//! What the table says, so that it stays true.

use races::{Race, play, with_sessioning, with_tower_sessions};

#[tokio::test]
async fn every_race_holds_on_sessioning() {
    for row in play(with_sessioning).await {
        assert!(row.holds, "{}: {}", row.race, row.seen);
    }
}

/// A later version may mend one: then the comparison has to be written anew.
#[tokio::test]
async fn tower_sessions_loses_them() {
    let rows = play(with_tower_sessions).await;
    let lost: Vec<_> = rows.iter().filter(|row| !row.holds).map(|row| row.race).collect();
    assert!(lost.contains(&Race::LogoutDuringASlowWrite) && lost.len() >= 3, "{rows:?}");
}
