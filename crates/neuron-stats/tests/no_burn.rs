//! The crate stays what it is for: statistics on plain slices, without Burn and without I/O.

use std::{fs, path::Path};

#[test]
fn it_depends_on_no_model_code() {
    let manifest = include_str!("../Cargo.toml");
    let dependencies = manifest.split("[dev-dependencies]").next().unwrap_or_default();
    for name in ["burn", "bert-model", "activation-capture", "lesion-eval"] {
        assert!(!dependencies.contains(name), "neuron-stats depends on {name}");
    }
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
            for io in ["std::fs", "std::io", "std::net", "println!", "std::env"] {
                assert!(!source.contains(io), "{} uses {io}", path.display());
            }
        }
    }
}
