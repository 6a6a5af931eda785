//! Mutants of the files that `lesion` reads.

use std::{ffi::OsString, process::ExitCode};

use anyhow::Result;

use crate::{lesion::build_lesion, workspace::Workspace};

/// Builds `lesion` and `mutated-inputs`, and runs the latter with these arguments.
pub(crate) fn read_mutants(workspace: &Workspace, args: Vec<OsString>) -> Result<ExitCode> {
    // One by one, so that `lesion` and its dependencies are those of the default build.
    build_lesion(workspace, &[])?;
    workspace.build(&["--package", "mutated-inputs"])?;
    let mut all_args: Vec<OsString> = vec![
        "--root".into(),
        workspace.root().into(),
        "--program".into(),
        workspace.program("lesion").into(),
    ];
    all_args.extend(args);
    workspace.run("mutated-inputs", &all_args)
}
