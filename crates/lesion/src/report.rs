//! `lesion report` and `lesion compare`: pages of what was written, without the model.

use std::{
    ffi::OsStr,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Serialize;
use study_report::Study;

use crate::{
    answer::Answer,
    args::Compare,
    output::{OutputDir, REPORT},
};

/// A page that was written.
pub(crate) struct Page {
    what: &'static str,
    path: PathBuf,
    /// What is no longer as the study wrote it.
    changed: Vec<String>,
}

impl Answer for Page {
    fn text(&self, out: &mut impl Write) -> Result<()> {
        Ok(writeln!(out, "The {} is {}.", self.what, self.path.display())?)
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Json<'a> {
            page: String,
            changed: &'a [String],
        }
        Json { page: self.path.display().to_string(), changed: &self.changed }
    }
}

/// Makes the page of a finished study again.
pub(crate) fn run(dir: &Path) -> Result<Page> {
    Ok(Page { what: "report", path: dir.join(REPORT), changed: write(dir)? })
}

/// Makes the page and the figures of a finished study, from its files alone. Returns what is no
/// longer as the study wrote it.
pub(crate) fn write(dir: &Path) -> Result<Vec<String>> {
    let (study, changed) = read(dir)?;
    OutputDir::create(dir)?.report(&study_report::report(&study)?)?;
    Ok(changed)
}

/// Puts two finished studies beside each other.
pub(crate) fn compare(args: &Compare) -> Result<Page> {
    let [a, b] = [&args.a, &args.b];
    let ((study_a, mut changed), (study_b, changed_b)) = (read(a)?, read(b)?);
    changed.extend(changed_b);
    let names = [a, b].map(|dir| dir.display().to_string());
    let page = study_report::compare([(&names[0], &study_a), (&names[1], &study_b)])?;
    let name = args.out.file_name().and_then(OsStr::to_str);
    let name = name.with_context(|| format!("--out {}: no name of a file", args.out.display()))?;
    let folder = args.out.parent().filter(|folder| !folder.as_os_str().is_empty());
    OutputDir::create(folder.unwrap_or(Path::new(".")))?.page(name, &page)?;
    Ok(Page { what: "comparison", path: args.out.clone(), changed })
}

/// Reads a study, and says where its files are no longer those that it wrote.
fn read(dir: &Path) -> Result<(Study, Vec<String>)> {
    let study = Study::read(dir)?;
    let of_dir = |change: &String| format!("in {}, {change}", dir.display());
    let changed: Vec<String> = study.changed().iter().map(of_dir).collect();
    for change in &changed {
        eprintln!("Note: {change} since the study ran.");
    }
    Ok((study, changed))
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::float_cmp)] // the same constant is what is meant
    fn page_and_screen_call_the_same_sets_alike() {
        assert_eq!(study_report::UNLIKE, lesion_eval::UNLIKE);
    }
}
