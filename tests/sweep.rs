//! Sweeps: each task is the study that it would be by itself, to the last byte, whether all run together, in
//! any order, or again after a kill; and what is found is judged over all of them.

#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Instant,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{assert_succeeds, lesion, number, rows, tables};

/// Doses look at the layer that the controls find, which depends on the task.
const BASE: &str = "parts = [\"controls\", \"dose\", \"joint\"]\n[controls]\nnulls = 30\n";
const LISTS: &str = "[sweep]\n\"lesion.kind\" = [\"zero\", \"mean\"]\nlesion.layer = [3, 5]\n";
/// The settings of its four tasks, in order.
const TASKS: [(&str, usize); 4] = [("zero", 3), ("zero", 5), ("mean", 3), ("mean", 5)];

fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn sweep_folder() -> TempDir {
    folder_with(&[("s.toml", &format!("{BASE}{LISTS}"))])
}

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut program = lesion(dir);
    program.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

fn run(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).output().unwrap()
}

/// The files of a sweep that are made of all tasks.
fn common_files(out: &Path) -> [Vec<u8>; 3] {
    ["sweep.csv", "sweep.json", "report.html"].map(|name| fs::read(out.join(name)).unwrap())
}

#[test]
fn every_task_has_the_bytes_of_a_run_by_itself() {
    let dir = sweep_folder();
    let text = assert_succeeds(&run(dir.path(), &["run", "s.toml", "--out", "out"]));
    assert!(text.contains("In 4 settings, "), "{text}");
    for (place, (kind, layer)) in TASKS.into_iter().enumerate() {
        let text = format!("{BASE}[lesion]\nkind = \"{kind}\"\nlayer = {layer}\n");
        fs::write(dir.path().join("one.toml"), text).unwrap();
        assert_succeeds(&run(dir.path(), &["run", "one.toml", "--out", "one", "--force"]));
        let task = dir.path().join(format!("out/task-{}", place + 1));
        assert_eq!(tables(&task), tables(&dir.path().join("one")), "{kind} {layer}");
        assert!(task.join("report.html").exists());
    }
    // A finished sweep is not run again.
    let before = common_files(&dir.path().join("out"));
    let manifest = fs::read(dir.path().join("out/task-1/manifest.json")).unwrap();
    let output = run(dir.path(), &["run", "s.toml", "--out", "out", "--json"]);
    let answer: Value = serde_json::from_str(&assert_succeeds(&output)).unwrap();
    assert_eq!((&answer["sweep"]["tasks"], &answer["sweep"]["computed"]), (&4.into(), &0.into()));
    assert_eq!(common_files(&dir.path().join("out")), before);
    assert_eq!(fs::read(dir.path().join("out/task-1/manifest.json")).unwrap(), manifest);
    // Its page can be written again, and its table too.
    fs::remove_file(dir.path().join("out/sweep.csv")).unwrap();
    assert_succeeds(&run(dir.path(), &["report", "out"]));
    assert_eq!(common_files(&dir.path().join("out")), before);
}

#[test]
fn tasks_in_any_order_and_in_shares_give_the_bytes_of_one_run() {
    let dir = sweep_folder();
    assert_succeeds(&run(dir.path(), &["run", "s.toml", "--out", "whole"]));
    let task =
        |args: &[&str]| run(dir.path(), &[&["run", "s.toml", "--out", "parts"], args].concat());
    assert_succeeds(&task(&["--task", "4"]));
    assert_succeeds(&task(&["--task", "2", "--shard", "2/2"]));
    assert!(!dir.path().join("parts/task-2/manifest.json").exists());
    assert_succeeds(&task(&["--task", "2"]));
    let array = [("SLURM_ARRAY_TASK_ID", "0"), ("SLURM_ARRAY_TASK_MIN", "0")];
    let output = command(dir.path(), &["run", "s.toml", "--out", "parts", "--task", "auto"])
        .envs(array)
        .env("SLURM_ARRAY_TASK_COUNT", "4")
        .output()
        .unwrap();
    assert_succeeds(&output);
    assert!(dir.path().join("parts/task-1/manifest.json").exists());
    assert!(!dir.path().join("parts/sweep.json").exists());
    // A task that is finished is not run again.
    let manifest = fs::read(dir.path().join("parts/task-4/manifest.json")).unwrap();
    assert_succeeds(&task(&["--task", "4"]));
    assert_eq!(fs::read(dir.path().join("parts/task-4/manifest.json")).unwrap(), manifest);
    let output = task(&["--json"]);
    let answer: Value = serde_json::from_str(&assert_succeeds(&output)).unwrap();
    assert_eq!(answer["sweep"]["computed"], 1);
    let [parts, whole] = ["parts", "whole"].map(|name| dir.path().join(name));
    assert_eq!(common_files(&parts), common_files(&whole));
    for number in 1..=4 {
        let task = format!("task-{number}");
        assert_eq!(tables(&parts.join(&task)), tables(&whole.join(&task)));
    }
}

