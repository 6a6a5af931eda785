//! `lesion completions`: the scripts name every command, and bash completes with one.

use std::{path::Path, process::Command};

use tempfile::TempDir;

use crate::support::lesion;

fn script(shell: &str) -> String {
    let dir = TempDir::new().unwrap();
    let output = lesion(dir.path()).args(["completions", shell]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_script_names_commands_options_and_values() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = script(shell);
        for name in ["reproduce", "words", "new", "completions", "held-out", "nulls", "max-t"] {
            // zsh and elvish write some hyphens otherwise.
            let is_there = script.contains(name) || script.contains(&name.replace('-', "\\-"));
            assert!(is_there || name == "max-t" && ["elvish", "powershell"].contains(&shell));
        }
    }
}

/// The words that bash completes the last of these words to; none without bash.
fn complete(script: &Path, words: &[&str]) -> Option<Vec<String>> {
    let last = words.len() - 1;
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let line = format!(
        "source '{}'; COMP_WORDS=({}); COMP_CWORD={last}; _lesion lesion '{}' '{}'; printf '%s\\n' \
         \"${{COMPREPLY[@]}}\"",
        script.display(),
        quoted.join(" "),
        words[last],
        words[last - 1],
    );
    let output = Command::new("bash").args(["--norc", "-c", &line]).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).unwrap();
    Some(stdout.lines().map(str::to_owned).collect())
}

#[test]
fn bash_completes_commands_options_and_values() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("lesion.bash");
    std::fs::write(&path, script("bash")).unwrap();
    for (words, expected) in [
        (&["lesion", "wo"][..], &["words"][..]),
        (&["lesion", "run", "--held"], &["--held-out"]),
        (&["lesion", "run", "--kind", ""], &["zero", "mean", "median", "resample"]),
        (&["lesion", "predict", "--site", "p"], &["pre", "post"]),
        (&["lesion", "completions", "f"], &["fish"]),
    ] {
        let Some(found) = complete(&path, words) else { return };
        assert_eq!(found, expected, "{words:?}");
    }
}
