//! The pictures of the guide, from real runs.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context, Result};

use crate::{build, root, run, target};

/// Studies, where their pictures go in docs/figures, and those of their figures that the guide shows.
const PICTURES: [(&str, &str, &[&str]); 2] = [
    ("assets/studies/reproduce.toml", "", &["volcano", "profile", "dose"]),
    ("docs/examples/number/study.toml", "number", &["profile", "dissociation"]),
];

/// Runs the studies and copies their figures.
pub(crate) fn draw() -> Result<ExitCode> {
    build("lesion", &[], &[])?;
    for (study, folder, figures) in PICTURES {
        let out = target().join("figures").join(folder);
        let args = ["run".into(), root().join(study).into(), "--out".into(), out.clone().into()];
        let code = run("lesion", args.into())?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
        let pictures = root().join("docs/figures").join(folder);
        for figure in figures {
            copy(&out.join("figures"), &pictures, &format!("{figure}.svg"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn copy(from: &Path, to: &Path, name: &str) -> Result<()> {
    fs::copy(from.join(name), to.join(name))
        .with_context(|| format!("cannot write {}", to.join(name).display()))?;
    Ok(())
}
