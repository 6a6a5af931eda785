//! One process of the program, and whether it behaved.

use std::{
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use anyhow::Result;

/// Limits of a process: seconds of CPU time, and KiB of memory.
const LIMITS: &str = "ulimit -t 2; ulimit -v 1048576; exec \"$0\" \"$@\"";

/// The most wall-clock time of a process, on a machine that does other things too.
const SLOWEST: Duration = Duration::from_secs(30);

/// The most lines of error: `check` names 20 invalid lines of a file and their number.
const MOST_ERRORS: usize = 21;

/// A process that has ended.
pub(crate) struct LimitedProcess {
    output: Output,
    took: Duration,
}

/// The misbehaviour of a process.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) what: String,
    /// The beginning of its stderr.
    pub(crate) stderr: String,
}

impl LimitedProcess {
    /// Runs the program in a folder, within the limits and without a network.
    ///
    /// # Errors
    /// If it cannot be started.
    pub(crate) fn run(program: &Path, arguments: &[&str], folder: &Path) -> Result<Self> {
        let started = Instant::now();
        let output = Command::new("sh")
            .args(["-c", LIMITS])
            .arg(program)
            .args(arguments)
            .current_dir(folder)
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HOME", folder.join("hf"))
            .output()?;
        Ok(Self { output, took: started.elapsed() })
    }

    /// The beginning of its stderr, escaped.
    pub(crate) fn stderr(&self) -> String {
        let stderr = String::from_utf8_lossy(&self.output.stderr);
        stderr.chars().take(300).collect::<String>().escape_debug().to_string()
    }

    /// Whether the program refused its input.
    pub(crate) fn is_refusal(&self) -> bool {
        self.output.status.code() == Some(2)
    }

    /// The misbehaviour of the process, if it did not end with exit code 0, or with 2 and lines of error,
    /// or wrote something that a terminal obeys. Notes may precede the errors.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let stderr = String::from_utf8_lossy(&self.output.stderr);
        let stdout = String::from_utf8_lossy(&self.output.stdout);
        let errors = stderr.lines().filter(|line| line.starts_with("error")).count();
        let what = match self.output.status.code() {
            None => format!("ended by a signal, {}", self.output.status),
            // A panic in a thread that nobody waits for leaves the exit code as it is.
            _ if stderr.contains("a bug in lesion") => "a panic".to_owned(),
            Some(code) if code != 0 && code != 2 => format!("exit code {code}"),
            Some(2) if !(1..=MOST_ERRORS).contains(&errors) => format!("{errors} lines of error"),
            Some(2) if !stderr.trim_end().lines().next_back()?.starts_with("error") => {
                "the error is not the last line".to_owned()
            }
            _ if is_obeyed(&stderr) || is_obeyed(&stdout) => "obeyed by a terminal".to_owned(),
            _ if self.took > SLOWEST => format!("took {:.1} s", self.took.as_secs_f64()),
            _ => return None,
        };
        Some(Fault { what, stderr: self.stderr() })
    }
}

/// Whether a text has control characters besides the ends of lines.
fn is_obeyed(text: &str) -> bool {
    text.chars().any(|character| character.is_control() && character != '\n')
}
