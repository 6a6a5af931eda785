//! The crate computes statistics on plain slices, without Burn and without I/O.

use std::{fs, path::Path};

/// Words of the standard library's input, output and environment, however they are imported.
const WORDS: [&str; 22] = [
    "fs",
    "io",
    "net",
    "env",
    "process",
    "os",
    "File",
    "OpenOptions",
    "Read",
    "Write",
    "BufReader",
    "BufWriter",
    "TcpStream",
    "stdin",
    "stdout",
    "stderr",
    "print",
    "println",
    "eprint",
    "eprintln",
    "dbg",
    "Command",
];

/// The first such word in the code, which ends where the comment of a line begins.
fn io_word(source: &str) -> Option<&str> {
    let code = source.lines().filter_map(|line| line.split("//").next());
    let mut words = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.find(|word| WORDS.contains(word))
}

#[test]
fn it_depends_on_no_model_code() {
    let manifest = include_str!("../Cargo.toml");
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let (dependencies, _) = dependencies.split_once("[dev-dependencies]").unwrap();
    let names = dependencies.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    assert_eq!(names, ["rand_chacha", "rayon", "thiserror"]);
}

#[test]
fn every_way_to_import_is_found() {
    for source in [
        "use std::{fs, path::Path};",
        "use std::{\n    io::{self, Write as _},\n};",
        "let home = std::env::var(name);",
        "println!(\"{p}\"); // prints",
    ] {
        assert!(io_word(source).is_some(), "{source}");
    }
    assert_eq!(io_word("let ratio = a / b; // use std::fs\n/// without I/O, see `io`"), None);
}

#[test]
fn its_sources_read_and_write_nothing() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            assert_eq!(io_word(&source), None, "{}", path.display());
        }
    }
}
