//! Output files that appear whole or not at all.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use lesion_eval::Activations;
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};
use serde::Serialize;
use study_report::{FIGURES, Report, hash};
use tempfile::{Builder, NamedTempFile};

use crate::manifest;

const ACTIVATIONS: &str = "activations.safetensors";
/// The page that tells the study, and the folder of its figures.
pub(crate) const REPORT: &str = "report.html";
const FIGURE_FOLDER: &str = "figures";

/// The folder that a study writes into.
pub(crate) struct OutputDir {
    dir: PathBuf,
    /// SHA-256 of every file written so far.
    written: BTreeMap<String, String>,
}

impl OutputDir {
    /// Makes the folder if there is none, and tries that it can be written to, so that a study
    /// does not run in vain.
    pub(crate) fn create(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)
            .and_then(|()| temporary(dir))
            .map(drop)
            .with_context(|| format!("cannot write into the folder {}", dir.display()))?;
        Ok(Self { dir: dir.to_owned(), written: BTreeMap::new() })
    }

    /// Takes away the manifest of an earlier run, and what was made of it: without one, no reader
    /// takes old and new tables for one study.
    pub(crate) fn begin(&self) -> Result<()> {
        self.remove(manifest::FILE)?;
        self.remove(REPORT)?;
        FIGURES.iter().try_for_each(|name| self.remove(&figure(name)))?;
        // Its folder too, unless somebody keeps other files there.
        let _ = fs::remove_dir(self.dir.join(FIGURE_FOLDER));
        Ok(())
    }

    /// Writes the page and its figures. They are made of the tables, so that the manifest, which
    /// comes before them, does not name them.
    pub(crate) fn report(&self, report: &Report) -> Result<()> {
        let folder = self.dir.join(FIGURE_FOLDER);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        for name in FIGURES {
            match report.figures.iter().find(|figure| figure.0 == name) {
                Some((_, svg)) => self.put(&figure(name), svg.as_bytes())?,
                None => self.remove(&figure(name))?,
            }
        }
        self.page(REPORT, &report.html)
    }

    /// Writes a page.
    pub(crate) fn page(&self, name: &str, html: &str) -> Result<()> {
        self.put(name, html.as_bytes())
    }

    /// Writes a table with a header row, also where it has no other.
    pub(crate) fn csv<R: Serialize + Default>(
        &mut self,
        name: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return self.bytes(name, header::<R>()?.as_bytes());
        }
        for row in rows {
            writer.serialize(row)?;
        }
        let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
        self.bytes(name, &bytes)
    }

    /// Writes a table, or takes away the one that an earlier run of another study left.
    pub(crate) fn csv_if<R: Serialize + Default>(
        &mut self,
        name: &str,
        rows: Option<impl IntoIterator<Item = R>>,
    ) -> Result<()> {
        match rows {
            Some(rows) => self.csv(name, rows),
            None => self.remove(name),
        }
    }

    /// Writes the activations of the tested tokens, `[pairs, layers, neurons]` for each side and
    /// site.
    pub(crate) fn activations_if(&mut self, activations: Option<&Activations>) -> Result<()> {
        let Some(activations) = activations else { return self.remove(ACTIVATIONS) };
        let shape = vec![activations.pairs, activations.layers, activations.neurons];
        let (pre, post) = (&activations.pre, &activations.post);
        let named = [("pre.a", &pre[0]), ("pre.b", &pre[1]), ("post.a", &post[0])];
        let named = named.into_iter().chain([("post.b", &post[1])]);
        let bytes: Vec<(&str, Vec<u8>)> = named
            .map(|(name, values)| (name, values.iter().flat_map(|v| v.to_le_bytes()).collect()))
            .collect();
        let views = bytes
            .iter()
            .map(|(name, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, SafeTensorError>>()?;
        self.bytes(ACTIVATIONS, &safetensors::serialize(views, None)?)
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.dir.join(name);
        if path.exists() {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Writes a JSON file.
    pub(crate) fn json(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        let mut bytes = serde_json::to_vec_pretty(value)?;
        bytes.push(b'\n');
        self.bytes(name, &bytes)
    }

    /// Writes a JSON file of long lists on one line.
    pub(crate) fn compact_json(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        self.bytes(name, &serde_json::to_vec(value)?)
    }

    /// Writes a file that the manifest names.
    fn bytes(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.put(name, bytes)?;
        self.written.insert(name.to_owned(), hash::of_bytes(bytes));
        Ok(())
    }

    /// Writes beside the file and renames, which replaces it in one step.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.dir.join(name);
        let write = || -> Result<()> {
            let mut file = temporary(&self.dir)?;
            file.write_all(bytes)?;
            file.persist(&path).map_err(|failed| failed.error)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    pub(crate) fn written(&self) -> &BTreeMap<String, String> {
        &self.written
    }
}

/// Where a figure stands in the folder.
fn figure(name: &str) -> String {
    format!("{FIGURE_FOLDER}/{name}.svg")
}

/// The header row of a table: what stands above a row of it.
fn header<R: Serialize + Default>() -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.serialize(R::default())?;
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    let text = String::from_utf8(bytes)?;
    Ok(text.lines().next().unwrap_or_default().to_owned() + "\n")
}

/// A temporary file that others may read as they may read any new file of this user.
fn temporary(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666)) // less the umask
    };
    builder.tempfile_in(dir)
}
