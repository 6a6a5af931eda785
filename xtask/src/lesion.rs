//! The program `lesion`, built with the backend and the formats of figures that its arguments ask for.

use std::{ffi::OsString, fs, path::Path, process::ExitCode};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Builds `lesion` and runs it with `args`.
pub(crate) fn run_lesion(workspace: &Workspace, args: &[OsString]) -> Result<ExitCode> {
    build_lesion(workspace, args)?;
    workspace.run("lesion", args)
}

/// Builds `lesion` with the cargo features that `args` need.
///
/// No package is named, so that cargo chooses the same features of the dependencies as for
/// `cargo test`, and both share one build of them.
pub(crate) fn build_lesion(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    let available = read_features(&workspace.root().join("crates/lesion/Cargo.toml"))?;
    let features = needed_features(args, &available).join(",");
    workspace.build(&["--bin", "lesion", "--features", &features])
}

/// The cargo features of a manifest. Each backend that is not always built in has one of its name.
fn read_features(manifest: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let manifest: toml::Table = text.parse()?;
    let features = manifest.get("features").and_then(toml::Value::as_table);
    Ok(features.map(|table| table.keys().cloned().collect()).unwrap_or_default())
}

/// The cargo feature of figures in other formats than SVG.
const FIGURES: &str = "figures";

/// The features of the backends that `--backend` or else a study file names, and of the formats that
/// `--figures` names. An unknown name is left to `lesion`, whose error lists the known ones.
fn needed_features(args: &[OsString], available: &[String]) -> Vec<String> {
    let mut backends = option_values(args, "--backend");
    if backends.is_empty() {
        backends.extend(args.iter().find_map(|arg| read_study_backend(Path::new(arg))));
    }
    backends.retain(|backend| available.contains(backend));
    let mut features: Vec<String> =
        backends.iter().map(|backend| format!("lesion/{backend}")).collect();
    let formats = option_values(args, "--figures");
    let mut formats = formats.iter().flat_map(|list| list.split(','));
    if formats.any(|format| ["pdf", "png"].contains(&format)) {
        features.push(format!("lesion/{FIGURES}"));
    }
    features
}

/// The values of `option`, written as `--option VALUE` or `--option=VALUE`.
fn option_values(args: &[OsString], option: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut args = args.iter().map(|arg| arg.to_string_lossy());
    while let Some(arg) = args.next() {
        if arg == option {
            values.extend(args.next().map(String::from));
        } else if let Some(value) = arg.strip_prefix(option).and_then(|rest| rest.strip_prefix('='))
        {
            values.push(value.to_owned());
        }
    }
    values
}

/// The backend that a study file names, if `path` is one. Errors in it are left to `lesion`.
fn read_study_backend(path: &Path) -> Option<String> {
    let study: toml::Table = fs::read_to_string(path).ok()?.parse().ok()?;
    study.get("backend")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(args: &[&str]) -> Vec<String> {
        let available = ["ndarray", "wgpu", "cuda"].map(str::to_owned);
        needed_features(&args.iter().map(OsString::from).collect::<Vec<_>>(), &available)
    }

    #[test]
    fn the_backend_decides_the_feature() {
        assert_eq!(features(&["--layer", "3", "--backend", "wgpu"]), ["lesion/wgpu"]);
        assert_eq!(features(&["--backend=ndarray"]), ["lesion/ndarray"]);
        assert!(features(&["--backend", "flex"]).is_empty());
        assert!(features(&["--model", "wgpu"]).is_empty());
    }

    #[test]
    fn figures_other_than_svg_need_a_feature() {
        assert_eq!(features(&["report", "out", "--figures", "svg,pdf"]), ["lesion/figures"]);
        assert_eq!(features(&["report", "--figures=png", "out"]), ["lesion/figures"]);
        assert!(features(&["report", "out", "--figures", "svg"]).is_empty());
        assert!(features(&["report", "pdf"]).is_empty());
    }

    #[test]
    fn a_study_decides_the_feature_unless_the_command_line_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("study.toml");
        fs::write(&path, "seed = 1\nbackend = \"wgpu\"\n[lesion]\nlayer = 2\n").unwrap();
        let study = path.to_str().unwrap();
        assert_eq!(features(&["run", "--seed", "9", study]), ["lesion/wgpu"]);
        assert_eq!(features(&["run", study, "--backend", "ndarray"]), ["lesion/ndarray"]);
        assert!(features(&["run", study, "--backend=flex"]).is_empty());
    }

    #[test]
    fn a_backend_and_the_figures_are_features_of_lesion() {
        let workspace = Workspace::find().unwrap();
        let manifest = workspace.root().join("crates/lesion/Cargo.toml");
        let features = read_features(&manifest).unwrap();
        for name in ["wgpu", FIGURES] {
            assert!(features.contains(&name.to_owned()), "{features:?}");
        }
    }
}
