//! A progress bar for long work; nothing where nobody looks.

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use parking_lot::Mutex;
use sessioning::{Phase, Progress};

use crate::output::Output;

const STYLE: &str = "{msg:9} [{bar:20}] {percent:>3}%  {count} of {total}  {rate}/s  {eta} left";

/// One bar, which begins anew with each phase. On standard error, if that is a terminal.
pub(crate) struct Bar {
    bar: ProgressBar,
    phase: Mutex<Option<Phase>>,
}

impl Bar {
    pub(crate) fn new(output: Output) -> Self {
        let bar = if output.json || output.quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
        let style = ProgressStyle::with_template(STYLE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let counted = |number: u64, to: &mut dyn std::fmt::Write| {
            // A terminal that cannot be written to has nobody before it.
            let _ = write!(to, "{}", HumanCount(number));
        };
        let style = style
            .progress_chars("=> ")
            .with_key("count", move |state: &ProgressState, to: &mut dyn std::fmt::Write| {
                counted(state.pos(), to);
            })
            .with_key("total", move |state: &ProgressState, to: &mut dyn std::fmt::Write| {
                counted(state.len().unwrap_or_default(), to);
            })
            .with_key("rate", move |state: &ProgressState, to: &mut dyn std::fmt::Write| {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a rate, for people"
                )]
                counted(state.per_sec().max(0.0) as u64, to);
            });
        bar.set_style(style);
        Self { bar, phase: Mutex::new(None) }
    }

    pub(crate) fn show(&self, progress: Progress) {
        let mut phase = self.phase.lock();
        if *phase != Some(progress.phase) {
            *phase = Some(progress.phase);
            self.bar.reset();
            self.bar.set_message(match progress.phase {
                Phase::Copying => "copying",
                Phase::Comparing => "comparing",
                Phase::Removing => "removing",
            });
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
