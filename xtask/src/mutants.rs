//! Mutants of the files that `lesion` reads.

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;

use crate::workspace::Workspace;

/// Builds `lesion` and `mutated-inputs`, and runs the latter with these arguments.
pub(crate) fn read_mutants(workspace: &Workspace, args: Vec<OsString>) -> Result<ExitCode> {
    // With the other crates, so that the build of the dependencies is that of `lesion`. `pretrain`
    // would add autodiff, and `lesion-python` needs Python.
    workspace.build(&[
        "--workspace",
        "--exclude",
        "pretrain",
        "--exclude",
        "lesion-python",
        "--bin",
        "lesion",
        "--bin",
        "mutated-inputs",
    ])?;
    let mut all_args: Vec<OsString> = vec![
        "--root".into(),
        workspace.root().into(),
        "--program".into(),
        workspace.program("lesion").into(),
    ];
    all_args.extend(args);
    workspace.run("mutated-inputs", &all_args)
}
