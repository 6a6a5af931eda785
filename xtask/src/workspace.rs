//! The workspace, found at run time: a clone that is moved or copied keeps its target folder, and
//! must not run the code of the old place.

use std::{
    env,
    env::consts::EXE_SUFFIX,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus},
};

use anyhow::{Context, Result, bail, ensure};

/// The workspace that `cargo xtask` runs in.
pub(crate) struct Workspace {
    root: PathBuf,
    /// Folder of the built programs.
    programs: PathBuf,
}

impl Workspace {
    /// Finds the workspace from the environment that `cargo run` sets, or else from the current
    /// folder.
    pub(crate) fn find() -> Result<Self> {
        let start = match env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => env::current_dir()?,
        };
        // Cargo builds every program of the workspace into the folder of this one.
        let program = env::current_exe()?;
        let programs = program.parent().context("this program is in no folder")?;
        Ok(Self { root: find_root(&start)?, programs: programs.to_owned() })
    }

    /// The top folder of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a program that was built.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(format!("{name}{EXE_SUFFIX}"))
    }

    /// Builds a program in release mode.
    pub(crate) fn build(&self, options: &[&str]) -> Result<()> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--release", "--manifest-path"]);
        command.arg(self.root.join("Cargo.toml")).args(options);
        remove_package_variables(&mut command);
        let status = command.status().context("cannot run cargo")?;
        ensure!(status.success(), "`cargo build --release {}` failed", options.join(" "));
        Ok(())
    }

    /// Runs a command that builds something in release mode.
    pub(crate) fn status(command: &mut Command) -> Result<ExitCode> {
        remove_package_variables(command);
        let program = command.get_program().to_owned();
        let status = command.status();
        Ok(exit_code(status.with_context(|| format!("cannot run {}", program.display()))?))
    }

    /// Runs a program that was built, in the current folder, so that relative paths keep their
    /// meaning.
    pub(crate) fn run(&self, name: &str, args: &[OsString]) -> Result<ExitCode> {
        let path = self.program(name);
        let status = Command::new(&path).args(args).status();
        Ok(exit_code(status.with_context(|| format!("cannot run {}", path.display()))?))
    }
}

/// Removes the variables with which `cargo run` describes this package. Some build scripts of dependencies
/// read them, and would run again whenever `cargo test` follows `cargo xtask` or the reverse.
pub(crate) fn remove_package_variables(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_MANIFEST_") || text.starts_with("CARGO_PKG_") {
            command.env_remove(&name);
        }
    }
}

fn exit_code(status: ExitStatus) -> ExitCode {
    match status.code().map(u8::try_from) {
        Some(Ok(code)) => ExitCode::from(code),
        _ => ExitCode::FAILURE,
    }
}

/// The folder at or above `start` whose Cargo.toml defines a workspace.
fn find_root(start: &Path) -> Result<PathBuf> {
    for folder in start.ancestors() {
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let manifest: toml::Table = manifest.parse()?;
        if manifest.contains_key("workspace") {
            return Ok(folder.to_owned());
        }
    }
    bail!("no workspace at or above {}", start.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_workspace_is_found_in_its_new_place() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old"), dir.path().join("new"));
        let member = "[package]\nname = \"xtask\"\n[lints]\nworkspace = true\n";
        fs::create_dir_all(old.join("xtask/src")).unwrap();
        fs::write(old.join("Cargo.toml"), "[workspace]\nmembers = [\"xtask\"]\n").unwrap();
        fs::write(old.join("xtask/Cargo.toml"), member).unwrap();
        assert_eq!(find_root(&old.join("xtask")).unwrap(), old);
        fs::rename(&old, &new).unwrap();
        assert_eq!(find_root(&new.join("xtask")).unwrap(), new);
        assert_eq!(find_root(&new.join("xtask/src")).unwrap(), new);
        assert!(find_root(dir.path()).is_err());
    }

    #[test]
    fn programs_are_beside_this_one_and_the_root_is_not_compiled_in() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root().join("xtask/Cargo.toml").exists());
        let folder = env::current_exe().unwrap().parent().unwrap().to_owned();
        assert_eq!(workspace.program("lesion").parent(), Some(folder.as_path()));
    }
}
