//! A progress bar for long work; nothing where nobody looks.

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use parking_lot::Mutex;
use sessioning::{Phase, Progress};

use crate::output::Output;

/// The bar takes what the numbers leave of the line.
const STYLE: &str = "{msg:9} [{wide_bar}] {percent:>3}%  {count} of {total}  {rate}/s  {eta} left";

/// The highest rate that is told: the first moments of a phase make absurd ones.
const MOST: f64 = 9_999_999.0;

/// One bar, which begins anew with each phase. On standard error, if that is a terminal.
pub(crate) struct Bar {
    bar: ProgressBar,
    phase: Mutex<Option<Phase>>,
}

impl Bar {
    pub(crate) fn new(output: Output) -> Self {
        let nobody = output.json || output.quiet;
        Self::on(if nobody { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() })
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), target);
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
                counted(state.per_sec().clamp(0.0, MOST) as u64, to);
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use std::io::Result;
    use std::sync::Arc;

    use indicatif::TermLike;

    use super::*;

    /// A terminal of 80 columns that remembers its lines.
    #[derive(Clone, Debug, Default)]
    struct Terminal(Arc<Mutex<Vec<String>>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> Result<()> {
            Ok(())
        }
        fn write_line(&self, line: &str) -> Result<()> {
            self.write_str(line)
        }
        fn write_str(&self, text: &str) -> Result<()> {
            self.0.lock().push(text.to_owned());
            Ok(())
        }
        fn clear_line(&self) -> Result<()> {
            Ok(())
        }
        fn flush(&self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_fits_80_columns_however_large_the_numbers() {
        for total in [0, 1, 20_000, 1_000_000_000, 99_999_999_999] {
            for done in [0, total / 3, total] {
                let terminal = Terminal::default();
                let bar = Bar::on(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
                bar.show(Progress { phase: Phase::Comparing, done, total });
                bar.bar.tick();
                let lines = terminal.0.lock();
                let line = lines.iter().rev().find(|line| line.contains("comparing")).unwrap();
                let (bytes, columns) = (line.trim_end().len(), line.trim_end().chars().count());
                assert!(columns <= 80, "{columns} columns: {line:?}");
                assert_eq!(bytes, columns, "plain characters");
                assert!(
                    line.contains(&format!("of {}", HumanCount(total))) && line.contains(" left"),
                    "{line:?}"
                );
            }
        }
    }
}
