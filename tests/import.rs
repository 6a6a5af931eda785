//! `lesion import`: lists of minimal pairs become the files of a study.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Run, assert_user_error, lesion};

/// Imports a file of this name and content.
fn import(name: &str, content: &str, args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join(name), content).unwrap();
    import_in(dir, args)
}

fn import_in(dir: TempDir, args: &[&str]) -> Run {
    let output = lesion(dir.path()).arg("import").args(args).output().unwrap();
    Run { dir, output }
}

/// A line as BLiMP writes it.
fn blimp_line([good, bad]: [&str; 2]) -> String {
    let line = json!({
        "sentence_good": good, "sentence_bad": bad, "field": "syntax", "linguistics_term": "binding",
        "UID": "own", "simple_LM_method": true, "one_prefix_method": false, "two_prefix_method": false,
        "lexically_identical": false, "pairID": "0",
    });
    format!("{line}\n")
}

/// Pairs of sentences that the bundled model knows the words of.
fn own_pairs() -> Vec<[String; 2]> {
    let mut pairs = Vec::new();
    for (people, verb, other) in [
        (["king", "man", "boy", "uncle", "father", "brother"], "is", "are"),
        (["kings", "men", "boys", "uncles", "fathers", "brothers"], "are", "is"),
    ] {
        for person in people {
            let sentence = |verb: &str| format!("The {person} {verb} in the garden.");
            pairs.push([sentence(verb), sentence(other)]);
        }
    }
    pairs
}

fn own_blimp() -> String {
    own_pairs().iter().map(|[good, bad]| blimp_line([good, bad])).collect()
}

fn read(dir: &Path, file: &str) -> String {
    fs::read_to_string(dir.join(file)).unwrap()
}

/// The sentence of each template, with the word that stands first in its brace.
fn sentences(text: &str) -> BTreeSet<String> {
    let mut sentences = BTreeSet::new();
    for line in text.lines() {
        let template = line.rsplit('\t').next().unwrap();
        let (before, rest) = template.split_once('{').unwrap();
        let (words, after) = rest.split_once('}').unwrap();
        sentences.insert(format!("{before}{}{after}", words.split('|').next().unwrap()));
    }
    sentences
}

