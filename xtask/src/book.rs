//! The guide as a book, with the laboratory in it.

use std::{
    fs, io,
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail, ensure};

use crate::lab::build_lab;
use crate::workspace::Workspace;

/// Builds the book into target/book, with the laboratory in a folder of it; builds the laboratory first if
/// target/lab does not contain it.
pub(crate) fn build_book(workspace: &Workspace) -> Result<ExitCode> {
    let root = workspace.root();
    let mdbook = Command::new("mdbook").arg("build").arg(root.join("docs")).status();
    let Ok(status) = mdbook else {
        bail!("cannot run mdbook; `cargo install mdbook` installs it");
    };
    ensure!(status.success(), "`mdbook build docs` failed");
    let lab = root.join("target/lab");
    if !lab.join("index.html").exists() {
        build_lab(workspace, false)?;
    }
    let place = root.join("target/book/lab");
    copy_folder(&lab, &place).with_context(|| format!("cannot write {}", place.display()))?;
    eprintln!("The book is in target/book; any static host serves it.");
    Ok(ExitCode::SUCCESS)
}

/// Copies a folder and everything in it.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}
