//! The lines that wait to be written. Whoever logs never waits: what finds no room is dropped, counted and said.
//!
//! Lines of the audit have room of their own, which no other line takes. One queue holds both, so they are written
//! in the order in which they were logged.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::audit::{Kind, audit};

/// Ordinary lines that may wait.
const ORDINARY: usize = 16 * 1024;
/// Lines of the audit that may wait.
const AUDIT: usize = 64 * 1024;
/// Lines that are written in one go.
const AT_ONCE: usize = 64;
/// How often to look whether lines were dropped.
const LOOK: Duration = Duration::from_secs(1);
/// How long to leave a standard error alone that takes nothing now and does not block.
const PAUSE: Duration = Duration::from_millis(10);

/// The lines that wait. Clones are one queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Somebody added a line, or closed the queue.
    added: Condvar,
    /// The last line was written.
    ended: Condvar,
    /// How many were dropped, by kind.
    dropped: [AtomicU64; Kind::ALL.len()],
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<(Kind, Box<[u8]>)>,
    ordinary: usize,
    closed: bool,
    ended: bool,
}

impl Queue {
    fn has_room(&self, kind: Kind) -> bool {
        match kind {
            Kind::Ordinary => self.ordinary < ORDINARY,
            _ => self.lines.len() - self.ordinary < AUDIT,
        }
    }
}

