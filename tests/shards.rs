//! Shares of a study: whatever their number, order and kills, the results are those of one run. Signals,
//! time limits, exit codes and events of a run that a cluster watches.

#![cfg(unix)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tempfile::TempDir;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use crate::support::odd_system::OddSystem;
use crate::support::{Run, assert_succeeds, lesion, tables};

/// A study with parts that depend on one another: doses and single neurons look at the layer that the
/// controls find, and kinds of random sets are left out by p.
const STUDY: [&str; 6] =
    ["--parts", "controls,joint,dose,causal,stability", "--nulls", "20", "--threads", "1"];

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut program = lesion(dir);
    program.args(["reproduce", "--out", "out"]).args(STUDY).args(args);
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

fn run(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).output().unwrap()
}

fn whole() -> BTreeMap<String, Vec<u8>> {
    tables(&Run::new(&STUDY).out())
}

/// Bytes of a journal in a study's folder.
fn size(dir: &Path, file: &str) -> u64 {
    fs::metadata(dir.join("out").join(file)).map_or(0, |file| file.len())
}

fn send(signal: &str, run: &Child) {
    let status = Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Starts a run and waits until its journal has grown by some bytes. None if it ended before.
fn start_until(dir: &Path, args: &[&str], journal: &str, growth: u64) -> Option<Child> {
    let before = size(dir, journal);
    let mut run = command(dir, args).spawn().unwrap();
    while size(dir, journal) < before + growth {
        if run.try_wait().unwrap().is_some() {
            return None;
        }
        std::thread::yield_now();
    }
    Some(run)
}

#[test]
fn shares_in_any_number_and_order_give_the_bytes_of_one_run() {
    let whole = whole();
    for order in [&["1/1"][..], &["2/2", "1/2"], &["3/3", "1/3", "2/3"], &["1/4", "3/4"]] {
        let dir = TempDir::new().unwrap();
        for share in order {
            let text = assert_succeeds(&run(dir.path(), &["--shard", share]));
            assert!(text.starts_with("Share "), "{text}");
            assert!(!dir.path().join("out/manifest.json").exists());
        }
        let output = run(dir.path(), &[]);
        assert_succeeds(&output);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("Resuming"), "{stderr}");
        assert_eq!(tables(&dir.path().join("out")), whole, "{order:?}");
    }
}

#[test]
fn shares_that_run_side_by_side_leave_nothing_to_compute() {
    let whole = whole();
    let dir = TempDir::new().unwrap();
    let shares = ["1/3", "2/3", "3/3"];
    let runs: Vec<Child> = shares
        .iter()
        .map(|share| command(dir.path(), &["--shard", share]).spawn().unwrap())
        .collect();
    for run in runs {
        assert_succeeds(&run.wait_with_output().unwrap());
    }
    // A share may end before the others begin. What they left is then computed by any share that runs again.
    for share in shares {
        assert_succeeds(&run(dir.path(), &["--shard", share]));
    }
    let mut names = BTreeSet::new();
    for number in 1..=3 {
        let journal = dir.path().join(format!("out/journal-{number}-of-3.jsonl"));
        for line in fs::read_to_string(journal).unwrap().lines().skip(1) {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(
                names.insert(line["unit"].as_str().unwrap().to_owned()),
                "computed twice: {line}"
            );
        }
    }
    let output = run(dir.path(), &["--shard", "1/3", "--json"]);
    let answer: Value = serde_json::from_str(&assert_succeeds(&output)).unwrap();
    assert_eq!(answer["share"]["left"], Value::Array(Vec::new()));
    assert_eq!(answer["share"]["finished"], names.len());
    // The run that writes the results adds no batch: it is stopped before it removes the journals.
    assert_succeeds(&run(dir.path(), &[]));
    assert_eq!(tables(&dir.path().join("out")), whole);
    let text = assert_succeeds(&run(dir.path(), &["--shard", "2/3"]));
    assert!(text.contains("is finished"), "{text}");
}

#[test]
fn shares_that_are_killed_again_and_again_give_the_bytes_of_one_run() {
    const KILLS: usize = 30;
    const SHARES: usize = 3;
    let whole = whole();
    let mut random = ChaCha8Rng::seed_from_u64(21);
    let mut dir = TempDir::new().unwrap();
    let (mut kills, mut ended) = (0, 0);
    while kills < KILLS {
        let number = random.random_range(1..=SHARES);
        let share = format!("{number}/{SHARES}");
        let journal = format!("journal-{number}-of-{SHARES}.jsonl");
        let growth = random.random_range(1..6_000);
        match start_until(dir.path(), &["--shard", &share], &journal, growth) {
            Some(mut run) => {
                run.kill().unwrap();
                run.wait().unwrap();
                kills += 1;
            }
            None => ended += 1,
        }
        if ended == SHARES {
            assert_succeeds(&run(dir.path(), &[]));
            assert_eq!(tables(&dir.path().join("out")), whole);
            dir = TempDir::new().unwrap();
            ended = 0;
        }
    }
    assert_succeeds(&run(dir.path(), &[]));
    assert_eq!(tables(&dir.path().join("out")), whole);
}

