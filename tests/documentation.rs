//! docs/output.md names every column that the program writes, and no other; docs/json.md every key
//! of what `--json` says. Every page of the guide is in its table of contents, every link leads
//! somewhere, and every block of code does what it says.

mod guide;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{Run, lesion, without_network};
use guide::{Block, pages, root, session, shows};
use serde_json::Value;
use tempfile::TempDir;

/// What each section of a page names in its title, and in the first column of its first table. The
/// page itself is the first section.
fn documented(page: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let named = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let section = |section: &str| {
        let (title, body) = section.split_once('\n')?;
        let table = body.lines().skip_while(|line| !line.starts_with('|'));
        let rows = table.take_while(|line| line.starts_with('|')).skip(2);
        let first = rows.filter_map(|row| row.split('|').nth(1)).flat_map(named);
        Some((named(title), first.collect()))
    };
    text.split("\n## ").filter_map(section).collect()
}

/// Adds the path of every key, with `[]` after a list. What no key of `named` stands below is one
/// whole, whatever is in it.
fn keys(value: &Value, path: &str, named: &[String], found: &mut BTreeSet<String>) {
    let below =
        |of: &String| of.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']));
    let below = path.is_empty() || named.iter().any(below);
    match value {
        Value::Object(map) if below => {
            let dot = if path.is_empty() { "" } else { "." };
            for (key, value) in map {
                keys(value, &format!("{path}{dot}{key}"), named, found);
            }
        }
        Value::Array(list) if below => {
            for value in list {
                keys(value, &format!("{path}[]"), named, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn every_key_of_json_is_documented_and_every_documented_key_is_there() {
    let study = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/studies/reproduce.toml");
    // A finished study whose table was changed, so that every list has an entry.
    let finished = Run::brief(&[]);
    let finished = finished.out();
    fs::write(finished.join("sparsity.csv"), "layer,measure,at,share\n").unwrap();
    let finished = finished.to_str().unwrap();
    let calls: [(&str, &[&[&str]]); 8] = [
        ("predict", &[&["日 saw [MASK]."], &["日 saw [MASK].", "--lesion", "0:1", "--at", "0,1"]]),
        ("reproduce", &[&["--parts", "controls", "--nulls", "1"]]),
        ("run", &[&[study, "--parts", "controls", "--nulls", "1"]]),
        ("check", &[&[study]]),
        ("evaluate", &[&["--count", "1"]]),
        ("devices", &[&[]]),
        ("report", &[&[finished]]),
        ("compare", &[&[finished, finished]]),
    ];
    let documented = documented("json.md");
    for (command, calls) in calls {
        let section = documented.iter().find(|(title, _)| title.iter().any(|of| of == command));
        let named = &section.unwrap().1;
        let mut found = BTreeSet::new();
        for args in calls {
            let dir = TempDir::new().unwrap();
            let output = lesion(dir.path()).args([command, "--json"]).args(*args).output().unwrap();
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
            keys(&answer, "", named, &mut found);
        }
        assert_eq!(found, named.iter().cloned().collect(), "{command}");
    }
}

#[test]
fn every_key_of_the_manifest_is_documented() {
    let manifest: Value = serde_json::from_slice(&Run::brief(&[]).bytes("manifest.json")).unwrap();
    let written: BTreeSet<_> = manifest.as_object().unwrap().keys().cloned().collect();
    let [(_, documented)] = &documented("formats/manifest.md")[..] else { panic!("one table") };
    assert_eq!(documented.iter().cloned().collect::<BTreeSet<_>>(), written);
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
    let tables = documented("output.md").into_iter().filter_map(|(title, columns)| {
        Some((title.into_iter().find(|name| name.strip_suffix(".csv").is_some())?, columns))
    });
    let documented: BTreeMap<String, Vec<String>> = tables.collect();
    assert_eq!(
        documented.keys().collect::<Vec<_>>(),
        written.keys().collect::<Vec<_>>(),
        "the files"
    );
    for (file, columns) in written {
        assert_eq!(documented[&file], columns, "{file}");
    }
}

#[test]
fn every_page_is_in_the_summary_and_every_link_leads_somewhere() {
    let pages = pages();
    let mut faults = Vec::new();
    for page in &pages {
        let fault = |link: String| {
            let fault = page.fault(&link, &pages)?;
            Some(format!("{}: {link}: {fault}", page.path.display()))
        };
        faults.extend(page.links().into_iter().filter_map(fault));
    }
    assert_eq!(faults, [""; 0]);
    let summary = pages.iter().find(|page| page.path.ends_with("SUMMARY.md")).unwrap();
    let listed: BTreeSet<_> =
        summary.links().iter().map(|link| Path::new("docs").join(link)).collect();
    let written = pages.iter().map(|page| page.path.clone());
    let written = written.filter(|path| path.starts_with("docs") && *path != summary.path);
    assert_eq!(listed, written.collect());
}

/// `lesion` and `cargo xtask` are the program that was built; no other command is.
const SHELL: &str = r#"set -eu
lesion() { "$LESION" "$@"; }
cargo() { test "$1" = xtask; shift; lesion "$@"; }
"#;

/// What a script prints, in a folder.
fn shell(script: &str, dir: &Path) -> Vec<String> {
    let mut command = without_network(Command::new("sh"), dir);
    let command = command.env("LESION", env!("CARGO_BIN_EXE_lesion"));
    let output = command.args(["-c", &format!("{SHELL}{script}")]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    stdout.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Whether Python reads it; true where there is no Python.
fn is_python(text: &str) -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", "import ast, sys; ast.parse(sys.stdin.read())"]).stdin(Stdio::piped());
    let Ok(mut python) = command.spawn() else { return true };
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    python.wait().unwrap().success()
}

/// Does what a block says, in a folder with those of the repository that the guide names.
fn run_block(block: &Block, dir: &Path) {
    let text = &block.text;
    if let Some(name) = &block.file {
        fs::write(dir.join(name), text).unwrap();
    }
    match block.language.as_str() {
        _ if block.no_run => {}
        "sh" => {
            shell(text, dir);
        }
        "console" => {
            for (command, expected) in session(text) {
                let printed = shell(&command, dir);
                assert!(shows(&expected, &printed), "{command}\n{}", printed.join("\n"));
            }
        }
        "toml" => {
            let name = block.file.as_deref().unwrap_or("study.toml");
            fs::write(dir.join(name), text).unwrap();
            shell(&format!("lesion check {name}"), dir);
        }
        "json" => {
            serde_json::from_str::<Value>(text).unwrap();
        }
        "python" => assert!(is_python(text), "{text}"),
        "text" => {}
        other => panic!("{other:?} is no language of the guide"),
    }
}

#[cfg(unix)]
#[test]
fn every_block_of_code_does_what_it_says() {
    for page in pages() {
        let dir = TempDir::new().unwrap();
        for folder in ["assets", "docs"] {
            std::os::unix::fs::symlink(root().join(folder), dir.path().join(folder)).unwrap();
        }
        eprintln!("{}", page.path.display());
        for block in page.blocks() {
            run_block(&block, dir.path());
        }
    }
}

#[test]
fn what_is_printed_may_differ_from_a_page_in_a_last_digit_only() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let page = lines("Layer 4\n…\nfalls by 0.130.");
    for (printed, expected) in [
        ("Layer 4\nfalls by 0.130.", true),
        ("Layer 4\nmore\nfalls by 0.131.", true),
        ("Layer 4\nfalls by 0.132.", false),
        ("Layer 5\nfalls by 0.130.", false),
        ("Layer 4\nfalls by 0.130.\nmore", false),
    ] {
        assert_eq!(shows(&page, &lines(printed)), expected, "{printed}");
    }
}

#[test]
fn every_command_has_a_page_and_every_option_is_told() {
    let pages = pages();
    let text = |path: &str| &pages.iter().find(|page| page.path == Path::new(path)).unwrap().text;
    let help = |args: &str| shell(&format!("lesion {args} --help"), Path::new("."));
    let commands = help("");
    let commands = commands.iter().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<_> = commands.map_while(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"reproduce"), "{commands:?}");
    // The options of a study are told with its keys.
    let shared = [text("docs/commands/reproduce.md"), text("docs/studies.md")];
    for command in commands.into_iter().filter(|command| *command != "help") {
        let own = text(&format!("docs/commands/{command}.md"));
        for line in help(command) {
            let option = line.split_whitespace().find(|word| word.starts_with("--"));
            let Some(option) = option.filter(|_| line.trim_start().starts_with('-')) else {
                continue;
            };
            let told = format!("`{option}");
            let told =
                option == "--help" || shared.iter().chain([&own]).any(|of| of.contains(&told));
            assert!(told, "{command} {option}");
        }
    }
}