impl Lines {
    fn add(&self, kind: Kind, line: &[u8]) {
        let mut queue = self.0.queue.lock();
        if !queue.has_room(kind) {
            self.0.dropped[kind as usize].fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.ordinary += usize::from(kind == Kind::Ordinary);
        queue.lines.push_back((kind, line.into()));
        self.0.added.notify_one();
    }

    /// Waits for lines and takes some of them; false when there will be none any more.
    fn take(&self, text: &mut Vec<u8>) -> bool {
        let mut queue = self.0.queue.lock();
        while queue.lines.is_empty() {
            if queue.closed {
                return false;
            }
            self.0.added.wait(&mut queue);
        }
        let taken = queue.lines.len().min(AT_ONCE);
        let mut ordinary = 0;
        for (kind, line) in queue.lines.drain(..taken) {
            ordinary += usize::from(kind == Kind::Ordinary);
            text.extend_from_slice(&line);
        }
        queue.ordinary -= ordinary;
        true
    }

    /// Writes all lines as they come, until the queue is closed.
    pub(super) fn write_to(&self, mut to: impl Write) {
        let mut text = Vec::new();
        while self.take(&mut text) {
            write_all(&mut to, &text);
            text.clear();
        }
        self.0.queue.lock().ended = true;
        self.0.ended.notify_all();
    }

    /// Takes no more lines, and gives those that wait some time to be written.
    pub(super) fn close(&self, patience: Duration) {
        let mut queue = self.0.queue.lock();
        queue.closed = true;
        self.0.added.notify_all();
        self.0.ended.wait_while_for(&mut queue, |queue| !queue.ended, patience);
    }

    /// How many lines were dropped since the start, by kind.
    pub(crate) fn dropped(&self) -> [(Kind, u64); Kind::ALL.len()] {
        Kind::ALL.map(|kind| (kind, self.0.dropped[kind as usize].load(Ordering::Relaxed)))
    }

    /// Says of lines that were dropped how many they were, of which kind, as soon as there is room to say it.
    pub(crate) async fn tell_dropped(self) {
        let mut told = [0; Kind::ALL.len()];
        loop {
            tokio::time::sleep(LOOK).await;
            for (kind, now) in self.dropped() {
                let told = &mut told[kind as usize];
                if now > *told && self.0.queue.lock().has_room(Kind::Lost) {
                    let (lines, kind) = (now - *told, kind.name());
                    audit!(
                        warn,
                        Lost,
                        lines,
                        kind,
                        "log lines were dropped: they came faster than they could be written"
                    );
                    *told = now;
                }
            }
        }
    }
}

/// Writes as much as there is somebody to read it.
fn write_all(to: &mut impl Write, mut text: &[u8]) {
    while !text.is_empty() {
        match to.write(text) {
            Ok(0) => return,
            Ok(written) => text = &text[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            // Nobody reads any more.
            Err(_) => return,
        }
    }
}

/// Takes one line, as the formatter writes it: whole, in one call.
pub(crate) struct Pen<'a>(&'a Lines, Kind);

impl Write for Pen<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.add(self.1, line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Pen<'a>;

    fn make_writer(&'a self) -> Pen<'a> {
        Pen(self, Kind::Ordinary)
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Pen<'a> {
        Pen(self, Kind::of(event))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// A writer that says that it was called, and then blocks until it is told to go on.
    struct Blocked {
        called: SyncSender<()>,
        go_on: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Blocked {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.written.lock().extend_from_slice(text);
            let _ = self.called.send(());
            let _ = self.go_on.recv();
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `log` logs while nobody reads; all that was written once somebody did.
    fn while_nobody_reads(log: impl FnOnce()) -> (String, Lines) {
        let lines = Lines::default();
        let (called, was_called) = sync_channel(1024 * 1024);
        let (go_on, may_go_on) = sync_channel::<()>(0);
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = Blocked { called, go_on: may_go_on, written: Arc::clone(&written) };
        let writing = lines.clone();
        let thread = std::thread::spawn(move || writing.write_to(writer));
        let layer = tracing_subscriber::fmt::layer().with_writer(lines.clone()).without_time();
        let subscriber = tracing_subscriber::registry().with(layer.with_ansi(false).with_level(false));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("the first");
            was_called.recv().unwrap();
            log();
        });
        // From here on nothing blocks.
        drop(go_on);
        lines.close(Duration::from_secs(60));
        thread.join().unwrap();
        let text = String::from_utf8(written.lock().clone()).unwrap();
        (text, lines)
    }

    fn dropped(lines: &Lines) -> Vec<(&'static str, u64)> {
        lines.dropped().into_iter().filter(|(_, n)| *n > 0).map(|(kind, n)| (kind.name(), n)).collect()
    }

    #[test]
    fn sec_40_no_flood_of_ordinary_lines_pushes_out_a_line_of_the_audit() {
        let (text, lines) = while_nobody_reads(|| {
            for number in 0..1000 {
                (0..50).for_each(|_| tracing::info!("ordinary"));
                audit!(info, End, number, "audited");
            }
        });
        let audited: Vec<_> = text.lines().filter(|line| line.contains("audited")).collect();
        assert_eq!(audited.len(), 1000);
        assert!(audited.iter().enumerate().all(|(at, line)| line.ends_with(&format!("number={at}"))));
        let ordinary = text.lines().filter(|line| line.contains("ordinary")).count();
        assert_eq!(ordinary, ORDINARY);
        assert_eq!(dropped(&lines), [("ordinary", 50_000 - ORDINARY as u64)]);
    }

    #[test]
    fn what_the_audit_itself_has_no_room_for_is_counted_by_kind() {
        let (text, lines) = while_nobody_reads(|| {
            (0..AUDIT).for_each(|_| audit!(info, Create, "made"));
            (0..3).for_each(|_| audit!(warn, Refusal, "refused"));
            audit!(info, End, "deleted");
            tracing::info!("ordinary lines have their own room");
        });
        assert_eq!(text.lines().filter(|line| line.contains("made")).count(), AUDIT);
        assert!(text.ends_with("ordinary lines have their own room\n"));
        assert_eq!(dropped(&lines), [("end", 1), ("refusal", 3)]);
    }

    #[test]
    fn lines_are_written_in_the_order_in_which_they_were_logged() {
        let (text, _) = while_nobody_reads(|| {
            tracing::info!("attempting");
            audit!(info, Create, "created");
            tracing::info!("then");
        });
        let said: Vec<_> = text.lines().map(|line| line.rsplit(": ").next().unwrap()).collect();
        assert_eq!(said, ["the first", "attempting", "created", "then"]);
    }
}
