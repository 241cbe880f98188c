//! Moves all sessions of one store into another, without logging anybody out, and nobody in again.
//!
//! One pass over the source adds what the target does not have and amends what has changed; one over the target
//! erases what has gone from the source. Both are repeated until a round changes nothing: then the two are equal,
//! record by record, which is the verification, too. That holds as long as nobody goes on using the source: what ends
//! in it afterwards, nobody tells the target.
//!
//! The target carries a mark until then, with the run that works on it and the place to go on from. So a copy that was
//! killed is taken up again, two at once find out, and a half of one is never served.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::store::{Amendment, Batch, Place, Transfer, takes_digests};
use crate::{Clock, Digest, Error, ErrorKind, OsRandom, Random, Record, SessionId, Timestamp};

/// How many records are moved in one step.
const STEP: usize = 1000;
/// How many records are amended before the mark is looked at again.
const AMENDED: usize = 50;
/// How long ago a run may have looked at the mark when it writes. One that was stopped looks again first: another may
/// have taken the copy up and ended it meanwhile.
const LOOKED: Duration = Duration::from_secs(1);
/// How often it looks again before it gives up.
const LOOKS: usize = 10;
/// How often a source that goes on changing is gone through.
const ROUNDS: usize = 10;
const BEGUN: &str = "begun";

/// A copy of one store into another.
pub struct Copy {
    source: Arc<dyn Transfer>,
    target: Arc<dyn Transfer>,
    clock: Arc<dyn Clock>,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Sessions are copied.
    Copying,
    /// The source is gone through again, for what has changed in it, and to compare.
    Comparing,
    /// What has gone from the source is removed from the target.
    Removing,
}

/// How far a copy is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// How many records have been gone through in this phase.
    pub done: u64,
    /// How many there are, approximately.
    pub total: u64,
}

/// What a copy has done, or would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// Sessions that are in both stores now.
    pub sessions: u64,
    /// Those of them whose tokens another system issued.
    pub imported: u64,
    /// Sessions that were added by this run.
    pub added: u64,
    /// Sessions that had changed in the source since they were copied.
    pub amended: u64,
    /// Sessions that had ended in the source since they were copied.
    pub removed: u64,
    /// Records that were left behind, because they ended more than a day ago.
    pub ended: u64,
    /// What is in the source and is no session.
    pub foreign: u64,
    /// Whether an earlier run was taken up again.
    pub resumed: bool,
}

/// Why a copy was not made, or not to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum CopyError {
    /// The source failed.
    Source(Error),
    /// The target failed.
    Target(Error),
    /// The target has sessions of its own; about so many.
    NotEmpty(u64),
    /// A copy of another source into the target has not ended.
    OtherCopy,
    /// Another run works on the same copy now, or it was given up.
    TakenOver,
    /// A copy into the source has not ended.
    HalfSource,
    /// The target keeps tokens, and digests cannot be turned into tokens.
    KeepsTokens,
    /// The target has another session under this id.
    Conflict(SessionId),
    /// The source did not stand still for as long as it takes to go through it.
    NeverStill,
}

type CopyResult<T> = std::result::Result<T, CopyError>;

impl Copy {
    /// A copy of everything in `source` into `target`.
    #[must_use]
    pub fn new(source: Arc<dyn Transfer>, target: Arc<dyn Transfer>, clock: Arc<dyn Clock>) -> Self {
        Self { source, target, clock }
    }

    /// What [`run`](Self::run) would do with these stores; changes nothing. No target is an empty one.
    ///
    /// # Errors
    ///
    /// As `run`, as far as looking tells.
    pub async fn look(
        source: &dyn Transfer,
        target: Option<&dyn Transfer>,
        clock: &dyn Clock,
        told: &(dyn Fn(Progress) + Sync),
    ) -> CopyResult<CopyReport> {
        let mut report = CopyReport::default();
        check_whole(source).await?;
        if let Some(target) = target {
            check_kind(target)?;
            report.resumed = target.import_mark().await.map_err(CopyError::Target)?.is_some();
            if !report.resumed {
                check_empty(target).await?;
            }
        }
        let (total, mut done) = (source.count().await.map_err(CopyError::Source)?, 0);
        let mut next = Some(Place::start());
        while let Some(place) = next {
            let batch = source.read(&place, STEP, false).await.map_err(CopyError::Source)?;
            sift(&batch, clock.now(), &mut report, &mut done);
            told(Progress { phase: Phase::Comparing, done, total });
            next = batch.next;
        }
        Ok(report)
    }