#[test]
fn runs_that_meet_say_so_and_journals_of_another_study_are_ignored() {
    let whole = whole();
    let dir = TempDir::new().unwrap();
    let first = start_until(dir.path(), &["--shard", "1/2"], "journal-1-of-2.jsonl", 500).unwrap();
    // It does not end before the others have met it.
    send("-STOP", &first);
    for args in [&["--shard", "1/2"][..], &[]] {
        let output = run(dir.path(), args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("another run is writing into out"), "{stderr}");
    }
    send("-CONT", &first);
    assert_succeeds(&first.wait_with_output().unwrap());
    // Another study neither takes the share's journal nor reads it.
    let output = run(dir.path(), &["--shard", "1/2", "--seed", "1"]);
    assert_eq!(output.status.code(), Some(2));
    assert_succeeds(&run(dir.path(), &["--shard", "2/2", "--seed", "1"]));
    let output = run(dir.path(), &[]);
    assert_succeeds(&output);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("ignoring out/journal-2-of-2.jsonl"), "{stderr}");
    fs::remove_file(dir.path().join("out/journal-2-of-2.jsonl")).unwrap();
    assert_eq!(tables(&dir.path().join("out")), whole);
    // Results that another study is to replace are not its own.
    let output = run(dir.path(), &["--shard", "1/2", "--seed", "1", "--force"]);
    let text = assert_succeeds(&output);
    assert!(text.starts_with("Share 1 of 2 computed"), "{text}");
}

#[test]
fn a_share_that_waits_for_another_says_so_and_stops_by_a_signal() {
    let dir = TempDir::new().unwrap();
    let mut other =
        start_until(dir.path(), &["--shard", "2/2"], "journal-2-of-2.jsonl", 300).unwrap();
    send("-STOP", &other);
    let mut waiting = command(dir.path(), &["--shard", "1/2", "--progress", "json"]);
    let mut waiting = waiting.spawn().unwrap();
    let mut events = BufReader::new(waiting.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(events.any(|line| line == r#"{"event":"begin","stage":"waiting"}"#));
    send("-TERM", &waiting);
    let last = events.last().unwrap();
    assert_eq!(waiting.wait().unwrap().code(), Some(75));
    assert!(last.contains("the same command resumes"), "{last}");
    // It begins again, and resumes when the other is there again.
    let waiting = command(dir.path(), &["--shard", "1/2"]).spawn().unwrap();
    send("-CONT", &other);
    assert!(other.wait().unwrap().success());
    assert_succeeds(&waiting.wait_with_output().unwrap());
    assert_succeeds(&run(dir.path(), &[]));
    assert_eq!(tables(&dir.path().join("out")), whole());
}

#[test]
fn every_signal_stops_a_run_that_counts_its_batches() {
    let whole = whole();
    let dir = TempDir::new().unwrap();
    for signal in ["-TERM", "-INT", "-USR1", "-USR2"] {
        let run = start_until(dir.path(), &[], "journal.jsonl", 300).unwrap();
        send(signal, &run);
        let output = run.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(75), "{stderr}");
        let line = stderr.lines().last().unwrap();
        let counts: Vec<usize> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        let lines = fs::read_to_string(dir.path().join("out/journal.jsonl")).unwrap();
        assert_eq!(counts[0], lines.lines().count() - 1, "{line}");
        let more = match counts[1..] {
            [planned] => {
                assert!(counts[0] < planned, "{line}");
                format!(" of {planned}")
            }
            _ => String::new(),
        };
        let expected =
            format!("Stopped after {}{more} batches; the same command resumes.", counts[0]);
        assert_eq!(line, expected);
    }
    assert_succeeds(&run(dir.path(), &[]));
    assert_eq!(tables(&dir.path().join("out")), whole);
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut codes = Vec::new();
    // The batch at hand may end between both signals.
    for _ in 0..20 {
        let dir = TempDir::new().unwrap();
        let run = start_until(dir.path(), &[], "journal.jsonl", 300).unwrap();
        for _ in 0..2 {
            send("-TERM", &run);
        }
        let code = run.wait_with_output().unwrap().status.code();
        codes.push(code);
        if code == Some(128 + 15) {
            return;
        }
        assert_eq!(code, Some(75));
    }
    panic!("{codes:?}");
}

#[test]
fn every_scheduler_tells_a_task_its_share() {
    let dir = TempDir::new().unwrap();
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "4"),
        ("SLURM_ARRAY_TASK_COUNT", "3"),
        ("SLURM_ARRAY_TASK_MIN", "2"),
        ("SLURM_ARRAY_TASK_MAX", "6"),
        ("SLURM_ARRAY_TASK_STEP", "2"),
    ];
    let sge = [
        ("SGE_TASK_ID", "2"),
        ("SGE_TASK_FIRST", "1"),
        ("SGE_TASK_LAST", "3"),
        ("SGE_TASK_STEPSIZE", "1"),
    ];
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&slurm, "auto"),
        (&sge, "auto"),
        (&[("PBS_ARRAY_INDEX", "2")], "auto/3"),
        (&[("JOB_COMPLETION_INDEX", "1")], "auto/3"),
        // SGE sets it outside of arrays too.
        (&[("SGE_TASK_ID", "undefined"), ("PBS_ARRAY_INDEX", "2")], "auto/3"),
    ];
    let start = |variables: &[(&str, &str)], share: &str| {
        let mut program = command(dir.path(), &["--shard", share]);
        for name in std::env::vars().map(|(name, _)| name) {
            if name.starts_with("SLURM_") || name.starts_with("SGE_") {
                program.env_remove(name);
            }
        }
        program.env_remove("PBS_ARRAY_INDEX").env_remove("JOB_COMPLETION_INDEX");
        program.envs(variables.iter().copied()).output().unwrap()
    };
    for (variables, share) in cases {
        let text = assert_succeeds(&start(variables, share));
        assert!(text.starts_with("Share 2 of 3 computed"), "{variables:?}: {text}");
    }
    for (variables, share, expected) in [
        (&[][..], "auto", "none of SLURM_ARRAY_TASK_ID"),
        (&[("PBS_ARRAY_INDEX", "2")], "auto", "use `--shard auto/8`"),
        (&[("JOB_COMPLETION_INDEX", "3")], "auto/3", "not one of 3 tasks"),
    ] {
        let output = start(variables, share);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}

