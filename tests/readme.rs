//! The README's first transcript, run as it stands, against the real binary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Service, skip};

/// A line of the transcript: something to run, with what it prints; or the restart.
#[derive(Debug)]
enum Step {
    Run { command: String, output: String },
    Restart,
}

/// The first `console` block with this call, in steps.
fn transcript(readme: &str, call: &str) -> Vec<Step> {
    let block = readme.split("```console\n").find(|block| block.contains(call));
    let block = block.unwrap().split("```").next().unwrap();
    let mut steps = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step::Run { command: command.into(), output: String::new() });
        } else if line.starts_with("# restart") {
            steps.push(Step::Restart);
        } else if let Some(Step::Run { output, .. }) = steps.last_mut() {
            output.push_str(line);
            output.push('\n');
        }
    }
    steps
}

/// Whether a text is what was expected, where `…` stands for anything.
fn fits(text: &str, expected: &str) -> bool {
    let mut rest = text;
    for (number, part) in expected.split('…').enumerate() {
        match rest.find(part) {
            Some(at) if number > 0 || at == 0 => rest = &rest[at + part.len()..],
            _ => return false,
        }
    }
    rest.is_empty() || expected.ends_with('…')
}

#[test]
fn the_first_transcript_works_as_written() {
    let steps = play("/api/Sessioning/create");
    let restarts = steps.iter().filter(|step| matches!(step, Step::Restart)).count();
    assert!(restarts == 1 && steps.len() >= 6, "{steps:?}");
}

#[test]
fn the_transcript_of_v1_works_as_written() {
    assert!(play("localhost:7377/v1/sessions").len() == 4);
}

/// Runs the transcript with this call; its steps.
fn play(call: &str) -> Vec<Step> {
    if Command::new("curl").arg("--version").output().is_err() {
        skip("curl is not here");
        return Vec::new();
    }
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start_in(folder.path(), &[]);
    let steps = transcript(&readme, call);
    for step in &steps {
        let Step::Run { command, output } = step else {
            assert!(service.stop().success());
            service = Service::start_in(folder.path(), &[]);
            continue;
        };
        let command = command.replace("localhost:7377", &service.address);
        let run = Command::new("bash").args(["-c", &command]).current_dir(folder.path()).output().unwrap();
        let printed = String::from_utf8(run.stdout).unwrap();
        let printed = if printed.ends_with('\n') || printed.is_empty() { printed } else { printed + "\n" };
        assert!(fits(&printed, output), "$ {command}\nprinted  {printed}expected {output}");
    }
    steps
}