    /// Makes the copy, or takes up one that was interrupted.
    ///
    /// # Errors
    ///
    /// See [`CopyError`]; the target then still carries the mark, unless it was never begun.
    pub async fn run(&self, told: &(dyn Fn(Progress) + Sync)) -> CopyResult<CopyReport> {
        check_kind(&*self.target)?;
        check_whole(&*self.source).await?;
        let (mut held, resumed) = self.take().await?;
        if !held.mark.begun {
            self.begin(&mut held).await?;
        }
        let mut report = CopyReport { resumed, ..CopyReport::default() };
        self.pass(Phase::Copying, &mut held, &mut report, told).await?;
        for _ in 0..ROUNDS {
            let before = (report.added, report.amended, report.removed);
            held.mark.place = Place::start();
            self.pass(Phase::Comparing, &mut held, &mut report, told).await?;
            self.sweep(&mut held, &mut report, told).await?;
            if before == (report.added, report.amended, report.removed) {
                self.end(&held).await?;
                return Ok(report);
            }
        }
        Err(CopyError::NeverStill)
    }

    /// Marks the target as this run's; whether another run had begun.
    async fn take(&self) -> CopyResult<(Held, bool)> {
        let source = hex(self.source.key().await.map_err(CopyError::Source)?);
        let mut run = [0; 8];
        OsRandom.fill(&mut run).map_err(CopyError::Target)?;
        let run = base16ct::lower::encode_string(&run);
        let found = self.target.import_mark().await.map_err(CopyError::Target)?;
        let mark = match &found {
            Some(text) => {
                let mark =
                    Mark::read(text).filter(|mark| mark.source == source).ok_or(CopyError::OtherCopy)?;
                Mark { run, ..mark }
            }
            None => {
                check_empty(&*self.target).await?;
                Mark { source, run, begun: false, place: Place::start() }
            }
        };
        let mut held = Held { text: found.clone(), mark };
        self.hold(&mut held).await?;
        Ok((held, found.is_some()))
    }

    /// Waits until nobody works with the target, and sees whether it is still empty.
    async fn begin(&self, held: &mut Held) -> CopyResult<()> {
        self.target.until_nobody_works().await.map_err(CopyError::Target)?;
        if let Err(error) = check_empty(&*self.target).await {
            self.end(held).await?;
            return Err(error);
        }
        held.mark.begun = true;
        self.hold(held).await
    }

    /// Renews the mark before something is written: nobody else has taken the copy up, or given it up.
    async fn hold(&self, held: &mut Held) -> CopyResult<()> {
        let text = held.mark.to_string();
        match self.target.change_import_mark(held.text.as_deref(), Some(&text)).await {
            Ok(true) => {
                held.text = Some(text);
                Ok(())
            }
            Ok(false) => Err(CopyError::TakenOver),
            Err(error) => Err(CopyError::Target(error)),
        }
    }

    /// The same, and it is only just done when this returns: a process may be stopped at any moment, and what it writes
    /// when it goes on must not rest on a look from before.
    async fn hold_now(&self, held: &mut Held) -> CopyResult<()> {
        for _ in 0..LOOKS {
            let looked = self.clock.now();
            self.hold(held).await?;
            if self.clock.now() <= looked.after(LOOKED) {
                return Ok(());
            }
        }
        Err(CopyError::Target(ErrorKind::TimedOut.into()))
    }