/// Starts a run and waits until a journal has grown beyond some bytes.
fn start_until(dir: &Path, args: &[&str], journal: &str, bytes: u64) -> Child {
    let mut run = command(dir, args).spawn().unwrap();
    while fs::metadata(dir.join(journal)).map_or(0, |file| file.len()) < bytes {
        assert!(run.try_wait().unwrap().is_none(), "it ended before");
        std::thread::yield_now();
    }
    run
}

#[test]
fn a_sweep_that_is_stopped_or_killed_is_resumed() {
    let dir = sweep_folder();
    let args = ["run", "s.toml", "--out", "out", "--threads", "1"];
    let mut killed = start_until(dir.path(), &args, "out/task-1/journal.jsonl", 2_000);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let stopped = start_until(dir.path(), &args, "out/task-3/journal.jsonl", 2_000);
    let id = stopped.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let output = stopped.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(75), "{stderr}");
    let line = stderr.lines().last().unwrap();
    assert!(line.starts_with("Stopped in task 3 of 4, after "), "{line}");
    let output = run(dir.path(), &[&args[..], &["--json"]].concat());
    let answer: Value = serde_json::from_str(&assert_succeeds(&output)).unwrap();
    assert_eq!(answer["sweep"]["computed"], 2);
    assert_succeeds(&run(dir.path(), &["run", "s.toml", "--out", "whole"]));
    let [out, whole] = ["out", "whole"].map(|name| dir.path().join(name));
    assert_eq!(common_files(&out), common_files(&whole));
    for number in 1..=4 {
        let task = format!("task-{number}");
        assert_eq!(tables(&out.join(&task)), tables(&whole.join(&task)));
    }
}

/// Holm's correction by its definition.
fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (place, &index) in order.iter().enumerate() {
        largest = largest.max((p[index] * (p.len() - place) as f64).min(1.0));
        corrected[index] = largest;
    }
    corrected
}

