//! The figures of the guide, from real studies.

use std::{fs, process::ExitCode};

use anyhow::{Context, Result};

use crate::lesion::run_lesion;
use crate::workspace::Workspace;

/// A study whose figures the guide shows.
struct Source {
    study: &'static str,
    /// Folder of its figures, in docs/figures.
    folder: &'static str,
    figures: &'static [&'static str],
}

const SOURCES: [Source; 2] = [
    Source {
        study: "assets/studies/reproduce.toml",
        folder: "",
        figures: &["volcano", "profile", "dose"],
    },
    Source {
        study: "docs/examples/number/study.toml",
        folder: "number",
        figures: &["profile", "dissociation"],
    },
];

/// Runs the studies and copies their figures.
pub(crate) fn draw_figures(workspace: &Workspace) -> Result<ExitCode> {
    for Source { study, folder, figures } in SOURCES {
        let study = workspace.root().join(study);
        let out = workspace.root().join("target/figures").join(folder);
        let args = ["run".into(), study.into(), "--out".into(), out.clone().into()];
        let code = run_lesion(workspace, &args)?;
        if code != ExitCode::SUCCESS {
            return Ok(code);
        }
        for figure in figures {
            let name = format!("{figure}.svg");
            let copy = workspace.root().join("docs/figures").join(folder).join(&name);
            fs::copy(out.join("figures").join(&name), &copy)
                .with_context(|| format!("cannot write {}", copy.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
