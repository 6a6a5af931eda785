//! `cargo xtask bench`: the yardstick's cases and their Python equivalents, run in turn, and the
//! ratios of their figures.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::Workspace;

/// Cases that are compared with one Python script.
pub(crate) struct Benchmarks {
    /// The yardstick's command for these cases.
    command: &'static str,
    cases: &'static [Case],
    script: &'static str,
    /// Name of the script's results in JSON.
    script_name: &'static str,
    /// Python packages that the script imports.
    packages: &'static str,
}

struct Case {
    /// Its name for the yardstick and the script.
    name: &'static str,
    /// The shape of the random checkpoint that it gets; none for statistics.
    shape: Option<&'static str>,
    title: &'static str,
    unit: &'static str,
}

/// BERT-base's shape.
const BERT: &str = "bert";

/// A case of the statistics.
const fn statistic(name: &'static str, title: &'static str) -> Case {
    Case { name, shape: None, title, unit: "ms" }
}

/// A case of a model of BERT-base's shape.
const fn bert(name: &'static str, title: &'static str) -> Case {
    Case { name, shape: Some(BERT), title, unit: "s" }
}

/// The same case of a model of another shape.
const fn shaped(name: &'static str, shape: &'static str, title: &'static str) -> Case {
    Case { name, shape: Some(shape), title, unit: "s" }
}

impl Case {
    /// Its name, with its shape if that is not BERT-base's.
    fn full_name(&self) -> String {
        match self.shape {
            None | Some(BERT) => self.name.to_owned(),
            Some(shape) => format!("{}-{shape}", self.name),
        }
    }

    /// The folder of its checkpoint, in the system's temporary folder.
    fn checkpoint(&self) -> Option<PathBuf> {
        Some(env::temp_dir().join(format!("lesion-yardstick-{}", self.shape?)))
    }
}

/// Captures, lesions and predictions.
pub(crate) const MODEL: Benchmarks = Benchmarks {
    command: "model",
    cases: &[
        Case { unit: "GFLOP/s", ..bert("ceiling", "Matrix products alone") },
        bert("a", "A. capture 12 layers and masked logits, 108 sentences"),
        bert("b", "B. 36 lesions (12 layers, 3 sets) of 108 prompts"),
        shaped("a", "modernbert", "A with ModernBERT-base's shape, 22 layers"),
        shaped("b", "modernbert", "B with ModernBERT-base's shape, 66 lesions"),
        shaped("a", "gpt2", "A with GPT-2's shape, 12 layers"),
        shaped("b", "gpt2", "B with GPT-2's shape, 36 lesions"),
        bert("c", "C. 1,000 sets at layer 9, the paper's two prompts"),
        bert("e", "E. from process start to the first prediction"),
        bert("f", "F. 200 lesioned sentences one by one, bundled model"),
        bert("g", "G. each of 3,072 neurons of layer 9 by itself"),
    ],
    script: "crates/bench/pytorch_reference.py",
    script_name: "pytorch",
    packages: "torch, transformers",
};

/// Memory that case a needs, printed after its time.
const MEMORY_OF_A: Case = Case { unit: "MiB", ..bert("d", "D. peak memory of A") };

/// Statistics, of 54 pairs and 12 layers of 3,072 neurons.
pub(crate) const STATS: Benchmarks = Benchmarks {
    command: "stats",
    cases: &[
        statistic("paired", "Paired t and BH, 54 pairs, 36,864 neurons"),
        statistic("paired-f32", "The same; SciPy in f32, so that p stops at 1e-45"),
        statistic("welch", "Welch's t and BH"),
        statistic("max-t-model", "Max-T over the model, 10,000 sign flips"),
        statistic("max-t-layer", "Max-T over each layer, 10,000 sign flips"),
    ],
    script: "crates/bench/scipy_reference.py",
    script_name: "scipy",
    packages: "scipy, statsmodels",
};

