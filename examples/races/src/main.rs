//! Plays the four races on both, and prints what came of them.
#![allow(clippy::print_stdout, reason = "this is what it is for")]

use races::{play, with_sessioning, with_tower_sessions};

#[tokio::main]
async fn main() {
    for app in [with_sessioning, with_tower_sessions] {
        for row in play(app).await {
            let verdict = if row.holds { "holds" } else { "FAILS" };
            println!("{:<15} {verdict}  {}\n{:23}{}", row.app, row.race, "", row.seen);
        }
        println!();
    }
}
