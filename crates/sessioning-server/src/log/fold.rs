//! Lines that anybody can cause as often as they like, without a key: the first is written, and later how many
//! more there were. What is kept is bounded, and so is what is written.

use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

use parking_lot::Mutex;

use super::audit::audit;

/// How long lines are folded before their number is told.
const WINDOW: Duration = Duration::from_secs(10);
/// The most subjects of one group that are told apart in a window; all others are one.
const MOST: usize = 256;

/// What such a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    /// A caller was refused by a rule.
    Refusal,
    /// A token or an id opened nothing.
    NoSession,
    /// The store failed.
    Failure,
}

/// The lines of the window that is under way.
#[derive(Debug, Default)]
pub(crate) struct Folds([Mutex<Group>; 3]);

type Group = HashMap<(&'static str, String), Fold>;

#[derive(Debug)]
struct Fold {
    line: String,
    more: u64,
    /// The last of them, if it says something else.
    last: Option<String>,
}

impl Folds {
    /// Writes a line, unless one of the same kind about the same subject was written in this window.
    pub(crate) fn say(&self, what: Folded, kind: &'static str, subject: impl Display, line: impl Display) {
        if let Some(line) = self.first(what, kind, subject, line) {
            write(what, &line);
        }
    }

    /// The line, if it is to be written; else it is counted.
    pub(crate) fn first(
        &self,
        what: Folded,
        kind: &'static str,
        subject: impl Display,
        line: impl Display,
    ) -> Option<String> {
        let mut group = self.0[what as usize].lock();
        let mut key = (kind, subject.to_string());
        if group.len() >= MOST && !group.contains_key(&key) {
            key.1 = "others".into();
        }
        if let Some(fold) = group.get_mut(&key) {
            fold.more += 1;
            fold.last = Some(line.to_string()).filter(|line| *line != fold.line);
            return None;
        }
        let line = line.to_string();
        group.insert(key, Fold { line: line.clone(), more: 0, last: None });
        Some(line)
    }

    /// Tells how many lines were folded, and begins a new window.
    pub(crate) fn tell(&self) {
        for what in [Folded::Refusal, Folded::NoSession, Folded::Failure] {
            self.end_window(what).iter().for_each(|line| write(what, line));
        }
    }

    /// Does so after every window.
    pub(crate) async fn tell_each_window(&self) {
        loop {
            tokio::time::sleep(WINDOW).await;
            self.tell();
        }
    }

    fn end_window(&self, what: Folded) -> Vec<String> {
        let group = std::mem::take(&mut *self.0[what as usize].lock());
        let folded = group.into_values().filter(|fold| fold.more > 0);
        folded.map(Fold::told).collect()
    }
}

impl Fold {
    fn told(self) -> String {
        let Self { line, more, last } = self;
        let told = format!("{line}, and {more} more in {} s", WINDOW.as_secs());
        match last {
            Some(last) => format!("{told}; the last: {last}"),
            None => told,
        }
    }
}

fn write(what: Folded, line: &str) {
    match what {
        Folded::Refusal => audit!(warn, Refusal, "{line}"),
        Folded::NoSession => tracing::info!("{line}"),
        Folded::Failure => tracing::error!("{line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_refusals_of_one_kind_from_one_source_are_one_line_and_a_number() {
        let folds = Folds::default();
        let refuse =
            |kind, from: &str| folds.first(Folded::Refusal, kind, from, format_args!("{kind} {from}"));
        assert_eq!(refuse("key", "192.0.2.1").as_deref(), Some("key 192.0.2.1"));
        (0..412).for_each(|_| assert_eq!(refuse("key", "192.0.2.1"), None));
        assert!(refuse("scope", "192.0.2.1").is_some() && refuse("key", "192.0.2.2").is_some());
        assert_eq!(folds.end_window(Folded::Refusal), ["key 192.0.2.1, and 412 more in 10 s"]);
        // A new window.
        assert!(refuse("key", "192.0.2.1").is_some());
        assert!(folds.end_window(Folded::Refusal).is_empty());
    }

    #[test]
    fn a_fault_that_is_folded_into_another_is_told_at_the_end() {
        let folds = Folds::default();
        let refuse = |line: &str| folds.first(Folded::Refusal, "key", "127.0.0.1", line);
        for line in ["no key", "no key", "a bad key"] {
            refuse(line);
        }
        let told = ["no key, and 2 more in 10 s; the last: a bad key"];
        assert_eq!(folds.end_window(Folded::Refusal), told);
    }

    #[test]
    fn any_number_of_sources_writes_a_bounded_number_of_lines() {
        let folds = Folds::default();
        let written =
            (0..100_000_u32).filter_map(|from| folds.first(Folded::Refusal, "key", from, "refused")).count();
        assert_eq!(written, MOST + 1);
        assert_eq!(
            folds.end_window(Folded::Refusal),
            [format!("refused, and {} more in 10 s", 100_000 - MOST - 1)]
        );
        assert!(folds.first(Folded::NoSession, "key", 1, "a group has its own room").is_some());
    }
}