/// Benchmarks with the programs that run them.
pub(crate) struct Suite {
    benchmarks: &'static Benchmarks,
    yardstick: PathBuf,
    /// Python and the script, if Python has the packages.
    python: Option<(OsString, PathBuf)>,
}

impl Suite {
    /// Builds the yardstick and looks for Python.
    pub(crate) fn prepare(workspace: &Workspace, benchmarks: &'static Benchmarks) -> Result<Self> {
        // With the other crates, so that the features and the build of the dependencies are those of
        // `lesion`. `pretrain` would add autodiff, and `lesion-python` needs Python.
        let excluded = ["--exclude", "pretrain", "--exclude", "lesion-python"];
        let options = [&["--workspace"], &excluded[..], &["--bin", "yardstick"]].concat();
        workspace.build(&options)?;
        let yardstick = workspace.program("yardstick");
        let packages = benchmarks.packages;
        let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        let python = if can_import(&python, packages) {
            Some((python, workspace.root().join(benchmarks.script)))
        } else {
            eprintln!("No Python with {packages} is available, so there is no comparison.");
            None
        };
        Ok(Self { benchmarks, yardstick, python })
    }

    /// Runs every case `runs` times, or only `chosen`, alternating with Python, and prints the medians.
    pub(crate) fn compare(&self, chosen: Option<&str>, runs: u64, json: bool) -> Result<()> {
        let is_chosen = |case: &&Case| chosen.is_none_or(|name| name == case.full_name());
        let cases: Vec<&Case> = self.benchmarks.cases.iter().filter(is_chosen).collect();
        ensure!(!cases.is_empty(), "there is no such case");
        for case in cases {
            self.make_checkpoint(case)?;
            let mut ours = Vec::new();
            let mut python = Vec::new();
            for _ in 0..runs {
                ours.push(self.run_yardstick(case, &[])?);
                python.extend(self.run_python(case)?);
            }
            self.print(&Comparison::new(case, &ours, &python, |run| run.time), json);
            if case.full_name() == "a" {
                self.print(&Comparison::new(&MEMORY_OF_A, &ours, &python, |run| run.memory), json);
            }
        }
        Ok(())
    }

    /// Makes the checkpoint of a case, unless it exists.
    fn make_checkpoint(&self, case: &Case) -> Result<()> {
        let (Some(shape), Some(folder)) = (case.shape, case.checkpoint()) else { return Ok(()) };
        let status = Command::new(&self.yardstick).args(["make", shape]).arg(folder).status();
        ensure!(status.context("cannot run the yardstick")?.success(), "no checkpoint");
        Ok(())
    }

    fn print(&self, comparison: &Comparison, json: bool) {
        if json {
            println!("{}", comparison.to_json(self.benchmarks.script_name));
        } else {
            println!("{}", comparison.to_text());
        }
    }

    /// Prints how time and memory of our cases grow with the work and with threads.
    pub(crate) fn scale(&self) -> Result<()> {
        self.make_checkpoint(&bert("a", ""))?;
        println!("{:40} {:>9} {:>9}", "", "seconds", "peak MiB");
        for (title, name, options) in [
            ("A, 27 sentences", "a", "--part 27"),
            ("A, 54 sentences", "a", "--part 54"),
            ("A, 108 sentences", "a", "--part 108"),
            ("B, 27 prompts", "b", "--part 27"),
            ("B, 54 prompts", "b", "--part 54"),
            ("B, 108 prompts", "b", "--part 108"),
            ("C, 250 sets", "c", "--part 250"),
            ("C, 500 sets", "c", "--part 500"),
            ("C, 1000 sets", "c", "--part 1000"),
            ("A, 1 thread", "a", "--threads 1"),
            ("C, 250 sets, 1 thread", "c", "--part 250 --threads 1"),
            ("A, 2 threads", "a", "--threads 2"),
            ("C, 250 sets, 2 threads", "c", "--part 250 --threads 2"),
            ("A without shortcuts", "a", "--plain"),
            ("C, 250 sets, without shortcuts", "c", "--part 250 --plain"),
        ] {
            let options: Vec<&str> = options.split(' ').collect();
            let run = self.run_yardstick(&bert(name, title), &options)?;
            println!("{title:40} {:9.3} {:9.0}", run.time, run.memory);
        }
        Ok(())
    }

