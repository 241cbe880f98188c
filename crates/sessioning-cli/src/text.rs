//! How flags and the variables that stand for them are read: without white space around them, and refused by name.

use std::error::Error as StdError;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, Command, Error};
use sessioning_server::config::{Inside, tidy};

/// Reads a text that is not empty, and holds inside it no white space that cannot be meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text(pub(crate) Inside);

impl TypedValueParser for Text {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        self.parse_ref_(command, arg, value, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<String, Error> {
        let wrong = |why: String| {
            let name = arg.map_or_else(|| "a value".into(), |arg| name(arg, source));
            Error::raw(ErrorKind::InvalidValue, format!("{name}: {why}\n")).with_cmd(command)
        };
        let text = value.to_str().ok_or_else(|| wrong("is not UTF-8 text".into()))?;
        // The path of a socket is a path.
        let inside = if text.trim_start().starts_with("unix:") { Inside::Spaces } else { self.0 };
        match tidy(text, inside) {
            Ok("") => Err(wrong("is empty; give it a value, or leave it out".into())),
            Ok(text) => Ok(text.into()),
            Err(error) => Err(wrong(error.to_string())),
        }
    }
}

/// Reads the name of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileName;

impl TypedValueParser for FileName {
    type Value = PathBuf;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<PathBuf, Error> {
        self.parse_ref_(command, arg, value, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<PathBuf, Error> {
        Text(Inside::Spaces).parse_ref_(command, arg, value, source).map(PathBuf::from)
    }
}

/// The text as it was written, if it is one of that type: the service reads it again.
pub(crate) fn as_written<T: FromStr<Err: StdError>>(text: &str) -> Result<String, T::Err> {
    text.parse::<T>().map(|_| text.into())
}

/// The name by which the value was given.
fn name(arg: &Arg, source: ValueSource) -> String {
    match (source, arg.get_env(), arg.get_long()) {
        (ValueSource::EnvVariable, Some(variable), _) => variable.to_string_lossy().into_owned(),
        (_, _, Some(flag)) => format!("--{flag}"),
        _ => arg.get_id().to_string(),
    }
}
