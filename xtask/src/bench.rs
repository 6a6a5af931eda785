//! `cargo xtask bench`: the yardstick's cases, ours and PyTorch's in turn, and their ratios.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

/// What is compared, by the name that both programs know and by what a reader is told.
const CASES: [(&str, &str); 5] = [
    ("ceiling", "Matrix products alone"),
    ("a", "A. capture 12 layers and masked logits, 108 sentences"),
    ("b", "B. 36 lesions (12 layers, 3 sets) of 108 prompts"),
    ("c", "C. 1,000 sets at layer 9, the paper's two prompts"),
    ("e", "E. from process start to the first prediction"),
];

/// Seconds and the most memory in MiB.
type Figures = (f64, f64);

/// A case's figures, of each run.
struct Line {
    case: &'static str,
    name: &'static str,
    unit: &'static str,
    ours: Vec<f64>,
    /// None where there is no PyTorch.
    pytorch: Vec<f64>,
}

impl Line {
    /// The medians and their ratio; not numbers where PyTorch has none.
    fn medians(&self) -> [f64; 3] {
        let [ours, pytorch] = [&self.ours, &self.pytorch].map(|of| median(of.iter().copied()));
        [ours, pytorch, ours / pytorch]
    }

    fn json(&self) -> String {
        let number = |x: f64| if x.is_finite() { x.to_string() } else { "null".into() };
        let [ours, pytorch, ratio] = self.medians().map(number);
        let Self { case, unit, .. } = self;
        format!(
            "{{\"case\":\"{case}\",\"unit\":\"{unit}\",\"ours_s\":{ours},\
             \"pytorch_s\":{pytorch},\"ratio\":{ratio}}}"
        )
    }

    fn text(&self) -> String {
        let (Self { name, unit, .. }, [ours, pytorch, ratio]) = (self, self.medians());
        let ours = format!("{name:53} {ours:8.3} {unit:7}");
        if !ratio.is_finite() {
            return ours.trim_end().to_owned();
        }
        // Of the runs that followed each other: how far the ratio can be trusted.
        let pairs = || self.ours.iter().zip(&self.pytorch).map(|(ours, pytorch)| ours / pytorch);
        let (least, most) = (pairs().fold(f64::MAX, f64::min), pairs().fold(0.0, f64::max));
        format!("{ours} {pytorch:8.3} {unit:7} ratio {ratio:.3} ({least:.3} to {most:.3})")
    }
}

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

    /// Every case, ours and PyTorch's in turn.
    pub(crate) fn compare(&self, runs: usize, json: bool) -> Result<()> {
        let say = |line: &Line| println!("{}", if json { line.json() } else { line.text() });
        for (case, name) in CASES {
            let (ours, pytorch) = self.alternate(case, runs)?;
            let part = |of: fn(&Figures) -> f64| {
                (ours.iter().map(of).collect(), pytorch.iter().map(of).collect())
            };
            let (ours_s, pytorch_s) = part(|figures| figures.0);
            let unit = if case == "ceiling" { "GFLOP/s" } else { "s" };
            say(&Line { case, name, unit, ours: ours_s, pytorch: pytorch_s });
            if case == "a" {
                let (ours, pytorch) = part(|figures| figures.1);
                say(&Line { case: "d", name: "D. peak memory of A", unit: "MiB", ours, pytorch });
            }
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