    fn run_yardstick(&self, case: &Case, options: &[&str]) -> Result<Run> {
        let mut command = Command::new(&self.yardstick);
        command.args([self.benchmarks.command, case.name]).args(case.checkpoint()).args(options);
        Run::read(&mut command)
    }

    fn run_python(&self, case: &Case) -> Result<Option<Run>> {
        let Some((python, script)) = &self.python else { return Ok(None) };
        let mut command = Command::new(python);
        command.arg(script).arg(case.name).args(case.checkpoint());
        Ok(Some(Run::read(&mut command)?))
    }
}

fn can_import(python: &OsStr, packages: &str) -> bool {
    Command::new(python)
        .args(["-c", &format!("import {packages}")])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The figures of one run of a case.
struct Run {
    /// Time in the case's unit; speed for the case `ceiling`. NaN if Python has no equivalent.
    time: f64,
    /// Peak memory in MiB.
    memory: f64,
}

impl Run {
    /// Runs a case and reads the two numbers that it prints.
    fn read(command: &mut Command) -> Result<Self> {
        let output = command.stderr(Stdio::inherit()).output().context("cannot run a case")?;
        ensure!(output.status.success(), "{command:?} failed");
        let text = String::from_utf8(output.stdout)?;
        let numbers: Vec<&str> = text.split_whitespace().collect();
        let [time, memory] = numbers[..] else { bail!("{command:?} printed {text:?}") };
        Ok(Self { time: time.parse()?, memory: memory.parse()? })
    }
}

/// A figure of each run of a case, ours and Python's.
struct Comparison {
    case: &'static Case,
    ours: Vec<f64>,
    python: Vec<f64>,
}

impl Comparison {
    fn new(case: &'static Case, ours: &[Run], python: &[Run], figure: fn(&Run) -> f64) -> Self {
        let ours = ours.iter().map(figure).collect();
        let python = python.iter().map(figure).collect();
        Self { case, ours, python }
    }

    fn to_json(&self, script_name: &str) -> String {
        let number = |x: f64| if x.is_finite() { x.to_string() } else { "null".to_owned() };
        let (ours, python) = (median(&self.ours), median(&self.python));
        format!(
            "{{\"case\":\"{}\",\"unit\":\"{}\",\"ours\":{},\"{script_name}\":{},\"ratio\":{}}}",
            self.case.full_name(),
            self.case.unit,
            number(ours),
            number(python),
            number(ours / python)
        )
    }

    fn to_text(&self) -> String {
        let &Case { title, unit, .. } = self.case;
        let (ours, python) = (median(&self.ours), median(&self.python));
        let ratio = ours / python;
        if !ratio.is_finite() {
            return format!("{title:53} {ours:8.3} {unit}");
        }
        // The range over pairs of consecutive runs shows how reliable the ratio is.
        let ratios = self.ours.iter().zip(&self.python).map(|(ours, python)| ours / python);
        let lowest = ratios.clone().fold(f64::INFINITY, f64::min);
        let highest = ratios.fold(0.0, f64::max);
        format!(
            "{title:53} {ours:8.3} {unit:7} {python:8.3} {unit:7} \
             ratio {ratio:.3} ({lowest:.3} to {highest:.3})"
        )
    }
}

/// The median; NaN if there are no values.
fn median(values: &[f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    f64::midpoint(sorted[last / 2], sorted[last.div_ceil(2)])
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
        assert!(median(&[]).is_nan());
    }
}
