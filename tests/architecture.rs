//! Rules of CONTRIBUTING.md that a program can check.

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/modules.rs"]
mod modules;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use circles::circles;
use modules::Sources;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Sources of each package of the workspace, by its folder: `crates/lesion`.
fn packages(root: &Path) -> BTreeMap<String, Sources> {
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let folders = crates.chain([root.join("xtask")]).filter(|folder| folder.join("src").is_dir());
    let package = |folder: PathBuf| {
        let name = folder.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        (name, sources(&folder.join("src")))
    };
    folders.map(package).collect()
}

/// Rust files below `folder`.
fn sources(folder: &Path) -> Sources {
    let mut sources = Sources::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            sources.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    sources
}

#[test]
fn no_file_uses_a_file_that_uses_it() {
    let circles: Vec<String> = packages(&repository())
        .iter()
        .flat_map(|(package, sources)| {
            circles(sources).into_iter().map(move |line| format!("{package}: {line}"))
        })
        .collect();
    assert!(circles.is_empty(), "circles between files:\n{}", circles.join("\n"));
}
