//! `lesion report` and `lesion compare`: pages of what was written, without the model.

use std::{
    ffi::OsStr,
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, Result};
use study_report::Study;

use crate::{
    args::Compare,
    output::{OutputDir, REPORT},
};

/// Makes the page of a finished study again.
pub(crate) fn run(dir: &Path) -> Result<()> {
    write(dir)?;
    writeln!(io::stdout(), "The report is {}.", dir.join(REPORT).display())?;
    Ok(())
}

/// Makes the page and the figures of a finished study, from its files alone.
pub(crate) fn write(dir: &Path) -> Result<()> {
    let study = read(dir)?;
    OutputDir::create(dir)?.report(&study_report::report(&study)?)
}

/// Puts two finished studies beside each other.
pub(crate) fn compare(args: &Compare) -> Result<()> {
    let [a, b] = [&args.a, &args.b];
    let studies = [&read(a)?, &read(b)?];
    let names = [a, b].map(|dir| dir.display().to_string());
    let page = study_report::compare([(&names[0], studies[0]), (&names[1], studies[1])])?;
    let name = args.out.file_name().and_then(OsStr::to_str);
    let name = name.with_context(|| format!("--out {}: no name of a file", args.out.display()))?;
    let folder = args.out.parent().filter(|folder| !folder.as_os_str().is_empty());
    OutputDir::create(folder.unwrap_or(Path::new(".")))?.page(name, &page)?;
    writeln!(io::stdout(), "The comparison is {}.", args.out.display())?;
    Ok(())
}

/// Reads a study, and says where its files are no longer those that it wrote.
fn read(dir: &Path) -> Result<Study> {
    let study = Study::read(dir)?;
    for change in study.changed() {
        eprintln!("Note: in {}, {change} since the study ran.", dir.display());
    }
    Ok(study)
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::float_cmp)] // the same constant is what is meant
    fn page_and_screen_call_the_same_sets_alike() {
        assert_eq!(study_report::UNLIKE, lesion_eval::UNLIKE);
    }
}