    async fn end(&self, held: &Held) -> CopyResult<()> {
        match self.target.change_import_mark(held.text.as_deref(), None).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(CopyError::TakenOver),
            // It may be done, and only the answer lost.
            Err(error) => match self.target.import_mark().await {
                Ok(None) => Ok(()),
                _ => Err(CopyError::Target(error)),
            },
        }
    }

    /// Goes through the source from the mark's place on.
    async fn pass(
        &self,
        phase: Phase,
        held: &mut Held,
        report: &mut CopyReport,
        told: &(dyn Fn(Progress) + Sync),
    ) -> CopyResult<()> {
        let (total, mut done) = (self.source.count().await.map_err(CopyError::Source)?, 0);
        (report.sessions, report.imported, report.ended, report.foreign) = (0, 0, 0, 0);
        let mut batch =
            Some(self.source.read(&held.mark.place, STEP, true).await.map_err(CopyError::Source)?);
        while let Some(mut current) = batch.take() {
            let records = sift(&current, self.clock.now(), report, &mut done);
            let next = current.next.take();
            // The next ones are read while these are written.
            let (written, ahead) =
                tokio::join!(self.write(records, held, report), self.read_ahead(next.as_ref()));
            written?;
            batch = ahead?;
            if let (Phase::Copying, Some(place)) = (phase, next) {
                held.mark.place = place;
                self.hold(held).await?;
            }
            told(Progress { phase, done, total: total.max(done) });
        }
        Ok(())
    }

    async fn read_ahead(&self, place: Option<&Place>) -> CopyResult<Option<Batch>> {
        match place {
            Some(place) => self.source.read(place, STEP, true).await.map(Some).map_err(CopyError::Source),
            None => Ok(None),
        }
    }

    async fn write(&self, records: Vec<Record>, held: &mut Held, report: &mut CopyReport) -> CopyResult<()> {
        let ids: Vec<_> = records.iter().map(|record| record.id).collect();
        let there = self.target.find(&ids).await.map_err(CopyError::Target)?;
        let there: HashMap<_, _> = there.into_iter().map(|record| (record.id, record)).collect();
        let (mut missing, mut changed) = (Vec::new(), Vec::new());
        for record in records {
            match there.get(&record.id) {
                None => missing.push(record),
                Some(old) if old.owner != record.owner => return Err(CopyError::Conflict(record.id)),
                Some(old) if !is_same(old, &record) => {
                    changed.push(Amendment { found: old.clone(), record });
                }
                Some(_) => {}
            }
        }
        report.added += count(missing.len());
        // A use of a session changes what is written, but is no reason to go through everything once more.
        let changes = changed.iter().filter(|change| !is_used(&change.found, &change.record));
        report.amended += count(changes.count());
        if !missing.is_empty() {
            self.hold_now(held).await?;
            self.target.add(missing).await.map_err(CopyError::Target)?;
        }
        for step in changed.chunks(AMENDED) {
            self.hold_now(held).await?;
            self.target.amend(step.to_vec()).await.map_err(CopyError::Target)?;
        }
        Ok(())
    }

    /// Goes through the target, and erases what has gone from the source.
    async fn sweep(
        &self,
        held: &mut Held,
        report: &mut CopyReport,
        told: &(dyn Fn(Progress) + Sync),
    ) -> CopyResult<()> {
        let (total, mut done) = (self.target.count().await.map_err(CopyError::Target)?, 0);
        let mut next = Some(Place::start());
        while let Some(place) = next {
            let batch = self.target.read(&place, STEP, false).await.map_err(CopyError::Target)?;
            let ids: Vec<_> = batch.records.iter().map(|record| record.id).collect();
            let there = self.source.find(&ids).await.map_err(CopyError::Source)?;
            let there: HashSet<_> = there.iter().map(|record| record.id).collect();
            let gone: Vec<_> = ids.iter().copied().filter(|id| !there.contains(id)).collect();
            if !gone.is_empty() {
                self.hold_now(held).await?;
                self.target.erase(&gone).await.map_err(CopyError::Target)?;
            }
            report.removed += count(gone.len());
            done += count(ids.len());
            told(Progress { phase: Phase::Removing, done, total: total.max(done) });
            next = batch.next;
        }
        Ok(())
    }
}

fn check_kind(target: &dyn Transfer) -> CopyResult<()> {
    if takes_digests(target) { Ok(()) } else { Err(CopyError::KeepsTokens) }
}

/// A half of a copy is no source: it has neither all sessions nor only live ones.
async fn check_whole(source: &dyn Transfer) -> CopyResult<()> {
    match source.import_mark().await.map_err(CopyError::Source)? {
        None => Ok(()),
        Some(_) => Err(CopyError::HalfSource),
    }
}

async fn check_empty(target: &dyn Transfer) -> CopyResult<()> {
    match target.count().await.map_err(CopyError::Target)? {
        0 => Ok(()),
        some => Err(CopyError::NotEmpty(some)),
    }
}

/// The records of a batch that are worth copying; counts all of them.
fn sift(batch: &Batch, now: Timestamp, report: &mut CopyReport, done: &mut u64) -> Vec<Record> {
    let ended = |record: &Record| record.purge_at().is_some_and(|at| at <= now);
    let records: Vec<_> = batch.records.iter().filter(|record| !ended(record)).cloned().collect();
    *done += count(batch.records.len()) + batch.foreign;
    report.foreign += batch.foreign;
    report.ended += count(batch.records.len() - records.len());
    report.sessions += count(records.len());
    report.imported += count(records.iter().filter(|record| record.id.is_imported()).count());
    records
}

