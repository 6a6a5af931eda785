//! The output folder and the terminal: nothing of another study is lost, and nothing is said to a terminal
//! that it would obey.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::{
    studies::{LONG, journal_size, start_long_study},
    support::{BRIEF, Run, assert_succeeds, lesion, tables},
};

fn reproduce(dir: &Path, args: &[&str]) -> Output {
    lesion(dir).arg("reproduce").args(BRIEF).args(args).output().unwrap()
}

#[track_caller]
fn assert_fails(output: &Output, expected: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for part in expected {
        assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
    }
}

#[test]
fn another_study_is_replaced_only_by_force() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("o");
    assert_succeeds(&reproduce(dir.path(), &["--out", "o"]));
    let first = tables(&out);
    let other = ["--seed", "1", "--out", "o"];
    assert_fails(&reproduce(dir.path(), &other), &["another study", "--force"]);
    assert_eq!(tables(&out), first);
    // The same study again is no other one.
    assert_succeeds(&reproduce(dir.path(), &["--out", "o"]));
    assert_succeeds(&reproduce(dir.path(), &[&other[..], &["--force"]].concat()));
    assert_ne!(tables(&out), first);
}

#[test]
fn results_of_another_version_are_another_study() {
    let dir = TempDir::new().unwrap();
    fs::create_dir_all(dir.path().join("target/reproduce")).unwrap();
    let manifest = dir.path().join("target/reproduce/manifest.json");
    fs::write(&manifest, "{\"lesion\": \"0.0.1\"}").unwrap();
    let out = ["--out", "target/reproduce"];
    assert_fails(&reproduce(dir.path(), &out), &["another study", "--force"]);
    assert_succeeds(&reproduce(dir.path(), &[]));
    assert_eq!(fs::read_to_string(&manifest).unwrap(), "{\"lesion\": \"0.0.1\"}");
    assert!(dir.path().join("target/reproduce-2/report.html").exists());
    assert_succeeds(&reproduce(dir.path(), &[&out[..], &["--force"]].concat()));
}

#[test]
fn by_default_another_study_is_written_beside_the_first() {
    let dir = TempDir::new().unwrap();
    for args in [&[][..], &["--seed", "1"], &["--seed", "2"], &["--seed", "1"]] {
        let output = reproduce(dir.path(), args);
        assert_succeeds(&output);
    }
    let folder = |name: &str| dir.path().join("target").join(name);
    assert!(folder("reproduce-3").exists() && !folder("reproduce-4").exists());
    assert_eq!(tables(&folder("reproduce-2")), tables(&Run::brief(&["--seed", "1"]).out()));
}

#[test]
fn files_of_others_are_left_alone_and_those_of_killed_runs_are_removed() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("o");
    fs::create_dir_all(out.join("figures")).unwrap();
    let litter = [".lesion-a1B2c3.tmp", "figures/.lesion-x9.tmp"];
    let notes = ["notes.txt", ".tmpabc", "figures/mine.svg"];
    for name in litter.iter().chain(&notes) {
        fs::write(out.join(name), "text").unwrap();
    }
    fs::write(out.join("journal.jsonl"), "my own journal\n").unwrap();
    assert_fails(&reproduce(dir.path(), &["--out", "o"]), &["journal.jsonl", "move it away"]);
    assert_eq!(fs::read_to_string(out.join("journal.jsonl")).unwrap(), "my own journal\n");
    fs::remove_file(out.join("journal.jsonl")).unwrap();
    assert_succeeds(&reproduce(dir.path(), &["--out", "o"]));
    assert!(notes.iter().all(|name| out.join(name).exists()));
    assert!(litter.iter().all(|name| !out.join(name).exists()));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    for name in ["journal.jsonl", "neurons.csv", "report.html"] {
        let dir = TempDir::new().unwrap();
        let precious = dir.path().join("precious");
        fs::write(&precious, "text").unwrap();
        fs::create_dir(dir.path().join("o")).unwrap();
        std::os::unix::fs::symlink(&precious, dir.path().join("o").join(name)).unwrap();
        assert_fails(&reproduce(dir.path(), &["--out", "o"]), &[name, "move it away"]);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "text");
        assert!(dir.path().join("o").join(name).is_symlink());
    }
}

#[cfg(unix)]
#[test]
fn a_signal_stops_a_run_that_the_same_command_resumes() {
    let whole = tables(&Run::new(&LONG).out());
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("target/reproduce");
    for signal in ["-INT", "-TERM"] {
        let size = journal_size(&out);
        let mut run = start_long_study(dir.path());
        while journal_size(&out) < size + 5_000 {
            assert!(run.try_wait().unwrap().is_none());
            std::thread::yield_now();
        }
        assert!(
            Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success()
        );
        assert_eq!(run.wait().unwrap().code(), Some(75));
        let mut stderr = String::new();
        run.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(stderr.ends_with("the same command resumes.\n"), "{stderr}");
        assert!(!out.join("manifest.json").exists());
    }
    let output = lesion(dir.path()).arg("reproduce").args(LONG).output().unwrap();
    assert_succeeds(&output);
    assert_eq!(tables(&out), whole);
}

