//! Rules of CONTRIBUTING.md that a program can check.

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/modules.rs"]
mod modules;
#[path = "architecture/style.rs"]
mod style;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use circles::{circles, roots};
use modules::{Crate, Sources};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Sources of each package of the workspace, by its folder: `crates/lesion`.
fn packages(root: &Path) -> BTreeMap<String, Sources> {
    let mut folders = vec!["xtask".to_owned()];
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        folders.push(format!("crates/{}", entry.unwrap().file_name().display()));
    }
    folders
        .into_iter()
        .map(|folder| (folder.clone(), sources(&root.join(folder).join("src"))))
        .collect()
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

/// Fails with the lines that `check` finds in each package.
fn check_packages(rule: &str, check: impl Fn(&Sources) -> Vec<String>) {
    let mut findings = Vec::new();
    for (package, sources) in packages(&repository()) {
        findings.extend(check(&sources).iter().map(|finding| format!("{package}: {finding}")));
    }
    assert!(findings.is_empty(), "{rule}\n{}", findings.join("\n"));
}

#[test]
fn no_file_uses_a_file_that_uses_it() {
    check_packages("circles between files:", circles);
}

#[test]
fn a_file_imports_from_the_module_that_defines_a_thing() {
    check_packages("imports through the re-exports of a crate's root:", |sources| {
        let crates = roots(sources).map(|root| Crate::read(sources, root));
        crates.flat_map(|read| read.uses_of_reexports()).collect()
    });
}

/// Names that several files may have, with the reason.
const SHARED_NAMES: [(&str, &str); 5] = [
    ("lib", "Cargo's name for the root of a library"),
    ("main", "Cargo's name for the root of a program"),
    ("error", "the error type of its crate"),
    ("common", "Cargo's custom for what the tests of a crate share"),
    ("support", "what the tests of the whole program share"),
];

#[test]
fn a_file_name_occurs_once() {
    let mut paths: BTreeMap<(bool, String), Vec<String>> = BTreeMap::new();
    for folder in ["crates", "tests", "xtask"] {
        for path in sources(&repository().join(folder)).into_keys() {
            let path = format!("{folder}/{path}");
            let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
            let name = module.rsplit('/').next().expect("a path has a last part");
            // A test may be called after the module that it tests.
            let is_test = path.contains("tests/");
            if SHARED_NAMES.iter().all(|(shared, _)| *shared != name) {
                paths.entry((is_test, name.to_owned())).or_default().push(path);
            }
        }
    }
    let twice: Vec<String> =
        paths.into_values().filter(|paths| paths.len() > 1).map(|paths| paths.join(" ")).collect();
    assert!(twice.is_empty(), "files of the same name:\n{}", twice.join("\n"));
}

#[test]
fn the_style_of_contributing_md_is_kept() {
    let mut findings = Vec::new();
    for folder in ["crates", "tests", "xtask"] {
        for (path, text) in sources(&repository().join(folder)) {
            let lines = style::findings(&text);
            findings.extend(lines.iter().map(|finding| format!("{folder}/{path}:{finding}")));
        }
    }
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}