/// Whether two stores have the same of a session: all but what each store numbers in its own way.
fn is_same(one: &Record, other: &Record) -> bool {
    let plain = |record: &Record| Record { epoch: 0, sequence: 0, generation: 0, ..record.clone() };
    plain(one) == plain(other)
}

/// Whether nothing but a use lies between two records of a session.
fn is_used(before: &Record, after: &Record) -> bool {
    is_same(&Record { last_seen: after.last_seen, ..before.clone() }, after)
}

/// What the target remembers of a copy that has not ended.
struct Mark {
    /// The source's own key, as digits: which source it is, not where.
    source: String,
    /// Which run works on it.
    run: String,
    /// Whether nobody works with the target any more, and it was empty then.
    begun: bool,
    place: Place,
}

/// A mark, and its text as the target has it.
struct Held {
    text: Option<String>,
    mark: Mark,
}

impl Mark {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.splitn(4, ' ');
        let (source, run) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (begun, place) = (words.next()? == BEGUN, Place::resume(words.next()?));
        Some(Self { source, run, begun, place })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begun = if self.begun { BEGUN } else { "marked" };
        write!(f, "{} {} {begun} {}", self.source, self.run, self.place.public())
    }
}

/// The digest of the source's key: the key itself stays where it is.
fn hex(key: [u8; 32]) -> String {
    base16ct::lower::encode_string(Digest::of(&key).as_bytes())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(_) => f.write_str("the source failed; the same command goes on where this one ended"),
            Self::Target(_) => f.write_str("the target failed; the same command goes on where this one ended"),
            Self::NotEmpty(some) => write!(
                f,
                "the target has about {some} sessions of its own, which a copy would mix with others; \
                 choose an empty target"
            ),
            Self::OtherCopy => f.write_str(
                "a copy of another source into the target has not ended; finish that one, or give it up with --abandon",
            ),
            Self::TakenOver => f.write_str("another run has taken this copy up, or it was given up; this one has ended"),
            Self::HalfSource => f.write_str(
                "a copy into the source has not ended, so it has neither all sessions nor only live ones; finish that \
                 one first",
            ),
            Self::KeepsTokens => f.write_str(
                "the target has the concept layout, which keeps tokens, and the source has only digests of them; \
                 copy into the native layout or into embedded:PATH, or move documents between two databases of the \
                 concept layout with mongodump and mongorestore",
            ),
            Self::Conflict(id) => {
                write!(f, "the target has a session of another user under the id {id}; nothing of it was changed")
            }
            Self::NeverStill => f.write_str(
                "the source went on changing; stop what writes to it, and run the same command again to finish",
            ),
        }
    }
}

impl std::error::Error for CopyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Source(error) | Self::Target(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::store::{Inserted, Store};
    use crate::{Embedded, SystemClock, Timeout, Timeouts};

    /// A clock by which the process is stopped for so long at every look.
    #[derive(Debug)]
    struct Stopped(AtomicI64, i64);

    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.fetch_add(self.1, Ordering::SeqCst))
        }
    }

    #[tokio::test]
    async fn nothing_is_written_long_after_the_mark_was_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| Embedded::open(folder.path().join(name), &SystemClock::new()).unwrap();
        let (source, target) = (Arc::new(open("source")), Arc::new(open("target")));
        let now = SystemClock::new().now();
        let token = crate::SessionToken::generate(now, &OsRandom).unwrap();
        let never = Timeouts { idle: Timeout::Never, absolute: Timeout::Never };
        let record = Record::new(&token, "alice".parse().unwrap(), never, now);
        assert!(matches!(source.insert(record, None).await.unwrap(), Inserted::Done { .. }));
        let copy = |each: i64| {
            let now = SystemClock::new().now().as_millis();
            let clock = Arc::new(Stopped(AtomicI64::new(now), each));
            Copy::new(Arc::clone(&source) as _, Arc::clone(&target) as _, clock)
        };
        let stopped = copy(1001).run(&|_| ()).await;
        assert!(matches!(stopped, Err(CopyError::Target(_))), "{stopped:?}");
        assert_eq!(target.count().await.unwrap(), 0, "it was written all the same");
        assert_eq!(copy(1).run(&|_| ()).await.unwrap().sessions, 1);
    }
}