#[test]
fn blimp_becomes_a_study_that_runs() {
    let run = import("own.jsonl", &own_blimp(), &["blimp", "own.jsonl"]);
    assert!(run.output.status.success(), "{}", run.stderr());
    let stdout = run.stdout();
    let summary = "12 of 12 lines are used, with the labels is and are: 6 pairs for the selection, and \
                   6 prompts (3 are, 3 is).";
    assert!(stdout.contains(summary), "{stdout}");
    let folder = run.dir.path().join("own");
    let pairs = read(&folder, "pairs.txt");
    assert!(pairs.lines().all(|line| line.contains("{is|are}")), "{pairs}");
    let good: BTreeSet<String> = own_pairs().into_iter().map(|[good, _]| good).collect();
    let prompts = sentences(&read(&folder, "prompts.txt"));
    assert!(prompts.is_subset(&good), "{prompts:?}");
    let singular = pairs.replace("{is|are}", "is");
    let plural = pairs.replace("{is|are}", "are");
    let selected: BTreeSet<&str> = singular.lines().chain(plural.lines()).collect();
    assert!(prompts.iter().all(|prompt| !selected.contains(prompt.as_str())));
    for command in
        [&["check", "study.toml"][..], &["run", "study.toml", "--nulls", "5", "--out", "out"]]
    {
        let output = lesion(&folder).args(command).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(folder.join("out/profile.csv").is_file());
}

#[test]
fn the_halves_are_those_of_the_seed() {
    let halves = |seed: &str| {
        let run = import("own.jsonl", &own_blimp(), &["blimp", "own.jsonl", "--seed", seed]);
        let folder = run.dir.path().join("own");
        [read(&folder, "pairs.txt"), read(&folder, "prompts.txt")]
    };
    assert_eq!(halves("7"), halves("7"));
    assert_ne!(halves("7"), halves("8"));
}

#[test]
fn a_table_in_any_form_gives_the_same_files_as_blimp() {
    let blimp = import("own.jsonl", &own_blimp(), &["blimp", "own.jsonl"]);
    let texts = |run: &Run| {
        assert!(run.output.status.success(), "{}", run.stderr());
        ["pairs.txt", "prompts.txt", "study.toml"]
            .map(|file| read(&run.dir.path().join("own"), file))
    };
    let expected = texts(&blimp);
    for (separator, end, columns) in
        [(",", "\n", None), ("\t", "\r\n", Some(["ok", "not ok"])), (";", "\r", Some(["a", "b"]))]
    {
        let [good, bad] = columns.unwrap_or(["sentence_good", "sentence_bad"]);
        let mut table = format!("\u{feff}number{separator}{bad}{separator}\"{good}\"{end}");
        for (number, [good, bad]) in own_pairs().iter().enumerate() {
            write!(table, "{number}{separator}\"{bad}\"{separator}{good}{end}").unwrap();
        }
        let mut args = vec!["pairs", "own.csv"];
        if let Some([good, bad]) = columns {
            args.extend(["--good", good, "--bad", bad]);
        }
        assert_eq!(texts(&import("own.csv", &table, &args)), expected);
    }
}

#[test]
fn words_that_vary_are_judged_as_good_and_bad() {
    let mut content = String::new();
    for [good, bad] in [
        ["The dog sees the king.", "The dog see the king."],
        ["The dogs see the king.", "The dogs sees the king."],
        ["The king likes the dog.", "The king like the dog."],
        ["The man knows the dog.", "The man know the dog."],
        ["The woman is in the garden.", "The woman are in the garden."],
        ["The women are in the garden.", "The women is in the garden."],
    ] {
        content += &blimp_line([good, bad]);
    }
    let run = import("own.jsonl", &content, &["blimp", "own.jsonl", "--out", "a/b", "--json"]);
    let answer: Value = serde_json::from_str(&run.stdout()).unwrap();
    assert_eq!(answer["labels"], json!(["good", "bad"]));
    assert_eq!(answer["prompts"], json!({"good": 3}));
    let folder = run.dir.path().join("a/b");
    assert!(read(&folder, "pairs.txt").lines().all(|line| line.starts_with("good|bad\t")));
    assert!(read(&folder, "prompts.txt").lines().all(|line| line.starts_with("good\t")));
}

#[test]
fn what_cannot_be_used_is_listed_by_line_with_its_reason() {
    let mut content = own_blimp();
    let lines = content.lines().count();
    let long = "is x ".repeat(200);
    let others = [
        (blimp_line(["It is.", "It is."]), "both sentences are the same"),
        ("{\"sentence_good\": \"It is.\"}\n".to_owned(), "there is no field `sentence_bad`"),
        ("{\"sentence_good\" \"It is.\"}\n".to_owned(), "invalid JSON: expected `:` at column 18"),
        (blimp_line(["It is here.", "It are there."]), "2 words differ: `is here` and `are there`"),
        (
            blimp_line(["It is.", "It is not."]),
            "2 and 3 words: `` and `not`; one word is to differ",
        ),
        (blimp_line(["", "It are."]), "the good sentence is empty"),
        (blimp_line(["It {is}.", "It {are}."]), "contains `{`"),
        (
            blimp_line(["The king is in the garden.", "The king are in the garden."]),
            "the same sentences as in line 1",
        ),
        (
            blimp_line(["The king are in the garden.", "The king is in the garden."]),
            "the same sentences as in line 1, where the other one is good",
        ),
        (blimp_line(["It is\u{200b} here.", "It are\u{200b} here."]), "the character U+200B"),
        (blimp_line(["A [MASK] is here.", "A [MASK] are here."]), "contains `[MASK]`"),
        (
            blimp_line(["It is.", "It are."]).replace("UID", "sentence_bad"),
            "`sentence_good` or `sentence_bad` occurs twice",
        ),
        // The reason is not as long as the line.
        (blimp_line([&long, &long.replace("is", "are")]), "399 words differ: `is x is x is"),
    ];
    for (line, _) in &others {
        content += line;
    }
    let run = import("own.jsonl", &content, &["blimp", "own.jsonl", "--json"]);
    let answer: Value = serde_json::from_str(&run.stdout()).unwrap();
    let unused = answer["unused"].as_array().unwrap();
    assert_eq!(unused.len(), others.len(), "{unused:?}");
    for (index, (found, (_, reason))) in unused.iter().zip(others).enumerate() {
        assert_eq!(found["line"], lines + 1 + index);
        let found = found["reason"].as_str().unwrap();
        assert!(found.contains(reason) && found.chars().count() <= 301, "{found} {reason}");
    }
    assert_eq!(answer["used"], lines);
}

#[test]
fn no_row_of_a_table_is_lost_in_another() {
    let mut table = "good,bad\n".to_owned();
    for [good, bad] in own_pairs() {
        writeln!(table, "{good},{bad}").unwrap();
    }
    let rows = own_pairs().len();
    // A comma without quotation marks, text after them, and marks that nothing closes.
    table += "Well, it is.,Well, it are.\n\"It\" is.,\"It\" are.\n\"It is,It are\nHe is,He are\n\n";
    let args =
        ["pairs", "t.csv", "--good", "good", "--bad", "bad", "--score", "sentence", "--json"];
    let run = import("t.csv", &table, &args);
    let answer: Value = serde_json::from_str(&run.stdout()).unwrap();
    assert_eq!(answer["used"], rows);
    for (index, reason) in [
        "the row has 4 fields, but the first row 2",
        "text follows a closing quotation mark",
        &format!("not closed, so that lines {} to {} are one row", rows + 4, rows + 5),
    ]
    .iter()
    .enumerate()
    {
        let unused = &answer["unused"][index];
        assert_eq!(unused["line"], rows + 2 + index);
        assert!(unused["reason"].as_str().unwrap().contains(reason), "{unused} {reason}");
    }
    assert_eq!(answer["unused"].as_array().unwrap().len(), 3);
}

#[test]
fn that_all_prompts_have_one_label_raises_no_doubt() {
    // Labels by judgement, and by the words `we met` and `met we`.
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/minimal-pairs");
    let orders = fs::read_to_string(format!("{examples}/word-order.csv")).unwrap();
    let mut alike = "good,bad\n".to_owned();
    for name in
        ["king", "man", "boy", "uncle", "father", "brother", "queen", "woman", "girl", "aunt"]
    {
        writeln!(alike, "The {name} smiled when we met him.,The {name} smiled when met we him.")
            .unwrap();
        writeln!(alike, "The {name} saw that we met her.,The {name} saw that met we her.").unwrap();
    }
    for (table, label) in [(orders, "bad"), (alike, "met we")] {
        let args = ["pairs", "t.csv", "--good", "good", "--bad", "bad", "--score", "sentence"];
        let run = import("t.csv", &table, &args);
        assert!(run.output.status.success(), "{}", run.stderr());
        let prompts = read(&run.dir.path().join("t"), "prompts.txt");
        assert!(prompts.lines().all(|line| line.contains('\t')), "{prompts}");
        let check = |folder: &Path| {
            lesion(folder).args(["check", "t/study.toml", "--strict"]).output().unwrap()
        };
        let output = check(run.dir.path());
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let note = format!("every prompt names its label, and none is \"{label}\"");
        assert!(printed.contains(&note), "{printed}");
        // Without the labels nobody said so.
        let mut unlabelled = String::new();
        for line in prompts.lines() {
            writeln!(unlabelled, "{}", line.rsplit('\t').next().unwrap()).unwrap();
        }
        fs::write(run.dir.path().join("t/prompts.txt"), unlabelled).unwrap();
        let output = check(run.dir.path());
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            label == "bad" || error.contains("write the label of each prompt before it"),
            "{error}"
        );
    }
}

