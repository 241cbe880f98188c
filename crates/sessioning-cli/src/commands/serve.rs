//! `sessioning serve`

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use sessioning_server::config::{ConfigError, Effective, Layers, LogLevel, Source};

use crate::outcome::Failure;
use crate::text::FileName;

/// Every setting can be given as a flag here, in the environment as SESSIONING_…, or in sessioning.toml; the
/// first of these that sets it counts. `sessioning config show` tells which did.
#[derive(Args, Clone)]
#[command(after_help = "\
Examples:
  sessioning serve --listen 127.0.0.1:0                     on any free port, which it prints
  sessioning serve --store embedded:/var/lib/sessioning     on that data directory
  sessioning serve --set session.idle_timeout=30m           any setting of sessioning.example.toml")]
pub(crate) struct Arguments {
    /// Where to listen: HOST:PORT (port 0 is any free one) or unix:PATH [default: 127.0.0.1:7377]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,

    /// Where to tell health: HOST:PORT, unix:PATH, or off [default: 127.0.0.1:7378]
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<String>,

    /// Where to keep sessions: embedded:PATH, mongodb://HOST/DATABASE or memory: [default: embedded:./data]
    #[arg(long, value_name = "URL")]
    store: Option<String>,

    /// Serve a network without API keys, because something else guards it.
    #[arg(long)]
    open: bool,

    /// How log lines look: auto, text or json [default: auto, which is text on a terminal]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,

    /// Log more: -v every request, -vv everything.
    #[arg(long, short, action = ArgAction::Count)]
    verbose: u8,

    /// The configuration file [default: ./sessioning.toml, if it is there]
    #[arg(long, value_name = "FILE", env = "SESSIONING_CONFIG", value_parser = FileName)]
    config: Option<PathBuf>,

    /// Any setting, such as session.idle_timeout=30m; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Start although the clock is more than an hour behind the newest session.
    #[arg(long)]
    trust_clock: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let effective = arguments.effective()?;
    let log = sessioning_server::start_logging(&effective.config.log);
    let again = arguments.clone();
    let reread = move || again.effective().map_err(|failure| failure.message);
    Ok(sessioning_server::serve(effective, reread, arguments.trust_clock, &log).await?)
}

/// The defaults, the file and the environment together: what is set without flags.
pub(crate) fn outside(file: Option<&Path>) -> Result<Layers, Failure> {
    let mut layers = Layers::default();
    layers.file(file)?;
    layers.environment(std::env::vars_os())?;
    Ok(layers)
}

impl Arguments {
    /// The defaults, the file, the environment and these flags together.
    pub(crate) fn effective(&self) -> Result<Effective, Failure> {
        let mut layers = outside(self.config.as_deref())?;
        self.add_flags(&mut layers)?;
        for set in &self.set {
            let wrong = || Failure::usage(format!("--set {set}: write KEY=VALUE"));
            let (key, value) = set.split_once('=').ok_or_else(wrong)?;
            layers.set_text(key.trim(), value.trim(), Source::Flag("--set".into()))?;
        }
        Ok(layers.finish()?)
    }

    fn add_flags(&self, layers: &mut Layers) -> Result<(), ConfigError> {
        let level = match self.verbose {
            0 => None,
            1 => Some(LogLevel::Debug),
            _ => Some(LogLevel::Trace),
        };
        let level = level.map(|level| format!("{level:?}").to_lowercase());
        let flags = [
            ("listen", "--listen", self.listen.as_deref()),
            ("admin_listen", "--admin-listen", self.admin_listen.as_deref()),
            ("store", "--store", self.store.as_deref()),
            ("open", "--open", self.open.then_some("true")),
            ("log.format", "--log-format", self.log_format.as_deref()),
            ("log.level", "--verbose", level.as_deref()),
        ];
        for (key, flag, value) in flags {
            if let Some(value) = value {
                layers.set_text(key, value, Source::Flag(flag.into()))?;
            }
        }
        Ok(())
    }
}
