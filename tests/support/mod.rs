//! Runs of the real binary, and their files.

pub(crate) mod fixture_folders;
pub(crate) mod gathered;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) mod odd_system;
pub(crate) mod planted;
pub(crate) mod summaries;
pub(crate) mod worlds;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

/// A row of a table, by column.
pub(crate) type Row = BTreeMap<String, String>;

/// A run of `lesion` in an empty folder, far from the repository's files.
pub(crate) struct Run {
    pub(crate) dir: TempDir,
    pub(crate) output: Output,
}

/// Options of a study with only one part of the laboratory, for tests of the rest.
pub(crate) const BRIEF: [&str; 2] = ["--parts", "dose"];

impl Run {
    pub(crate) fn new(args: &[&str]) -> Self {
        Self::with_files(&[], args)
    }

    /// As [`Run::new`], with [`BRIEF`].
    pub(crate) fn brief(args: &[&str]) -> Self {
        Self::new(&[&BRIEF, args].concat())
    }

    /// Writes `files` into the folder before the run.
    pub(crate) fn with_files(files: &[(&str, &str)], args: &[&str]) -> Self {
        Self::command("reproduce", files, args)
    }

    /// A run of any command.
    pub(crate) fn command(command: &str, files: &[(&str, &str)], args: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        for (name, content) in files {
            fs::write(dir.path().join(name), content).unwrap();
        }
        let mut program = lesion(dir.path());
        program.arg(command).args(args);
        if !args.contains(&"--out") {
            program.args(["--out", "target/reproduce"]);
        }
        let output = program.output().unwrap();
        Self { dir, output }
    }

    /// The output folder of a run that succeeded.
    pub(crate) fn out(&self) -> PathBuf {
        assert!(self.output.status.success(), "{}", self.stderr());
        self.dir.path().join("target/reproduce")
    }

    pub(crate) fn bytes(&self, file: &str) -> Vec<u8> {
        fs::read(self.out().join(file)).unwrap()
    }

    pub(crate) fn rows(&self, table: &str) -> Vec<Row> {
        rows(&self.bytes(table))
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }
}

/// Checks that a program succeeded. Returns what it wrote to stdout.
#[track_caller]
pub(crate) fn assert_succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The binary, without access to a hub.
pub(crate) fn lesion(dir: &Path) -> Command {
    without_network(Command::new(env!("CARGO_BIN_EXE_lesion")), dir)
}

/// A command in a folder, without access to a hub and with its own cache.
pub(crate) fn without_network(mut command: Command, dir: &Path) -> Command {
    command.current_dir(dir).env("HF_HUB_OFFLINE", "1").env("HF_HOME", dir.join("hf"));
    for name in [
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
        "HF_ENDPOINT",
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HF_TOKEN_PATH",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ] {
        command.env_remove(name);
    }
    command
}

/// The text that a command writes to a terminal; none without the program `script`, which makes one.
pub(crate) fn on_terminal(dir: &Path, line: &str) -> Option<String> {
    let mut command = without_network(Command::new("script"), dir);
    let line = line.replacen("lesion", &format!("'{}'", env!("CARGO_BIN_EXE_lesion")), 1);
    let output = command.args(["-qec", &line, "/dev/null"]).env("TERM", "dumb").output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{line}\n{text}");
    Some(text)
}

/// The files of a study without the manifest, which contains times, and without the report and its
/// figures.
pub(crate) fn tables(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(Result::unwrap)
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, path)| {
            path.is_file() && !["manifest.json", "report.html"].contains(&name.as_str())
        })
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

/// The rows of a table.
pub(crate) fn rows(table: &[u8]) -> Vec<Row> {
    csv::Reader::from_reader(table).deserialize().map(Result::unwrap).collect()
}

pub(crate) fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// True if a text has a figure, an axis or a size in a unit; what a sentence score is does not count.
pub(crate) fn measures_in(text: &str, unit: &str) -> bool {
    let rest = text.replace("the log probabilities of all its tokens in nats", "");
    [format!(" in {unit}"), format!("({unit})")].iter().any(|name| rest.contains(name))
}

/// Results of the same study in Python, with transformers, SciPy and statsmodels.
pub(crate) fn reference() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/study/study.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Checks that a number differs from `expected` by at most `tolerance`.
#[track_caller]
pub(crate) fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

/// Checks for exit code 2, one line on stderr with all texts of `expected`, and no output folder.
#[track_caller]
pub(crate) fn assert_user_error(run: &Run, expected: &[&str]) {
    let stderr = run.stderr();
    assert_eq!(run.output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for part in expected {
        assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
    }
    let parts: Vec<_> = stderr.trim().split(": ").collect();
    assert!(parts.windows(2).all(|pair| pair[0] != pair[1]), "a part occurs twice: {stderr}");
    assert!(!run.dir.path().join("target").exists());
}