#[test]
fn claims_are_corrected_over_everything_that_was_looked_at() {
    // Enough random sets for some claims to be shown in spite of all others.
    let text =
        format!("{}{LISTS}", BASE.replace("30", "1500").replace(", \"dose\", \"joint\"", ""));
    let dir = folder_with(&[("s.toml", &text)]);
    let output = run(dir.path(), &["run", "s.toml", "--out", "out", "--layers", "4-5", "--json"]);
    let answer: Value = serde_json::from_str(&assert_succeeds(&output)).unwrap();
    let out = dir.path().join("out");
    let mut p = Vec::new();
    let mut claims = Vec::new();
    for task in 1..=4 {
        let verdicts = fs::read(out.join(format!("task-{task}/verdicts.csv"))).unwrap();
        for row in rows(&verdicts) {
            if !row["p"].is_empty() {
                p.push(number(&row, "p"));
                claims.push((task.to_string(), row));
            }
        }
    }
    assert_eq!(answer["sweep"]["claims"], p.len());
    let corrected = holm(&p);
    let shown = corrected.iter().filter(|p| **p <= 0.05).count();
    assert!(shown > 0 && shown < p.len(), "{corrected:?}");
    assert_eq!(answer["sweep"]["shown"], shown);
    let csv = fs::read(out.join("sweep.csv")).unwrap();
    let mut found = 0;
    for row in rows(&csv) {
        let place = claims.iter().position(|(task, claim)| {
            let is_same = |column: &str| claim[column] == row[column];
            *task == row["task"]
                && claim["question"] == "effect"
                && claim["layers"] == row["layer"]
                && is_same("neuron_set")
                && is_same("sets")
        });
        let place = place.unwrap();
        assert!((number(&row, "p_sweep") - corrected[place]).abs() < 1e-12);
        let is_shown = matches!(row["verdict_sweep"].as_str(), "larger" | "smaller");
        assert_eq!(is_shown, corrected[place] <= 0.05);
        found += 1;
    }
    // Every row of every profile, with the values of its task.
    let mut expected = 0;
    for (place, (kind, layer)) in TASKS.into_iter().enumerate() {
        let profile = fs::read(out.join(format!("task-{}/profile.csv", place + 1))).unwrap();
        for row in rows(&profile) {
            let task = (place + 1).to_string();
            let same = rows(&csv).into_iter().find(|other| {
                other["task"] == task
                    && ["layer", "neuron_set", "sets"].iter().all(|key| other[*key] == row[*key])
            });
            let same = same.unwrap();
            assert_eq!(
                (same["sweep.lesion.kind"].as_str(), number(&same, "sweep.lesion.layer")),
                (kind, layer as f64)
            );
            assert!(row.iter().all(|(column, cell)| same[column] == *cell));
            expected += 1;
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn models_are_swept_too() {
    let bundled = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/bundled");
    let text = format!(
        "parts = [\"controls\"]\n[controls]\nnulls = 5\n[sweep]\nlesion.layer = [4, 5]\n\
         model = [\"{bundled}\", \"bundled\"]\n"
    );
    let dir = folder_with(&[("s.toml", &text)]);
    assert_succeeds(&run(dir.path(), &["run", "s.toml", "--out", "out"]));
    let task = |number: usize| {
        let mut tables = tables(&dir.path().join(format!("out/task-{number}")));
        tables.remove("manifest.json");
        tables
    };
    assert_eq!(task(1), task(2));
    assert_eq!(task(3), task(4));
    assert_ne!(task(1), task(3));
}

#[test]
fn mistakes_are_one_line_and_nothing_runs() {
    let dir = sweep_folder();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("key.toml", "[sweep]\nlesion.kinds = [1]\n");
    write("value.toml", "[sweep]\n\"lesion.kind\" = [\"zero\", \"halve\"]\n");
    write("layer.toml", "parts = []\n[sweep]\nlesion.layer = [1, 6]\n");
    write("file.toml", "parts = []\n[sweep]\nprompts = [\"none.txt\"]\n");
    write("one.toml", "parts = []\n");
    write("text.txt", "We thanked {him|her.\n");
    write("text.toml", "parts = []\n[sweep]\nprompts = [\"text.txt\"]\n");
    let cases: [(&[&str], &str); 13] = [
        (&["run", "key.toml"], "key.toml:2:8: unknown setting `lesion.kinds`"),
        (&["check", "value.toml"], "value.toml:2:26: `halve` is not a kind of lesion"),
        (
            &["run", "layer.toml"],
            "task 2 (6): lesion.layer: layer 6 does not exist; the model has layers 0 to 5 (option \
             --layer)",
        ),
        (&["run", "file.toml"], "none.txt"),
        (&["run", "text.toml"], "text.txt:1"),
        (
            &["run", "s.toml", "--kind", "zero"],
            "--kind: the sweep lists values of `lesion.kind`, so no option can override it",
        ),
        (&["run", "s.toml", "--task", "5"], "--task: there is no task 5; the sweep has 4"),
        (&["run", "s.toml", "--task", "0"], "`0` is not a task"),
        (&["run", "s.toml", "--task", "auto"], "--task auto: this is not a task of a job array"),
        (&["run", "s.toml", "--shard", "1/2"], "add --task for one task of the sweep"),
        (&["run", "one.toml", "--task", "1"], "one.toml has no `[sweep]`"),
        (&["register", "s.toml"], "s.toml:4:2: a sweep of several studies"),
        (&["reproduce", "--task", "1"], "has no `[sweep]`"),
    ];
    for (args, expected) in cases {
        let mut program = command(dir.path(), args);
        if args[0] != "check" && args[0] != "register" {
            program.args(["--out", "out"]);
        }
        let output = program.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?} {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{args:?} {stderr}");
        assert!(stderr.contains(expected), "{args:?} {stderr}");
        assert!(!dir.path().join("out/task-1").exists(), "{args:?}");
    }
}

#[test]
fn folders_of_sweeps_and_of_studies_are_not_confused() {
    let dir = folder_with(&[
        ("s.toml", "parts = []\n[sweep]\nlesion.layer = [1, 2]\n"),
        ("other.toml", "parts = []\n[sweep]\nlesion.layer = [3, 4]\n"),
        ("one.toml", "parts = []\n"),
    ]);
    let text = assert_succeeds(&run(dir.path(), &["run", "s.toml", "--out", "out"]));
    assert!(text.contains("In 2 settings, no lesion has controls"), "{text}");
    assert_succeeds(&run(dir.path(), &["run", "one.toml", "--out", "one"]));
    for (args, expected) in [
        (&["run", "other.toml", "--out", "out"][..], "another study"),
        (&["run", "s.toml", "--out", "one"], "another study"),
        (&["paper", "out"], "this is the folder of a sweep"),
        (&["report", "out", "--figures", "pdf"], "--figures: the page of a sweep"),
    ] {
        let output = run(dir.path(), args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?} {stderr}");
        assert!(stderr.lines().count() == 1 && stderr.contains(expected), "{args:?} {stderr}");
    }
    assert_succeeds(&run(dir.path(), &["run", "other.toml", "--out", "out", "--force"]));
}

#[test]
fn a_check_tells_what_all_tasks_together_can_show() {
    let dir = sweep_folder();
    let output = run(dir.path(), &["check", "s.toml", "--json"]);
    let answer: Value = serde_json::from_str(&assert_succeeds(&output)).unwrap();
    let plan = &answer["sweep"];
    let claims: u64 =
        plan["tasks"].as_array().unwrap().iter().map(|task| task["claims"].as_u64().unwrap()).sum();
    assert_eq!(plan["claims"], claims);
    assert!(plan["smallest_p"].as_f64().unwrap() > 0.05);
    let needed = plan["needed_random_sets"].as_f64().unwrap();
    assert!((needed - claims as f64 / 0.05).abs() < 0.5);
    let text = assert_succeeds(&run(dir.path(), &["check", "s.toml"]));
    assert!(text.contains(&format!("With --nulls {needed} it would be 0.05")), "{text}");
    let needed = needed.to_string();
    let text = assert_succeeds(&run(dir.path(), &["check", "s.toml", "--nulls", &needed]));
    assert!(text.contains("is 0.0500") && !text.contains("it would be"), "{text}");
    // A run says so too.
    let output =
        run(dir.path(), &["run", "s.toml", "--out", "out", "--strict", "--parts", "dose,joint"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && stderr.contains("random sets"), "{stderr}");
}

/// Seconds and most MiB of a command that succeeds.
fn measure(mut command: Command) -> (f64, u64) {
    let started = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM"));
        let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
        most = most.max(kibibytes.and_then(|text| text.parse().ok()).unwrap_or(0));
        std::thread::yield_now();
    }
    assert!(child.wait().unwrap().success());
    (started.elapsed().as_secs_f64(), most / 1024)
}

#[test]
fn a_check_of_ten_thousand_tasks_takes_seconds_and_little_memory() {
    let seeds: Vec<String> = (0..1000).map(|seed| seed.to_string()).collect();
    let text = format!(
        "[sweep]\nlesion.kind = [\"zero\", \"mean\", \"median\", \"resample\", \"scale=0.5\"]\n\
         lesion.layer = [4, 5]\nseed = [{}]\n",
        seeds.join(", ")
    );
    let dir = folder_with(&[("s.toml", &text)]);
    let (seconds, mebibytes) = measure(command(dir.path(), &["check", "s.toml"]));
    assert!(seconds < 5.0 && mebibytes < 200, "{seconds} s, {mebibytes} MiB");
    let text = assert_succeeds(&run(dir.path(), &["check", "s.toml"]));
    assert!(text.contains("more; --json lists all") && text.contains("10000 tasks"), "{text}");
    let lists: BTreeMap<String, Value> =
        serde_json::from_str(&assert_succeeds(&run(dir.path(), &["check", "s.toml", "--json"])))
            .unwrap();
    assert_eq!(lists["sweep"]["tasks"].as_array().unwrap().len(), 10_000);
}
