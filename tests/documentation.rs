//! docs/output.md names every column that the program writes, and no other.

mod support;

use std::{collections::BTreeMap, fs};

use support::Run;

/// The columns of each table, from the first column of the first table of its section.
fn documented() -> BTreeMap<String, Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/output.md");
    let text = fs::read_to_string(path).unwrap();
    let sections = text.split("\n## ").skip(1);
    let named = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    sections
        .filter_map(|section| {
            let (title, body) = section.split_once('\n')?;
            let file = named(title).into_iter().find(|name| name.strip_suffix(".csv").is_some())?;
            let table = body.lines().skip_while(|line| !line.starts_with('|'));
            let rows = table.take_while(|line| line.starts_with('|')).skip(2);
            Some((file, rows.filter_map(|row| row.split('|').nth(1)).flat_map(named).collect()))
        })
        .collect()
}

#[test]
fn every_column_is_documented_and_every_documented_column_is_written() {
    let run =
        Run::new(&["--nulls", "1", "--held-out", "0.5", "--parts", "controls,joint,dose,causal"]);
    let dynamic = Run::new(&["--parts", "dynamic"]);
    let mut written = BTreeMap::new();
    for out in [run.out(), dynamic.out()] {
        for entry in fs::read_dir(out).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                let mut reader = csv::Reader::from_path(&path).unwrap();
                let columns: Vec<String> =
                    reader.headers().unwrap().iter().map(str::to_owned).collect();
                assert!(!columns.is_empty(), "{}", path.display());
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                written.insert(name, columns);
            }
        }
    }
    let documented = documented();
    assert_eq!(
        documented.keys().collect::<Vec<_>>(),
        written.keys().collect::<Vec<_>>(),
        "the files"
    );
    for (file, columns) in written {
        assert_eq!(documented[&file], columns, "{file}");
    }
}
