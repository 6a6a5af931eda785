//! The report of a run: its numbers are those of the files, and it names changed and missing files.

use std::{collections::BTreeMap, fs, path::Path, process::Output};

use crate::support::{Run, lesion, measures_in};
use tempfile::TempDir;

/// A study with all parts and few random sets.
const FEW: [&str; 2] = ["--nulls", "300"];

fn read_page(dir: &Path) -> String {
    fs::read_to_string(dir.join("report.html")).unwrap()
}

/// The figures of a study by file name.
fn read_figures(dir: &Path) -> BTreeMap<String, String> {
    let mut figures = BTreeMap::new();
    for entry in fs::read_dir(dir.join("figures")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        figures.insert(name, fs::read_to_string(entry.path()).unwrap());
    }
    figures
}

fn run_lesion(args: &[&str], dirs: &[&Path]) -> Output {
    lesion(&std::env::temp_dir()).args(args).args(dirs).output().unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The values of a table's cells, row by row; the text of a cell without a value.
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
fn the_report_can_be_made_again_from_the_tables() {
    let run = Run::new(&FEW);
    let out = run.out();
    let page = read_page(&out);
    let figures = read_figures(&out);
    assert_eq!(figures.len(), 14);
    assert!(run.stdout().trim_end().lines().last().unwrap().contains("report.html"));

    fs::remove_file(out.join("report.html")).unwrap();
    fs::remove_dir_all(out.join("figures")).unwrap();
    let output = run_lesion(&["report"], &[&out]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert_eq!(read_page(&out), page);
    assert_eq!(read_figures(&out), figures);

    // The page loads nothing and contains each figure. Figures do not depend on the run.
    assert!(!page.contains("http://") && !page.contains("https://"));
    assert!(!page.contains("src=") && !page.contains("@import"));
    for name in figures.keys() {
        let id = format!("id=\"figure-{}\"", name.strip_suffix(".svg").unwrap());
        assert!(page.contains(&id), "{id}");
    }
    let again = Run::new(&[&FEW[..], &["--threads", "1"]].concat());
    assert_eq!(read_figures(&again.out()), figures);
}

/// Runs `lesion report DIR --figures FORMATS`.
fn export_figures(dir: &Path, formats: &str) -> Output {
    run_lesion(&["report", "--json", "--figures", formats], &[dir])
}

/// Names of the figures with an ending.
#[cfg(feature = "figures")]
fn figures_ending_in(dir: &Path, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(dir.join("figures")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(ending)).collect()
}

#[cfg(feature = "figures")]
#[test]
fn figures_are_written_in_the_formats_asked_for() {
    let run = Run::brief(&[]);
    let out = run.out();
    let svgs = read_figures(&out);
    let output = export_figures(&out, "pdf,png");
    assert!(output.status.success(), "{}", stderr(&output));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["figures"].as_array().unwrap().len(), 3 * svgs.len());
    for figure in answer["figures"].as_array().unwrap() {
        assert!(Path::new(figure.as_str().unwrap()).exists(), "{figure}");
    }
    for (svg, text) in &svgs {
        let name = svg.strip_suffix(".svg").unwrap();
        let read = |ending: &str| fs::read(out.join(format!("figures/{name}.{ending}"))).unwrap();
        assert_eq!(read("svg"), text.as_bytes());
        assert!(read("pdf").starts_with(b"%PDF"), "{name}");
        let png = read("png");
        assert!(png.starts_with(b"\x89PNG"), "{name}");
        // Its header has the width, of which a point is a third.
        let width = u32::from_be_bytes(png[16..20].try_into().unwrap());
        assert!(text.contains(&format!("width=\"{}\"", width / 3)), "{name}: {width}");
    }
    // Others than those asked for would show older tables one day.
    assert!(export_figures(&out, "pdf").status.success());
    assert!(figures_ending_in(&out, ".png").is_empty());
    assert_eq!(figures_ending_in(&out, ".pdf").len(), svgs.len());
    assert!(run_lesion(&["report"], &[&out]).status.success());
    assert!(figures_ending_in(&out, ".pdf").is_empty());
    assert_eq!(read_figures(&out), svgs);
}

#[cfg(not(feature = "figures"))]
#[test]
fn a_build_without_pdf_says_how_to_get_it_and_changes_nothing() {
    let run = Run::brief(&[]);
    let out = run.out();
    let before = (read_page(&out), read_figures(&out));
    for format in ["pdf", "svg,png"] {
        let output = export_figures(&out, format);
        let stderr = stderr(&output);
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
        assert!(stderr.contains("SVG only") && stderr.contains("--features figures"), "{stderr}");
    }
    assert_eq!((read_page(&out), read_figures(&out)), before);
    assert!(export_figures(&out, "svg").status.success());
    let output = export_figures(&out, "gif");
    assert!(stderr(&output).contains("use `svg`, `pdf` or `png`"), "{}", stderr(&output));
}

#[test]
fn the_files_for_a_paper_are_written_again_and_removed_with_their_study() {
    let run = Run::brief(&["--held-out", "0.5"]);
    let out = run.out();
    let paper = || run_lesion(&["paper", "--json"], &[&out]);
    let output = paper();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let files = answer["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap());
    let texts =
        || -> Vec<String> { files.clone().map(|file| fs::read_to_string(file).unwrap()).collect() };
    let before = texts();
    assert!(before.len() > 6 && before.iter().all(|text| text.ends_with('\n')));
    let methods = fs::read_to_string(out.join("paper/methods.txt")).unwrap();
    // The hashes are those of the files themselves.
    let stimuli = include_bytes!("../assets/stimuli/him_her.txt");
    assert!(methods.contains(&study_report::hash::of_bytes(stimuli)), "{methods}");
    assert!(methods.contains("A further 27 pairs were held out"), "{methods}");
    assert!(out.join("paper/tables/held-out.tex").exists());
    // The same study gives the same bytes.
    assert!(paper().status.success());
    assert_eq!(texts(), before);
    // Another study takes them away, but not the files of others.
    fs::write(out.join("paper/draft.tex"), "mine").unwrap();
    let again = ["reproduce", "--parts", "dose", "--seed", "1", "--force", "--out"];
    assert!(run_lesion(&again, &[&out]).status.success());
    assert!(files.clone().all(|file| !Path::new(file).exists()));
    assert!(out.join("paper/draft.tex").exists());
    assert!(paper().status.success());
    assert!(!out.join("paper/tables/held-out.tex").exists());
}

#[test]
fn a_folder_without_a_study_gives_no_paper() {
    let dir = TempDir::new().unwrap();
    let output = run_lesion(&["paper"], &[dir.path()]);
    let stderr = stderr(&output);
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(stderr.contains("no finished study in"), "{stderr}");
    assert!(fs::read_dir(dir.path()).unwrap().next().is_none());
}

#[test]
fn the_screen_and_the_page_count_the_same_verdicts() {
    let run = Run::new(&["--parts", "controls", "--layers", "4,5", "--nulls", "300"]);
    let page = read_page(&run.out());
    let screen = run.stdout();
    let profile = table(&page, "profile");
    let with = |verdict: &str| profile.iter().filter(|cells| cells[7].contains(verdict)).count();
    for (verdict, one, several) in [
        (
            "more than random sets",
            "lowers the margin more than random sets",
            "lower the margin more than random sets",
        ),
        ("raises the margin", "raises it more", "raise it more"),
        ("no effect", "has no effect beyond", "have no effect beyond"),
        ("undecided", "is undecided", "are undecided"),
    ] {
        let number = with(verdict);
        let sentence = format!("{number} {}", if number == 1 { one } else { several });
        assert_eq!(screen.contains(&sentence), number > 0, "{sentence}: {screen}");
    }
    let named = format!("Of {} controlled lesions, ", profile.len());
    assert!(screen.contains(&named), "{screen}");
    // The same sentences are on the page.
    for row in run.rows("verdicts.csv").iter().filter(|row| row["verdict"] == "larger") {
        let name = format!("Layer {}, ", row["layers"]);
        assert!(screen.contains(&name) && page.contains(&name), "{name}");
    }
}

/// Scores of sentences are sums of log probabilities.
#[test]
fn effects_have_the_unit_of_what_the_study_compares() {
    let prompts =
        "The king smiled when we met {him|her}.\nThe queen smiled when we met {her|him}.\n";
    for (score, unit, other) in [("word", "logits", "nats"), ("sentence", "nats", "logits")] {
        let args = ["--parts", "controls,joint,dose,causal", "--layers", "4,5", "--nulls", "3"];
        let args = [&args[..], &["--prompts", "prompts.txt", "--score", score]].concat();
        let run = Run::with_files(&[("prompts.txt", prompts)], &args);
        let page = read_page(&run.out());
        for text in [run.stdout(), page] {
            assert!(text.contains(&format!("argin drops in {unit}")), "{score}: {text}");
            assert!(!measures_in(&text, other), "{score}: {other} in {text}");
        }
    }
}

#[test]
fn a_changed_or_missing_table_is_reported() {
    let run = Run::new(&FEW);
    let out = run.out();
    let path = out.join("profile.csv");
    let text = fs::read_to_string(&path).unwrap();
    let drop = &run.rows("profile.csv")[0]["margin_drop"];
    fs::write(&path, text.replace(drop.as_str(), "7.25")).unwrap();
    fs::remove_file(out.join("dose.csv")).unwrap();
    let output = run_lesion(&["report"], &[&out]);
    assert!(output.status.success());
    let stderr = stderr(&output);
    assert!(stderr.contains("profile.csv was changed since"), "{stderr}");
    assert!(stderr.contains("dose.csv was removed"), "{stderr}");
    let page = read_page(&out);
    assert!(page.contains("dose.csv was removed and profile.csv was changed"));
    assert_eq!(table(&page, "profile")[0][3], "7.25");
    assert!(!page.contains("figure-dose") && !out.join("figures/dose.svg").exists());
}

#[test]
fn a_part_that_did_not_run_is_reported_and_leaves_no_figure() {
    let run = Run::new(&FEW);
    let out = run.out();
    assert!(out.join("figures/profile.svg").exists());
    let args = ["reproduce", "--parts", "joint", "--force", "--out"];
    assert!(run_lesion(&args, &[&out]).status.success());
    let page = read_page(&out);
    assert!(page.contains("The part \u{201c}controls\u{201d} did not run"));
    for name in ["profile", "prompts", "dissociation", "dose"] {
        assert!(!out.join(format!("figures/{name}.svg")).exists(), "{name}");
    }
    assert!(out.join("figures/joint.svg").exists());
}

#[test]
fn two_studies_are_compared() {
    let a = Run::new(&FEW);
    let b = Run::new(&["--nulls", "20", "--test", "welch", "--layer", "5", "--parts", "controls"]);
    let dir = TempDir::new().unwrap();
    let compare = |name: &str| {
        let file = dir.path().join(name);
        let dirs = [a.out(), b.out()];
        let output = run_lesion(&["compare"], &[&dirs[0], &dirs[1], Path::new("--out"), &file]);
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
}

#[test]
fn a_folder_without_a_valid_study_is_an_error() {
    let dir = TempDir::new().unwrap();
    let run = Run::brief(&[]);
    let out = run.out();
    let assert_fails = |dir: &Path, expected: &[&str]| {
        let output = run_lesion(&["report"], &[dir]);
        let stderr = stderr(&output);
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
        for part in expected {
            assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
        }
    };
    assert_fails(dir.path(), &["no finished study in"]);
    assert_fails(&dir.path().join("nowhere"), &["no finished study in"]);
    assert!(!dir.path().join("nowhere").exists());

    let path = out.join("selection.csv");
    let text = fs::read_to_string(&path).unwrap();
    let first_row = text.lines().nth(1).unwrap();
    let without_number = format!("{},many", first_row.rsplit_once(',').unwrap().0);
    for (broken, expected) in [
        (text.replacen("correction", "corection", 1), "missing field `correction`"),
        (text.replacen(first_row, &without_number, 1), "line 2: column `neurons`"),
    ] {
        fs::write(&path, broken).unwrap();
        let output = run_lesion(&["report"], &[&out]);
        let stderr = stderr(&output).lines().last().unwrap().to_owned();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr.contains("selection.csv") && stderr.contains(expected), "{stderr}");
    }
    fs::remove_file(&path).unwrap();
    let output = run_lesion(&["report"], &[&out]);
    let stderr = stderr(&output);
    assert!(stderr.contains("error: cannot read") && stderr.contains("selection.csv"), "{stderr}");
    fs::write(out.join("manifest.json"), "{ \"study\": 3 }").unwrap();
    assert_fails(&out, &["manifest.json"]);
}
