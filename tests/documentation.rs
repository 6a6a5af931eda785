//! docs/json.md lists exactly the keys of `--json`. Every page of the guide is in its table of
//! contents, every link has a target, and every block of code runs and prints what the page shows.

mod guide;

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{Run, gathered::untrained_models, lesion, without_network};
use guide::{Block, Page, pages, root, session, shows};
use serde_json::Value;
use tempfile::TempDir;

/// Code words in the title of each section of a page, and in the first column of its first table. The
/// first section is the page itself.
fn documented(page: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let text = fs::read_to_string(root().join("docs").join(page)).unwrap();
    let section = |section: &str| {
        let (title, body) = section.split_once('\n')?;
        let table = body.lines().skip_while(|line| !line.starts_with('|'));
        let rows = table.take_while(|line| line.starts_with('|')).skip(2);
        let first = rows.filter_map(|row| row.split('|').nth(1)).flat_map(code_words);
        Some((code_words(title), first.collect()))
    };
    text.split("\n## ").filter_map(section).collect()
}

fn code_words(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Adds the path of every key of `value` to `found`, with `[]` after a list. A value without a key of
/// `named` in it counts as one key.
fn add_keys(value: &Value, path: &str, named: &[String], found: &mut BTreeSet<String>) {
    let is_inside =
        |key: &String| key.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']));
    let has_keys = path.is_empty() || named.iter().any(is_inside);
    match value {
        Value::Object(map) if has_keys => {
            let dot = if path.is_empty() { "" } else { "." };
            for (key, value) in map {
                add_keys(value, &format!("{path}{dot}{key}"), named, found);
            }
        }
        Value::Array(list) if has_keys => {
            for value in list {
                add_keys(value, &format!("{path}[]"), named, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn the_documented_keys_are_those_that_json_writes() {
    let study = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/studies/reproduce.toml");
    let decoder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity/gpt2/model");
    // A changed table, so that no list is empty.
    let run = Run::brief(&[]);
    let out = run.out();
    fs::write(out.join("sparsity.csv"), "layer,measure,at,share\n").unwrap();
    let finished = out.to_str().unwrap();
    // Two models, and a table that changed.
    let [first, second] = untrained_models(2);
    let [first, second] = [first.out(), second.out()];
    fs::write(first.join("sparsity.csv"), "layer,measure,at,share\n").unwrap();
    let [first, second] = [first.to_str().unwrap(), second.to_str().unwrap()];
    let calls: [(&str, &[&[&str]]); 16] = [
        (
            "predict",
            &[
                &["日 saw [MASK]."],
                &["日 saw [MASK].", "--lesion", "0:1", "--at", "0,1"],
                &["We met [MASK].", "--each", "0:1,2", "--show", "5:top2"],
                &["We met [MASK].", "--lesion", "0:1", "--patch", "I saw [MASK]."],
                &["We met [MASK].", "--model", decoder],
            ],
        ),
        (
            "reproduce",
            &[
                &["--parts", "controls", "--nulls", "1"],
                &["--parts", "dose", "--out", "o", "--shard", "1/2"],
            ],
        ),
        (
            "run",
            &[
                &[study, "--parts", "controls", "--nulls", "1"],
                &[study, "--parts", "dose", "--out", "o", "--shard", "1/2"],
            ],
        ),
        ("run [sweep]", &[&["sweep.toml"]]),
        ("check", &[&[study]]),
        ("check [sweep]", &[&["sweep.toml"]]),
        ("register", &[&["study.toml"]]),
        ("evaluate", &[&["--count", "1"], &["--prompts", "prompts.txt"]]),
        ("words", &[&["--like", "s?e"]]),
        ("devices", &[&[]]),
        ("new", &[&["starter"]]),
        ("import", &[&["pairs", "pairs.csv"]]),
        ("completions", &[&["bash"]]),
        ("report", &[&[finished]]),
        ("paper", &[&[finished]]),
        ("gather", &[&[first, second]]),
    ];
    let documented = documented("json.md");
    for (command, calls) in calls {
        let is_of_command =
            |(title, _): &&(Vec<String>, _)| title.iter().any(|word| word == command);
        let (_, named) = documented.iter().find(is_of_command).unwrap();
        let mut found = BTreeSet::new();
        for args in calls {
            let dir = TempDir::new().unwrap();
            fs::write(dir.path().join("study.toml"), "").unwrap();
            let sweep = "parts = [\"controls\"]\n[controls]\nnulls = 1\n[sweep]\nseed = [1]\n";
            fs::write(dir.path().join("sweep.toml"), sweep).unwrap();
            fs::write(dir.path().join("prompts.txt"), "We saw {him|her}.").unwrap();
            let pairs = "sentence_good,sentence_bad\nI is,I are\nThe king is,The king are\n\
                         He is,He are\nShe is,She are\nIt is,It is\n";
            fs::write(dir.path().join("pairs.csv"), pairs).unwrap();
            // A section on a form of a command is called after both.
            let name = command.split(' ').next().unwrap();
            let output = lesion(dir.path()).args([name, "--json"]).args(*args).output().unwrap();
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
            add_keys(&answer, "", named, &mut found);
        }
        assert_eq!(found, named.iter().cloned().collect(), "{command}");
    }
}

#[test]
fn every_page_is_in_the_summary_and_every_link_has_a_target() {
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

/// Shell functions that run the built program for `lesion` and `cargo xtask`.
const SHELL: &str = r#"set -eu
lesion() { "$LESION" "$@"; }
cargo() { test "$1" = xtask; shift; lesion "$@"; }
"#;

/// Runs a script in a folder. Returns the lines that it prints.
fn run_shell(script: &str, dir: &Path) -> Vec<String> {
    let mut command = without_network(Command::new("sh"), dir);
    let command = command.env("LESION", env!("CARGO_BIN_EXE_lesion"));
    let output = command.args(["-c", &format!("{SHELL}{script}")]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    stdout.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Whether Python can parse the text; true without Python.
fn is_python(text: &str) -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", "import ast, sys; ast.parse(sys.stdin.read())"]).stdin(Stdio::piped());
    let Ok(mut python) = command.spawn() else { return true };
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    python.wait().unwrap().success()
}

/// Runs a block of the guide in a folder with the repository's `assets` and `docs`.
fn run_block(block: &Block, dir: &Path) {
    let text = &block.text;
    if let Some(name) = &block.file {
        fs::write(dir.join(name), text).unwrap();
    }
    match block.language.as_str() {
        _ if block.no_run => {}
        "sh" => {
            run_shell(text, dir);
        }
        "console" => {
            for (command, expected) in session(text) {
                let printed = run_shell(&command, dir);
                assert!(shows(&expected, &printed), "{command}\n{}", printed.join("\n"));
            }
        }
        "toml" => {
            let name = block.file.as_deref().unwrap_or("study.toml");
            fs::write(dir.join(name), text).unwrap();
            run_shell(&format!("lesion check {name}"), dir);
        }
        "json" => {
            serde_json::from_str::<Value>(text).unwrap();
        }
        "python" => assert!(is_python(text), "{text}"),
        "text" => {}
        other => panic!("{other:?} is not a language of the guide"),
    }
}

#[cfg(unix)]
#[test]
fn every_block_of_code_runs_and_prints_what_the_page_shows() {
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

/// The chapter's commands need a model that is on `PyPI`. `.ci/run` sets the variable if it can be fetched.
#[cfg(unix)]
#[test]
fn the_chapter_on_proteins_runs_and_prints_what_it_shows() {
    if std::env::var_os("LESION_PROTEINS").is_none() {
        eprintln!("Skipped: LESION_PROTEINS is not set.");
        return;
    }
    let pages = pages();
    let page = pages.iter().find(|page| page.path.ends_with("docs/proteins.md")).unwrap();
    let dir = TempDir::new().unwrap();
    std::os::unix::fs::symlink(root().join("docs"), dir.path().join("docs")).unwrap();
    let blocks = page.blocks();
    assert!(blocks.len() >= 4, "{}", blocks.len());
    for block in blocks {
        run_block(&Block { no_run: false, ..block }, dir.path());
    }
}

#[test]
fn both_readmes_have_the_same_commands_and_links() {
    let pages = pages();
    let [english, vietnamese] = ["README.md", "README.vi.md"]
        .map(|path| pages.iter().find(|page| page.path == Path::new(path)).unwrap());
    let sessions = |page: &Page| {
        let blocks = page.blocks().into_iter().filter(|block| block.language == "console");
        blocks.map(|block| block.text).collect::<Vec<_>>()
    };
    assert_eq!(sessions(english), sessions(vietnamese));
    let links = |page: &Page| {
        let mut links = page.links();
        links.retain(|link| !link.starts_with("README"));
        links.sort_unstable();
        links
    };
    assert_eq!(links(english), links(vietnamese));
}

#[test]
fn the_job_scripts_of_the_guide_are_those_that_run_on_slurm() {
    let pages = pages();
    let page = pages.iter().find(|page| page.path.ends_with("docs/scale.md")).unwrap();
    let shown: BTreeSet<String> = page.blocks().into_iter().map(|block| block.text).collect();
    let mut absent = Vec::new();
    for entry in fs::read_dir(root().join("tests/slurm/jobs")).unwrap() {
        let path = entry.unwrap().path();
        if !shown.contains(&fs::read_to_string(&path).unwrap()) {
            absent.push(path);
        }
    }
    assert!(absent.is_empty(), "docs/scale.md must show these files as they are: {absent:?}");
}

#[test]
fn printed_text_may_differ_from_a_page_only_in_a_last_digit() {
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
fn every_command_has_a_page_that_documents_its_options() {
    let pages = pages();
    let text = |path: &str| &pages.iter().find(|page| page.path == Path::new(path)).unwrap().text;
    let help = |args: &str| run_shell(&format!("lesion {args} --help"), Path::new("."));
    let overview = help("");
    let lines = overview.iter().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<_> = lines.map_while(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"reproduce"), "{commands:?}");
    // The options of a study are documented with its settings.
    let shared = [text("docs/commands/reproduce.md"), text("docs/studies.md")];
    for command in commands.into_iter().filter(|command| *command != "help") {
        let page = text(&format!("docs/commands/{command}.md"));
        for line in help(command) {
            if !line.trim_start().starts_with('-') {
                continue;
            }
            let Some(option) = line.split_whitespace().find(|word| word.starts_with("--")) else {
                continue;
            };
            let quoted = format!("`{option}");
            let is_documented = shared.iter().chain([&page]).any(|text| text.contains(&quoted));
            assert!(is_documented || option == "--help", "{command} {option}");
        }
    }
}
