//! `cargo xtask bench`: the yardstick's cases, ours and PyTorch's in turn, and their ratios.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

/// What is compared, by the name that both programs know and by what a reader is told.
const CASES: [(&str, &str); 4] = [
    ("a", "A. capture 12 layers and masked logits, 108 sentences"),
    ("b", "B. 36 lesions (12 layers, 3 sets) of 108 prompts"),
    ("c", "C. 1,000 sets at layer 9, the paper's two prompts"),
    ("e", "E. from process start to the first prediction"),
];

/// Seconds and the most memory in MiB.
type Figures = (f64, f64);

pub(crate) struct Programs {
    ours: PathBuf,
    python: Option<OsString>,
    script: PathBuf,
    dir: PathBuf,
}

impl Programs {
    /// `ours` is the yardstick, which makes what the cases need in the system's temporary folder,
    /// once. PyTorch is at hand where `$PYTHON`, or `python3`, has it.
    pub(crate) fn new(ours: PathBuf, script: PathBuf) -> Result<Self> {
        let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        let has = Command::new(&python)
            .args(["-c", "import torch, transformers"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !has {
            eprintln!("No Python with torch and transformers is at hand, so ours stands alone.");
        }
        let dir = std::env::temp_dir().join("lesion-yardstick");
        let status = Command::new(&ours).arg("make").arg(&dir).status();
        anyhow::ensure!(status.context("cannot run the yardstick")?.success(), "no yardstick");
        Ok(Self { ours, python: has.then_some(python), script, dir })
    }

    fn ours(&self, case: &str, options: &[String]) -> Result<Figures> {
        let mut command = Command::new(&self.ours);
        figures(command.args(["run", case]).arg(&self.dir).args(options))
    }

    fn pytorch(&self, case: &str) -> Result<Option<Figures>> {
        let Some(python) = &self.python else { return Ok(None) };
        let mut command = Command::new(python);
        figures(command.arg(&self.script).arg(case).arg(&self.dir)).map(Some)
    }

    /// Every case, ours and PyTorch's in turn, and the medians.
    pub(crate) fn compare(&self, runs: usize, json: bool) -> Result<()> {
        let mut lines = Vec::new();
        let mut ceiling = self.alternate("ceiling", runs)?;
        for (case, name) in CASES {
            let (ours, pytorch) = self.alternate(case, runs)?;
            let seconds = |of: &[Figures]| median(of.iter().map(|figures| figures.0));
            let memory = |of: &[Figures]| median(of.iter().map(|figures| figures.1));
            lines.push((name, "s", seconds(&ours), seconds(&pytorch)));
            if case == "a" {
                lines.push(("D. peak memory of A", "MiB", memory(&ours), memory(&pytorch)));
            }
        }
        for (name, unit, ours, pytorch) in lines {
            let ratio = ours / pytorch;
            if json {
                let number = |x: f64| if x.is_finite() { x.to_string() } else { "null".into() };
                let (ours, pytorch, ratio) = (number(ours), number(pytorch), number(ratio));
                let case = &name[..1].to_lowercase();
                println!(
                    "{{\"case\":\"{case}\",\"unit\":\"{unit}\",\"ours_s\":{ours},\
                     \"pytorch_s\":{pytorch},\"ratio\":{ratio}}}"
                );
            } else if pytorch.is_finite() {
                println!("{name:55} {ours:9.3} {unit:3} {pytorch:9.3} {unit:3} ratio {ratio:.3}");
            } else {
                println!("{name:55} {ours:9.3} {unit:3}");
            }
        }
        if !json {
            let best = |of: &mut Vec<Figures>| of.iter().map(|f| f.0).fold(f64::NAN, f64::max);
            println!(
                "Matrix products alone: {:.0} GFLOP/s ours, {:.0} PyTorch (best of {runs}).",
                best(&mut ceiling.0),
                best(&mut ceiling.1)
            );
        }
        Ok(())
    }

    fn alternate(&self, case: &str, runs: usize) -> Result<(Vec<Figures>, Vec<Figures>)> {
        let (mut ours, mut pytorch) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            ours.push(self.ours(case, &[])?);
            pytorch.extend(self.pytorch(case)?);
        }
        Ok((ours, pytorch))
    }

    /// How time and memory of our cases grow with the work, and with threads.
    pub(crate) fn scale(&self) -> Result<()> {
        println!("{:40} {:>9} {:>9}", "", "seconds", "peak MiB");
        let line = |name: String, case: &str, options: &[&str]| -> Result<()> {
            let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
            let (seconds, peak) = self.ours(case, &options)?;
            println!("{name:40} {seconds:9.3} {peak:9.0}");
            Ok(())
        };
        for part in ["27", "54", "108"] {
            line(format!("A, {part} sentences"), "a", &["--part", part])?;
        }
        for part in ["27", "54", "108"] {
            line(format!("B, {part} prompts"), "b", &["--part", part])?;
        }
        for part in ["250", "500", "1000"] {
            line(format!("C, {part} sets"), "c", &["--part", part])?;
        }
        for threads in ["1", "2"] {
            line(format!("A, {threads} threads"), "a", &["--threads", threads])?;
            line(
                format!("C, 250 sets, {threads} threads"),
                "c",
                &["--part", "250", "--threads", threads],
            )?;
        }
        line("A without shortcuts".to_owned(), "a", &["--plain"])?;
        line("C, 250 sets, without shortcuts".to_owned(), "c", &["--part", "250", "--plain"])
    }
}

/// The two numbers that a case prints.
fn figures(command: &mut Command) -> Result<Figures> {
    let output = command.stderr(Stdio::inherit()).output().context("cannot run a case")?;
    anyhow::ensure!(output.status.success(), "a case failed");
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(seconds), Some(peak)) => Ok((seconds?, peak?)),
        _ => anyhow::bail!("a case printed {text:?}"),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// Where the PyTorch script stands.
pub(crate) fn script(root: &Path) -> PathBuf {
    root.join("crates/yardstick/pytorch_reference.py")
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < 1e-12);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < 1e-12);
        assert!(median(std::iter::empty()).is_nan());
    }
}