#[test]
fn a_model_leaves_out_what_it_cannot_read() {
    let content = own_blimp() + &blimp_line(["The zither is here.", "The zitherns is here."]);
    let line = own_pairs().len() + 1;
    let run =
        import("own.jsonl", &content, &["blimp", "own.jsonl", "--model", "bundled", "--json"]);
    let answer: Value = serde_json::from_str(&run.stdout()).unwrap();
    assert_eq!(answer["model"], "bundled");
    assert_eq!(answer["labels"], json!(["is", "are"]));
    let unused = answer["unused"].as_array().unwrap();
    assert_eq!((unused.len(), &unused[0]["line"]), (1, &json!(line)));
    assert!(unused[0]["reason"].as_str().unwrap().contains("zither"), "{unused:?}");
    // A model in a folder is the study's, from whatever folder it is run.
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity/gpt2/model");
    let pairs = [["him", "her"], ["her", "him"]];
    let mut content = String::new();
    for name in ["The king", "The queen", "The man", "The woman"] {
        for [good, bad] in pairs {
            let sentence = |word: &str| format!("{name} saw {good} and met {word}");
            content += &blimp_line([&sentence(good), &sentence(bad)]);
        }
    }
    let run = import("own.jsonl", &content, &["blimp", "own.jsonl", "--model", model]);
    assert!(run.output.status.success(), "{}", run.stderr());
    let folder = run.dir.path().join("own");
    let check = lesion(&folder).args(["check", "study.toml"]).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn existing_files_are_replaced_only_with_force() {
    let run = import("own.jsonl", &own_blimp(), &["blimp", "own.jsonl"]);
    let folder = run.dir.path().join("own");
    fs::write(folder.join("prompts.txt"), "mine").unwrap();
    fs::remove_file(folder.join("study.toml")).unwrap();
    let again = import_in(run.dir, &["blimp", "own.jsonl"]);
    assert_user_error(&again, &["pairs.txt", "prompts.txt exist already", "--force"]);
    assert_eq!(read(&folder, "prompts.txt"), "mine");
    assert!(!folder.join("study.toml").exists());
    let forced = import_in(again.dir, &["blimp", "own.jsonl", "--force"]);
    assert!(forced.output.status.success(), "{}", forced.stderr());
    assert_ne!(read(&folder, "prompts.txt"), "mine");
    assert!(folder.join("study.toml").exists());
}

#[test]
fn a_mistake_is_reported_in_one_line() {
    let same = blimp_line(["It is.", "It is."]).repeat(3);
    for (name, content, args, expected) in [
        (
            "a.jsonl",
            "",
            &["blimp", "a.jsonl"][..],
            &["a.jsonl: 0 pairs can be used, and at least 4"][..],
        ),
        (
            "a.jsonl",
            &same,
            &["blimp", "a.jsonl"],
            &["line 1: both sentences are the same (and 2 more lines)"],
        ),
        (
            "a.csv",
            "x,y\nIt is,It are\n",
            &["pairs", "a.csv"],
            &["`sentence_good`", "`x`, `y`", "--good"],
        ),
        (
            "a.csv",
            "x,x\n",
            &["pairs", "a.csv", "--good", "x", "--bad", "x"],
            &["two columns", "`x`"],
        ),
        ("a.jsonl", "", &["blimp", "a.jsonl", "--good", "x"], &["--good", "lesion import pairs"]),
        ("a.jsonl", "", &["blimp", "b.jsonl"], &["b.jsonl"]),
        ("a.jsonl", "", &["csv", "a.jsonl"], &["csv", "blimp"]),
        ("a.jsonl", "", &["blimp", "a.jsonl", "--model", "./absent"], &["absent"]),
    ] {
        let run = import(name, content, args);
        assert_user_error(&run, expected);
        assert!(!run.dir.path().join("a").exists());
    }
}
