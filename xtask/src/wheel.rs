//! The wheel of the Python package, with the program in it.

use std::{
    env, fs,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail};

use crate::lesion::build_lesion;
use crate::workspace::Workspace;

/// Builds the program and the wheel, into target/wheels.
pub(crate) fn build_wheel(workspace: &Workspace) -> Result<ExitCode> {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let version = Command::new(&python).args(["-m", "maturin", "--version"]).output();
    if !version.is_ok_and(|output| output.status.success()) {
        bail!(
            "`{python} -m maturin` does not run; `pip install maturin` installs it, and `$PYTHON` \
               names the Python that has it"
        );
    }
    build_lesion(workspace, &[])?;
    let program = workspace.program("lesion");
    let scripts = workspace.root().join("target/wheel-data/scripts");
    let copy = scripts.join(program.file_name().context("the program has no name")?);
    fs::create_dir_all(&scripts)
        .and_then(|()| fs::copy(&program, &copy))
        .with_context(|| format!("cannot write {}", copy.display()))?;
    let mut maturin = Command::new(&python);
    maturin.args(["-m", "maturin", "build", "--release", "--locked", "--manifest-path"]);
    maturin.arg(workspace.root().join("crates/lesion-python/Cargo.toml"));
    maturin.arg("--out").arg(workspace.root().join("target/wheels"));
    Workspace::status(&mut maturin)
}
