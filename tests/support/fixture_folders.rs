//! The folders of the parity fixtures, one for each family of models, as the script that makes them lists them.

use std::{fs, sync::LazyLock};

use serde::Deserialize;

/// The folders by what their models read. BERT's is the one that has all others: its name is empty.
#[derive(Deserialize)]
struct FixtureFolders {
    masked: Vec<String>,
    proteins: Vec<String>,
    decoders: Vec<String>,
}

static FOLDERS: LazyLock<FixtureFolders> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity/families.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
});

/// Models that have a mask and read English.
pub(crate) fn masked_families() -> impl Iterator<Item = &'static str> {
    FOLDERS.masked.iter().map(String::as_str)
}

/// Models that have a mask and read proteins.
fn protein_families() -> impl Iterator<Item = &'static str> {
    FOLDERS.proteins.iter().map(String::as_str)
}

/// Decoders.
pub(crate) fn decoders() -> impl Iterator<Item = &'static str> {
    FOLDERS.decoders.iter().map(String::as_str)
}

/// All models.
pub(crate) fn families() -> impl Iterator<Item = &'static str> {
    masked_families().chain(protein_families()).chain(decoders())
}