#[test]
fn sections_are_written_when_they_are_final() {
    let dir = TempDir::new().unwrap();
    let mut program = lesion(dir.path());
    program.arg("reproduce").args(LONG).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut run = program.spawn().unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("The unlesioned control sentences")));
    // The parts of the laboratory are still to come.
    assert!(!dir.path().join("target/reproduce/manifest.json").exists());
    assert!(lines.any(|line| line.starts_with("What can be concluded")));
    assert!(lines.any(|line| line.starts_with("The report is ")));
    assert!(run.wait().unwrap().success());
}

/// A reader such as `head` may close the output before a study ends.
#[test]
fn a_study_ends_even_if_nobody_reads_it() {
    let dir = TempDir::new().unwrap();
    let mut program = lesion(dir.path());
    program.arg("reproduce").args(BRIEF).stdout(Stdio::piped());
    let mut run = program.spawn().unwrap();
    drop(run.stdout.take());
    assert!(run.wait().unwrap().success());
    assert!(dir.path().join("target/reproduce/report.html").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stdout_is_an_error_after_the_study() {
    let dir = TempDir::new().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = lesion(dir.path()).arg("reproduce").args(BRIEF).stdout(full).output().unwrap();
    assert_fails(&output, &["No space left"]);
    assert!(dir.path().join("target/reproduce/report.html").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stderr_changes_no_result() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let dir = TempDir::new().unwrap();
    let mut program = lesion(dir.path());
    let status = program.args(["predict", "no mask"]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));

    let out = dir.path().join("target/reproduce");
    let mut run = start_long_study(dir.path());
    while journal_size(&out) < 5_000 {
        assert!(run.try_wait().unwrap().is_none());
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    // It notes on stderr that it resumes.
    let mut program = lesion(dir.path());
    let status = program.arg("reproduce").args(LONG).stderr(full()).output().unwrap().status;
    assert_eq!(status.code(), Some(0));
    assert_eq!(tables(&out), tables(&Run::new(&LONG).out()));
}

#[test]
fn a_terminal_obeys_nothing_of_what_is_said() {
    let dir = TempDir::new().unwrap();
    let escape = "\u{1b}]0;x\u{7}\u{202e}";
    for args in [
        vec!["predict".to_owned(), format!("a {escape} [MASK].")],
        vec![
            "predict".to_owned(),
            "a [MASK].".to_owned(),
            "--candidates".to_owned(),
            escape.to_owned(),
        ],
        vec!["run".to_owned(), format!("no{escape}.toml")],
        vec!["reproduce".to_owned(), "--model".to_owned(), format!("no{escape}/where")],
        vec!["reproduce".to_owned(), "--layer".to_owned(), escape.to_owned()],
        vec!["report".to_owned(), format!("no\n{escape}")],
    ] {
        let output = lesion(dir.path()).args(&args).output().unwrap();
        assert!(is_tame(&output.stdout) && is_tame(&output.stderr), "{args:?}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).lines().count() <= 1, "{output:?}");
    }
}

/// A path with a line break and a sequence that sets the title of a terminal.
const ODD: &str = "a\u{1b}]0;x\u{7}\nb\u{202e}";

/// Whether a terminal shows all characters of a text and obeys only line feeds.
fn is_tame(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.chars()
        .all(|character| character == '\n' || !(character.is_control() || character == '\u{202e}'))
}

#[test]
fn every_command_escapes_the_names_of_files() {
    let dir = TempDir::new().unwrap();
    let odd = dir.path().join(ODD);
    fs::create_dir(&odd).unwrap();
    fs::create_dir(odd.join("model")).unwrap();
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/models/bundled");
    for entry in fs::read_dir(bundled).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), odd.join("model").join(entry.file_name())).unwrap();
    }
    let prompts = "The king met {him|her}.\nThe queen met {her|him}.\nWe saw {the|a} dog.\n";
    fs::write(odd.join("prompts.txt"), prompts).unwrap();
    fs::write(odd.join("broken.txt"), "The king met {him|her.\nThe queen met {her|.\n").unwrap();
    fs::write(odd.join("study.toml"), "parts = [\"dose\"]\nprompts = \"prompts.txt\"\n").unwrap();
    fs::write(odd.join("broken.toml"), "prompts = \"broken.txt\"\n").unwrap();
    fs::write(odd.join("no.toml"), "parts = [\n").unwrap();
    let odd = |name: &str| format!("{ODD}/{name}");
    let (study, out, model, page) = (odd("study.toml"), odd("o"), odd("model"), odd("c.html"));
    // Each with its exit code. A command that succeeds is asked again for JSON.
    let commands: [(&[&str], i32); 19] = [
        (&["check", &study], 0),
        (&["check", &study, "--model", &model], 0),
        (&["register", &study], 0),
        (&["register", &study], 2),
        (&["run", &study, "--out", &out, "--model", &model], 0),
        (&["run", &study, "--out", &out, "--seed", "1"], 2),
        (&["run", &study, "--out", &odd("study.toml/x")], 2),
        (&["report", &out], 0),
        (&["report", &odd("none")], 2),
        (&["compare", &out, &out, "--out", &page], 0),
        (&["compare", &out, &odd("none"), "--out", &page], 2),
        (&["evaluate", "--count", "2", "--model", &model], 0),
        (&["evaluate", "--model", &odd("none/x/y")], 2),
        (&["predict", "We saw [MASK].", "--model", &model], 0),
        (&["predict", "We saw [MASK].", "--lesion", "1:him", "--neurons", &odd("study.toml")], 2),
        (&["check", &odd("broken.toml")], 2),
        (&["run", &odd("broken.toml")], 2),
        (&["run", &odd("no.toml")], 2),
        (&["run", &odd("none.toml")], 2),
    ];
    for (args, code) in commands {
        let output = lesion(dir.path()).args(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(is_tame(&output.stdout) && is_tame(&output.stderr), "{args:?}: {output:?}");
        let lines = if args[1].contains("broken") { 2 } else { 1 };
        assert!(code == 0 || stderr.lines().count() == lines, "{args:?}: {stderr}");
        if code == 0 && args[0] != "register" {
            let output = lesion(dir.path()).args(args).arg("--json").output().unwrap();
            assert!(is_tame(&output.stdout) && is_tame(&output.stderr), "{args:?}: {output:?}");
            assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
        }
    }
}

#[test]
fn an_invalid_number_is_named_in_users_words() {
    let dir = TempDir::new().unwrap();
    for (args, expected) in [
        (["reproduce", "--memory", "x"], "`x` is not"),
        (["reproduce", "--threads", "0"], "use an integer from 1 to 512"),
        (["evaluate", "--count", "1.5"], "`1.5` is not"),
        (["reproduce", "--alpha", "x"], "`x` is not a number"),
        (["reproduce", "--nulls", "-3"], "use an integer from 1 to 100,000"),
        (["reproduce", "--strength", "effect"], "use `t` or `difference`"),
        (["devices", "--backend", "x"], "`x` is not a backend; use `flex`"),
    ] {
        let output = lesion(dir.path()).args(args).output().unwrap();
        let command = format!("see `lesion {} --help`", args[0]);
        assert_fails(&output, &[expected, &command]);
    }
}

#[test]
fn a_comparison_replaces_only_its_own_files() {
    let dir = TempDir::new().unwrap();
    assert_succeeds(&reproduce(dir.path(), &["--out", "o"]));
    let compare =
        |out: &str| lesion(dir.path()).args(["compare", "o", "o", "--out", out]).output().unwrap();
    let notes = dir.path().join("notes.txt");
    fs::write(&notes, "mine").unwrap();
    assert_fails(&compare("notes.txt"), &["notes.txt", "move it away"]);
    assert_eq!(fs::read_to_string(&notes).unwrap(), "mine");
    assert_fails(&compare("o/manifest.json"), &["manifest.json", "move it away"]);
    // A pipe stands for a device, which a test must not risk to replace.
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_fails(&compare("pipe"), &["pipe", "move it away"]);
    assert!(!pipe.metadata().unwrap().is_file());
    assert_succeeds(&compare("page.html"));
    assert_succeeds(&compare("page.html"));
}

#[cfg(unix)]
#[test]
fn a_table_without_an_end_is_not_read() {
    let dir = TempDir::new().unwrap();
    assert_succeeds(&reproduce(dir.path(), &["--out", "o"]));
    let table = dir.path().join("o/dose.csv");
    fs::remove_file(&table).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &table).unwrap();
    for command in ["report", "paper"] {
        let output = lesion(dir.path()).args([command, "o"]).output().unwrap();
        assert_fails(&output, &["dose.csv", "not a regular file"]);
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error_that_says_so() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    let dir = TempDir::new().unwrap();
    let mut program = lesion(dir.path());
    let output = program.arg("words").stdout(full).output().unwrap();
    assert_fails(&output, &["cannot write to stdout"]);
}
