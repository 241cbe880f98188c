//! Secrets come from a file, from standard input or from a prompt: the process list shows arguments to all.

use std::borrow::Cow;
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use sessioning::SessionToken;
use sessioning_server::config::{Inside, tidy};
use sessioning_server::masked;
use zeroize::Zeroizing;

use crate::outcome::Failure;

/// The most of a file that is read: a token or a key has little more than a hundred characters.
const MOST: u64 = 4096;

/// The token in `file`, on standard input for `-`, or as typed at a prompt. What is none is not worth a call.
pub(crate) fn token(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    let token = text(file)?;
    match SessionToken::parse(&token) {
        Err(fault) if SessionToken::import(&token).is_err() => Err(Failure::no_token(&fault)),
        _ => Ok(token),
    }
}

fn text(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    match file {
        Some(path) if path == Path::new("-") => first_line("standard input", io::stdin()),
        Some(path) => in_file(path),
        None if io::stdin().is_terminal() => {
            let typed = rpassword::prompt_password("Session token: ");
            typed.map(Zeroizing::new).map_err(|error| Failure::other("cannot read the token", &error))
        }
        None => Err(Failure::usage("name a file that holds the token, or - for standard input")),
    }
}

/// The first line of a file.
pub(crate) fn in_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    // A token or key given as the argument would be read as a file name; say so without repeating it.
    if is_secret(&path.to_string_lossy()) && !path.exists() {
        return Err(Failure::usage(
            "give the name of a file that holds the token or key, not the secret itself: every user of this machine can \
             see arguments",
        ));
    }
    let file = fs::File::open(path).map_err(|error| Failure::other(path.display(), &error))?;
    first_line(&path.display().to_string(), file)
}

/// Whether a text is a token or a key, or what is left of one.
fn is_secret(text: &str) -> bool {
    let begins = ["ses_", "sk_"].iter().any(|prefix| text.starts_with(prefix));
    begins || matches!(masked(text), Cow::Owned(_)) || SessionToken::import(text).is_ok()
}

fn first_line(name: &str, from: impl Read) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    from.take(MOST).read_to_string(&mut text).map_err(|error| Failure::other(name, &error))?;
    word(name, text.lines().next().unwrap_or_default())
}

/// A token or a key as it was written in the file or variable of that name, without what is around it.
pub(crate) fn word(name: &str, text: &str) -> Result<Zeroizing<String>, Failure> {
    match tidy(text, Inside::Nothing) {
        Ok("") => Err(Failure::usage(format!("{name} is empty; it should hold the token or key"))),
        Ok(word) => Ok(Zeroizing::new(word.to_owned())),
        Err(error) => Err(Failure::usage(format!("{name}: {error}"))),
    }
}
