//! The simulations that measure how often a study's verdicts are wrong, and how often right.

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;

use crate::workspace::Workspace;

/// Builds and runs the program `calibrate` with these arguments.
pub(crate) fn run_simulations(workspace: &Workspace, args: Vec<OsString>) -> Result<ExitCode> {
    // With the other crates, so that the build of the dependencies is that of `lesion`. `pretrain`
    // would add autodiff.
    workspace.build(&["--workspace", "--exclude", "pretrain", "--bin", "calibrate"])?;
    let mut all_args: Vec<OsString> =
        vec!["--assets".into(), workspace.root().join("assets").into()];
    all_args.extend(args);
    workspace.run("calibrate", &all_args)
}
