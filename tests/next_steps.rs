//! The line that says what to type next: on a terminal only, and it works.

use std::path::Path;

use tempfile::TempDir;

use crate::support::{lesion, on_terminal};

/// The last line that a command writes to a terminal; none without the program `script`.
fn last_line(dir: &Path, line: &str) -> Option<String> {
    let text = on_terminal(dir, line)?;
    Some(text.lines().last().unwrap_or_default().trim_end().to_owned())
}

#[test]
fn each_command_leads_to_the_next() {
    let dir = TempDir::new().unwrap();
    let mut line = "lesion new my".to_owned();
    for expected in [
        "lesion check my/study.toml",
        "lesion run my/study.toml",
        "lesion predict 'Robert was late because [MASK] missed the train.' --lesion all:he \
         --neurons target/study/neuron_sets.json",
        "lesion reproduce",
    ] {
        if line.starts_with("lesion run") {
            line += " --nulls 5 --parts controls";
        }
        let Some(last) = last_line(dir.path(), &line) else { return };
        assert_eq!(last.strip_prefix("Next: "), Some(expected), "after {line}");
        expected.clone_into(&mut line);
    }
}

#[test]
fn a_list_and_json_have_no_next_step() {
    let dir = TempDir::new().unwrap();
    for line in [
        "lesion words --like her",
        "lesion completions fish",
        "lesion devices --json",
        "lesion predict 'We saw [MASK].' --json",
    ] {
        let Some(last) = last_line(dir.path(), line) else { return };
        assert!(!last.is_empty() && !last.starts_with("Next:"), "{line}: {last}");
    }
}

#[test]
fn a_pipe_gets_no_next_step() {
    let dir = TempDir::new().unwrap();
    for args in [&["new", "my"][..], &["devices"], &["predict", "We saw [MASK]."]] {
        let output = lesion(dir.path()).args(args).output().unwrap();
        assert!(output.stderr.is_empty(), "{output:?}");
        assert!(!String::from_utf8(output.stdout).unwrap().contains("Next:"));
    }
}
