//! The report of a run: made of its files alone, true to them, and honest about them.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::Path,
    process::Output,
};

use crate::support::{Run, lesion, number};
use tempfile::TempDir;

/// Few random sets, all parts.
const FEW: [&str; 2] = ["--nulls", "300"];

fn page(dir: &Path) -> String {
    fs::read_to_string(dir.join("report.html")).unwrap()
}

/// The figures of a study by their names.
fn figures(dir: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(dir.join("figures")).unwrap().map(Result::unwrap);
    let named = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
    };
    entries.map(|entry| named(entry.path())).collect()
}

fn call(args: &[&str], dirs: &[&Path]) -> Output {
    lesion(&std::env::temp_dir()).args(args).args(dirs).output().unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The values behind the cells of a table, row by row; text where a cell has no value.
fn table(page: &str, id: &str) -> Vec<Vec<String>> {
    let (_, rest) = page.split_once(&format!("id=\"table-{id}\"")).expect(id);
    let (_, body) = rest.split_once("<tbody>").unwrap();
    let (body, _) = body.split_once("</tbody>").unwrap();
    let cell = |cell: &str| {
        let (attributes, text) = cell.split_once('>').unwrap();
        match attributes.split_once("data-value=\"") {
            Some((_, value)) => value.split_once('"').unwrap().0.to_owned(),
            None => text.split_once("</td>").unwrap().0.to_owned(),
        }
    };
    let rows = body.split("<tr>").skip(1);
    rows.map(|row| row.split("<td").skip(1).map(cell).collect()).collect()
}

#[test]
fn the_page_is_made_again_from_the_tables_alone() {
    let run = Run::new(&FEW);
    let out = run.out();
    let (before, drawn) = (page(&out), figures(&out));
    assert_eq!(drawn.len(), 13);
    assert!(run.stdout().trim_end().lines().last().unwrap().contains("report.html"));

    fs::remove_file(out.join("report.html")).unwrap();
    fs::remove_dir_all(out.join("figures")).unwrap();
    let output = call(&["report"], &[&out]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert_eq!(page(&out), before);
    assert_eq!(figures(&out), drawn);

    // Nothing is fetched, each figure is in the page, and figures do not depend on the run.
    assert!(!before.contains("http://") && !before.contains("https://"));
    assert!(!before.contains("src=") && !before.contains("@import"));
    for name in drawn.keys() {
        let id = format!("id=\"figure-{}\"", name.strip_suffix(".svg").unwrap());
        assert!(before.contains(&id), "{id}");
    }
    let again = Run::new(&[&FEW[..], &["--threads", "1"]].concat());
    assert_eq!(figures(&again.out()), drawn);
}

#[test]
fn numbers_in_the_page_are_those_of_the_tables() {
    let run = Run::new(&FEW);
    let page = page(&run.out());
    let close = |cell: &str, expected: f64| {
        let found: f64 = cell.parse().unwrap();
        assert!(found.to_bits() == expected.to_bits(), "{found} is not {expected}");
    };
    let profile = run.rows("profile.csv");
    let shown = table(&page, "profile");
    assert_eq!(shown.len(), profile.len());
    for (cells, row) in shown.iter().zip(&profile) {
        assert_eq!((&cells[0], &cells[1]), (&row["layer"], &row["neuron_set"]));
        close(&cells[2], number(row, "margin_drop"));
        close(&cells[5], number(row, "p_corrected"));
        assert_eq!(cells[9], row["margin_falls"]);
    }
    let lesions = run.rows("lesions.csv");
    for row in lesions.iter().filter(|row| !row["neuron_set"].is_empty()) {
        for column in ["prob_clean", "prob_lesioned", "logit_drop"] {
            let value = format!("data-value=\"{}\"", number(row, column));
            assert!(page.contains(&value), "{column}: {value}");
        }
    }
    // Every number of these tables is one of its file's.
    for (id, file) in [
        ("strongest", "neurons.csv"),
        ("normality", "normality.csv"),
        ("dissociation", "dissociation.csv"),
        ("joint", "joint.csv"),
        ("singles", "neurons_causal.csv"),
    ] {
        let rows = run.rows(file);
        let written: HashSet<u64> = rows
            .iter()
            .flat_map(|row| row.values())
            .filter_map(|cell| cell.parse::<f64>().ok().map(f64::to_bits))
            .collect();
        let shown = table(&page, id).concat();
        let shown = shown.iter().filter_map(|cell| cell.parse::<f64>().ok());
        // What is not there sorts as NaN.
        for value in shown.filter(|value| !value.is_nan()) {
            assert!(written.contains(&value.to_bits()), "{file}: {value}");
        }
    }
    // The screen and the page name the same lesions.
    let screen = run.stdout();
    let found = screen.lines().find(|line| line.starts_with("Found: In ")).unwrap();
    for cells in &shown {
        let name = format!("{} ({})", cells[0], cells[1]);
        let beyond = cells[6].contains("more than random sets");
        assert_eq!(found.split("(Holm").nth(1).unwrap().contains(&name), beyond, "{found}");
    }
}

#[test]
fn a_changed_or_missing_table_is_said() {
    let run = Run::new(&FEW);
    let out = run.out();
    let path = out.join("profile.csv");
    let text = fs::read_to_string(&path).unwrap();
    let drop = &run.rows("profile.csv")[0]["margin_drop"];
    fs::write(&path, text.replace(drop.as_str(), "7.25")).unwrap();
    fs::remove_file(out.join("dose.csv")).unwrap();
    let output = call(&["report"], &[&out]);
    assert!(output.status.success());
    let stderr = stderr(&output);
    assert!(stderr.contains("profile.csv was changed since"), "{stderr}");
    assert!(stderr.contains("dose.csv is missing"), "{stderr}");
    let page = page(&out);
    assert!(page.contains("dose.csv is missing and profile.csv was changed"));
    assert_eq!(table(&page, "profile")[0][2], "7.25");
    assert!(!page.contains("figure-dose") && !out.join("figures/dose.svg").exists());
}

#[test]
fn a_part_that_did_not_run_is_said_and_leaves_no_figure() {
    let run = Run::new(&FEW);
    let out = run.out();
    assert!(out.join("figures/profile.svg").exists());
    let args = ["reproduce", "--parts", "joint", "--out"];
    assert!(call(&args, &[&out]).status.success());
    let page = page(&out);
    assert!(page.contains("The part \u{201c}controls\u{201d} did not run"));
    for name in ["profile", "prompts", "dissociation", "dose"] {
        assert!(!out.join(format!("figures/{name}.svg")).exists(), "{name}");
    }
    assert!(out.join("figures/joint.svg").exists());
}

#[test]
fn words_of_the_user_stay_words() {
    let prompts = "we <script>alert(1)</script> & \"thanked\" {her|him} .\n";
    let args = ["--prompts", "p.txt", "--parts", "joint", "--layer", "5"];
    let run = Run::with_files(&[("p.txt", prompts)], &args);
    let page = page(&run.out());
    assert!(!page.contains("<script>alert"), "the sentence is code");
    assert!(page.contains("&#60;script&#62;alert(1)"), "the sentence is missing");
}

#[test]
fn two_studies_stand_beside_each_other() {
    let a = Run::new(&FEW);
    let b = Run::new(&["--nulls", "20", "--test", "welch", "--layer", "5", "--parts", "controls"]);
    let dir = TempDir::new().unwrap();
    let compare = |name: &str| {
        let file = dir.path().join(name);
        let dirs = [a.out(), b.out()];
        let output = call(&["compare"], &[&dirs[0], &dirs[1], Path::new("--out"), &file]);
        assert!(output.status.success(), "{}", stderr(&output));
        fs::read_to_string(file).unwrap()
    };
    let page = compare("one.html");
    assert_eq!(page, compare("two.html"));
    let differing = table(&page, "differences");
    let entries: Vec<&str> = differing.iter().map(|row| row[0].as_str()).collect();
    for entry in ["controls.nulls", "lesion.layer", "parts", "selection.test"] {
        assert!(entries.contains(&entry), "{entry} is not in {entries:?}");
    }
    assert!(!entries.iter().any(|entry| entry.starts_with("SHA-256")), "{entries:?}");
    for id in ["profiles", "neurons", "margins", "drops"] {
        assert!(page.contains(&format!("id=\"figure-{id}\"")), "{id}");
    }
    let shown = table(&page, "profiles");
    for (cells, row) in shown.iter().zip(a.rows("profile.csv")) {
        assert_eq!(
            cells[2].parse::<f64>().unwrap().to_bits(),
            number(&row, "margin_drop").to_bits()
        );
    }
}

#[test]
fn what_is_no_study_is_one_line() {
    let dir = TempDir::new().unwrap();
    let run = Run::brief(&[]);
    let out = run.out();
    let fails = |dir: &Path, expected: &[&str]| {
        let output = call(&["report"], &[dir]);
        let stderr = stderr(&output);
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
        for part in expected {
            assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
        }
    };
    fails(dir.path(), &["no finished study in"]);
    fails(&dir.path().join("nowhere"), &["no finished study in"]);
    assert!(!dir.path().join("nowhere").exists());

    let path = out.join("selection.csv");
    let text = fs::read_to_string(&path).unwrap();
    for (broken, expected) in [
        (text.replacen("correction", "corection", 1), "missing field `correction`"),
        (text.replacen(",383\n", ",many\n", 1), "line 2: column `neurons`"),
    ] {
        fs::write(&path, broken).unwrap();
        let output = call(&["report"], &[&out]);
        let stderr = stderr(&output).lines().last().unwrap().to_owned();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr.contains("selection.csv") && stderr.contains(expected), "{stderr}");
    }
    fs::remove_file(&path).unwrap();
    let output = call(&["report"], &[&out]);
    let stderr = stderr(&output);
    assert!(stderr.contains("error: cannot read") && stderr.contains("selection.csv"), "{stderr}");
    fs::write(out.join("manifest.json"), "{ \"study\": 3 }").unwrap();
    fails(&out, &["manifest.json"]);
}