#[test]
fn a_command_about_a_whole_study_refuses_a_share() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("study.toml"), "").unwrap();
    for name in ["check", "register"] {
        let args = [name, "study.toml", "--out", "out", "--shard", "1/2"];
        let output = lesion(dir.path()).args(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
        assert!(stderr.contains("leave --shard to `lesion run`"), "{stderr}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn shares_where_files_have_no_locks_give_the_bytes_of_one_run() {
    let whole = whole();
    let odd = OddSystem::new();
    let dir = TempDir::new().unwrap();
    let shares = ["1/3", "2/3", "3/3"].map(|share| {
        let mut program = command(dir.path(), &["--shard", share]);
        odd.without_locks(&mut program).spawn().unwrap()
    });
    for share in shares {
        assert_succeeds(&share.wait_with_output().unwrap());
    }
    assert_succeeds(&odd.without_locks(&mut command(dir.path(), &[])).output().unwrap());
    assert_eq!(tables(&dir.path().join("out")), whole);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn runs_that_meet_where_files_have_no_locks_say_so_and_lose_nothing() {
    let whole = whole();
    let odd = OddSystem::new();
    let mut have_met = false;
    for _ in 0..10 {
        let dir = TempDir::new().unwrap();
        // They begin at the same time, and one of them notices first that the other writes too.
        let runs =
            [(); 2].map(|()| odd.without_locks(&mut command(dir.path(), &[])).spawn().unwrap());
        let mut finished = 0;
        for run in runs {
            let output = run.wait_with_output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            match output.status.code() {
                Some(0) => finished += 1,
                code => {
                    assert_eq!(code, Some(2), "{stderr}");
                    let line = stderr.lines().last().unwrap();
                    assert!(line.contains("another run writes into this journal too"), "{stderr}");
                    have_met = true;
                }
            }
        }
        let manifest = dir.path().join("out/manifest.json");
        assert_eq!(manifest.exists(), finished > 0);
        assert_succeeds(&run(dir.path(), &[]));
        assert_eq!(tables(&dir.path().join("out")), whole);
        if have_met {
            return;
        }
    }
    panic!("no two runs met");
}

/// The numbers of a line such as `controls: 1200 of 5300 (23 %)`, and its stage.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn read_progress(line: &str) -> Option<(&str, usize, usize)> {
    let (stage, counts) = line.split_once(": ")?;
    let (done, rest) = counts.split_once(" of ")?;
    let (all, percent) = rest.split_once(" (")?;
    percent.strip_suffix(" %)")?.parse::<u32>().ok()?;
    Some((stage, done.parse().ok()?, all.parse().ok()?))
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_run_without_a_terminal_tells_its_progress_once_a_minute() {
    /// A tenth of a second is a minute.
    const FACTOR: u32 = 600;
    let odd = OddSystem::new();
    let dir = TempDir::new().unwrap();
    let begun = std::time::Instant::now();
    let mut program = command(dir.path(), &[]);
    let output = odd.with_faster_clock(&mut program, FACTOR).output().unwrap();
    let minutes = (begun.elapsed() * FACTOR).as_secs() / 60;
    assert_succeeds(&output);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let mut last = ("", 0, 0);
    let mut lines = 0;
    for line in stderr.lines() {
        let Some(told) = read_progress(line) else { continue };
        let (stage, done, all) = told;
        assert!(done <= all, "{stderr}");
        assert!((stage, all) != (last.0, last.2) || done >= last.1, "it falls: {stderr}");
        last = told;
        lines += 1;
    }
    assert!(lines > 0 && lines <= minutes, "{lines} lines in {minutes} minutes");
    // No minute has passed.
    let output = run(TempDir::new().unwrap().path(), &[]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.lines().any(|line| read_progress(line).is_some()), "{stderr}");
}

#[test]
fn a_time_limit_stops_a_run_that_the_same_command_resumes() {
    let dir = TempDir::new().unwrap();
    let long = ["--time-limit", "1s", "--nulls", "5000", "--parts", "controls", "--every-kind"];
    let mut program = lesion(dir.path());
    program.args(["reproduce", "--out", "out"]).args(long);
    let output = program.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(75), "{stderr}");
    assert!(
        stderr.trim_end().ends_with("the same command resumes.") || stderr.contains("starts again")
    );
    let output = lesion(dir.path()).args(["devices", "--time-limit", "soon"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && stderr.contains("`90s`"), "{stderr}");
}

#[test]
fn exit_codes_are_the_documented_ones() {
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md"))
            .unwrap();
    let table = page.lines().skip_while(|line| !line.starts_with("| exit code"));
    let rows = table.take_while(|line| line.starts_with('|')).skip(2);
    let codes: Vec<i32> =
        rows.map(|row| row.split('|').nth(1).unwrap().trim().parse().unwrap()).collect();
    assert_eq!(codes, [0, 1, 2, 69, 75]);
    let dir = TempDir::new().unwrap();
    // Nothing listens there.
    let endpoint = "http://127.0.0.1:9";
    let cases: [(&[&str], i32); 3] = [
        (&["devices"], 0),
        (&["predict", "no mask"], 2),
        (&["words", "--model", "owner/tiny"], 69),
    ];
    for (args, code) in cases {
        let mut program = lesion(dir.path());
        program.args(args).env_remove("HF_HUB_OFFLINE").env("HF_ENDPOINT", endpoint);
        let output = program.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(stderr.lines().count() <= 1, "{stderr}");
    }
}

#[test]
fn progress_in_json_is_lines_of_documented_events() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/json.md"))
        .unwrap();
    let section =
        page.split("\n## ").find(|section| section.starts_with("`--progress json`")).unwrap();
    let mut documented = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').collect();
        let words = cells[1..3].iter().flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let words: Vec<&str> = words.collect();
        let keys: BTreeSet<&str> = words[1..].iter().copied().collect();
        documented.insert(words[0].to_owned(), keys);
    }
    let dir = TempDir::new().unwrap();
    let mut found = BTreeSet::new();
    let mut check = |stderr: &str| {
        for line in stderr.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let keys = event.as_object().unwrap().keys().map(String::as_str);
            let keys: BTreeSet<&str> = keys.filter(|key| *key != "event").collect();
            let name = event["event"].as_str().unwrap();
            assert_eq!(Some(&keys), documented.get(name), "{line}");
            found.insert(name.to_owned());
        }
    };
    let json = ["--progress", "json"];
    let mut run = start_until(dir.path(), &json, "journal.jsonl", 300).unwrap();
    send("-USR1", &run);
    assert_eq!(run.wait().unwrap().code(), Some(75));
    let mut stderr = String::new();
    run.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    check(&stderr);
    // It notes that it resumes.
    let output = command(dir.path(), &json).output().unwrap();
    assert_succeeds(&output);
    check(&String::from_utf8(output.stderr).unwrap());
    let output = lesion(dir.path()).args(["predict", "no mask"]).args(json).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    check(&String::from_utf8(output.stderr).unwrap());
    // Downloads have a hub of their own in tests/hub.rs.
    let mut expected: BTreeSet<String> = documented.keys().cloned().collect();
    expected.remove("transfer");
    assert_eq!(found, expected);
}
