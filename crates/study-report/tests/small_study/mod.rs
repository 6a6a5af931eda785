//! The small study of planted neurons in `tests/fixtures/small-study`, and changes of it.
//!
//! `tests/committed_study.rs` writes it: two layers of 96 neurons, of which seven of layer 1
//! respond to him and eight to her, in twelve sentences with either word.

use std::{collections::BTreeMap, fs, path::Path};

use study_record::{
    MANIFEST, Manifest,
    tables::{Row, decode, encode},
};
use study_report::hash;

/// The files of a study by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn files() -> Files {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/small-study");
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

/// The rows of a table.
pub(crate) fn rows<R: Row>(files: &Files) -> Vec<R> {
    decode(files[R::TABLE.file].as_slice()).unwrap().map(Result::unwrap).collect()
}

/// Changes the rows of a table, but not its hash in the manifest.
pub(crate) fn edit<R: Row>(files: &mut Files, change: impl FnOnce(&mut Vec<R>)) {
    let mut rows = rows(files);
    change(&mut rows);
    files.insert(R::TABLE.file.to_owned(), encode(rows).unwrap());
}

/// Writes the hashes of the files into the manifest, and changes it.
pub(crate) fn seal(files: &mut Files, change: impl FnOnce(&mut Manifest)) {
    let manifest = files.remove(MANIFEST).unwrap();
    let mut manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    let hashes = files.iter().map(|(file, bytes)| (file.clone(), hash::of_bytes(bytes)));
    manifest.outputs = hashes.collect();
    change(&mut manifest);
    files.insert(MANIFEST.to_owned(), serde_json::to_vec(&manifest).unwrap());
}
