//! Methods, results, tables and references of a small study.

mod small_study;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use small_study::{Files, edit, files, rows, seal};
use study_record::{
    Manifest, Question, Verdict,
    tables::{NeuronRow, VerdictRow},
};
use study_report::{
    FinishedStudy, PAPER_FILES, PAPER_TABLES, bibtex, citation_cff, cite, latex_tables, methods,
    paper, paper_table_file, report, results,
};

fn methods_of(files: &Files) -> String {
    methods(&FinishedStudy::read(files).unwrap()).unwrap()
}

fn results_of(files: &Files) -> Vec<String> {
    results(&FinishedStudy::read(files).unwrap()).unwrap()
}

fn paper_of(files: &Files) -> Vec<(String, String)> {
    paper(&FinishedStudy::read(files).unwrap()).unwrap()
}

/// The small study with another manifest.
fn with_manifest(change: impl FnOnce(&mut Manifest)) -> Files {
    let mut files = files();
    seal(&mut files, change);
    files
}

/// The keys that `\cite` has in a text.
fn cited(latex: &str) -> BTreeSet<String> {
    let keys = latex.split("\\cite{").skip(1).map(|rest| rest.split_once('}').unwrap().0);
    keys.flat_map(|keys| keys.split(',')).map(str::to_owned).collect()
}

/// The keys of a bibliography's entries.
fn entries(bibliography: &str) -> BTreeSet<String> {
    let starts = bibliography.split('@').skip(1);
    starts.map(|entry| entry.split(['{', ',']).nth(1).unwrap().to_owned()).collect()
}

#[test]
fn the_methods_have_the_numbers_of_the_manifest_and_the_tables() {
    let files = files();
    let manifest = FinishedStudy::read(&files).unwrap().manifest().clone();
    let text = methods_of(&files);
    for expected in [
        "We studied the model planted (2 layers with 96 MLP neurons each)",
        &format!("with lesion {}", manifest.lesion),
        "On 12 pairs, whose sides differ in \u{201c}him\u{201d} and \u{201c}her\u{201d}, a paired t-test (Student 1908)",
        "before GELU at the visible target",
        "Benjamini-Hochberg over each layer (Benjamini and Hochberg 1995)",
        "at most 0.001",
        "In 24 masked prompts (12 of \u{201c}him\u{201d}, 12 of \u{201c}her\u{201d})",
        "at most 7.5 % of a layer, were set to zero after GELU at the mask, in layers 0 and 1",
        "199 random sets",
        "10,000 bootstrap resamples",
        "random seed of all random sets, relabellings, resamples and splits is 0.",
        &format!("Burn {} (backend flex) on {}", manifest.burn, manifest.platform),
    ] {
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    let claims = rows::<VerdictRow>(&files).iter().filter(|row| row.p.is_some()).count();
    assert!(text.contains(&format!("The p of {claims} claims were corrected by Holm")));
    for (_, origin) in manifest.inputs.iter() {
        for (file, hash) in &origin.sha256 {
            assert!(text.contains(file) && text.contains(hash), "{file}");
        }
    }
}

#[test]
fn another_setting_gives_other_methods() {
    let before = methods_of(&files());
    let changed = |key: &'static str, value: &'static str| {
        methods_of(&with_manifest(|manifest| manifest.study.set(key, value).unwrap()))
    };
    for (key, value, expected) in [
        ("seed", "731", "splits is 731."),
        ("untrained", "5", "untrained weights drawn at random (seed 5)"),
        ("selection.alpha", "0.02", "at most 0.02"),
        ("selection.test", "welch", "a welch t-test (Welch 1947)"),
        ("selection.correction", "holm", "Holm over each layer (Holm 1979)"),
        ("selection.correction", "none", "p is not corrected. A neuron"),
        ("selection.correction", "max-t", "max-T used 99 relabellings (random)"),
        ("selection.scope", "model", "over each model"),
        ("selection.directional", "true", "p is one-sided"),
        ("selection.site", "post", "activation after GELU"),
        ("lesion.kind", "mean", "set to its mean over the stimuli"),
        ("lesion.at", "all", "at all tokens"),
        ("lesion.shared", "everywhere", "those of the same weights in every other layer"),
        ("lesion.site", "pre", "before GELU at the mask"),
        ("lesion.sets", "top=3", "the strongest 3 significant neurons"),
        ("lesion.strength", "difference", "by |difference|"),
        ("lesion.neurons", "sets.json", "the neurons of a given file"),
        ("controls.equivalence", "0.07", "against 7 % of the margin"),
        ("dose.draws", "13", "13 random sets of each size"),
        ("stability.resamples", "77", "77 resamples of the stimuli"),
        ("bootstrap.draws", "5000", "5,000 bootstrap resamples"),
    ] {
        assert!(!before.contains(expected), "{expected}");
        let text = changed(key, value);
        assert!(text.contains(expected), "{expected:?} is not in {text}");
    }
    let more_sets = methods_of(&with_manifest(|manifest| manifest.random_sets = 4321));
    assert!(more_sets.contains("4,321 random sets"), "{more_sets}");
}

#[test]
fn a_study_without_controls_claims_nothing_of_other_neurons() {
    let mut files = files();
    for file in ["profile.csv", "dissociation.csv", "prompt_controls.csv", "joint.csv"] {
        files.remove(file);
    }
    edit(&mut files, |rows: &mut Vec<VerdictRow>| rows.clear());
    seal(&mut files, |_| {});
    let text = methods_of(&files);
    assert!(text.contains("so nothing is known of other neurons"), "{text}");
    assert!(!text.contains("Holm") && !text.contains("synergy"), "{text}");
    let results = results_of(&files).join("\n");
    assert!(results.contains("There are no controls"), "{results}");
    assert!(!entries(&bibtex(&FinishedStudy::read(&files).unwrap()).unwrap()).contains("holm1979"));
}

#[test]
fn each_claim_has_its_size_before_its_p_and_the_verdict_of_the_page() {
    let files = files();
    let page = report(&FinishedStudy::read(&files).unwrap()).unwrap().html;
    let results = results_of(&files);
    let compared = results.iter().filter(|sentence| sentence.contains("Compared with"));
    let compared: Vec<&String> = compared.collect();
    let mut claims: Vec<VerdictRow> = rows(&files);
    claims.retain(|row| row.p.is_some());
    assert_eq!(compared.len(), claims.len());
    for (sentence, row) in compared.into_iter().zip(claims) {
        let size = format!("{:.3}", row.value.abs());
        let place =
            |part: &str| sentence.find(part).unwrap_or_else(|| panic!("{part}: {sentence}"));
        assert!(place(&size) < place("orrected p"), "{sentence}");
        if row.low.is_some() {
            assert!(place("95 % interval") < place("orrected p"), "{sentence}");
        }
        assert!(sentence.contains("199 random sets, random seed 0"), "{sentence}");
        // Verdicts that are shown are on the page in the same words.
        if row.verdict.is_shown() && row.question == Question::Effect {
            let claim = sentence.split_once(" (Compared with").unwrap().0;
            assert!(page.contains(claim), "{claim}");
        }
    }
}

#[test]
fn not_shown_is_not_none() {
    let mut files = files();
    edit(&mut files, |rows: &mut Vec<VerdictRow>| {
        for row in rows.iter_mut() {
            row.verdict = Verdict::Undecided;
        }
    });
    edit(&mut files, |rows: &mut Vec<NeuronRow>| {
        for row in rows.iter_mut() {
            row.label = None;
        }
    });
    seal(&mut files, |_| {});
    let results = results_of(&files);
    let none = results.iter().filter(|sentence| sentence.contains("does not mean that none does"));
    assert_eq!(none.count(), 2);
    let undecided = "Neither an effect nor its absence is shown";
    assert!(results.iter().any(|sentence| sentence.contains(undecided)), "{results:?}");
    for word in ["no effect", "more than random sets"] {
        assert!(!results.iter().any(|sentence| sentence.contains(word)), "{word}: {results:?}");
    }
}

#[test]
fn the_strongest_neuron_of_a_label_has_its_whole_test() {
    let files = files();
    let neurons: Vec<NeuronRow> = rows(&files);
    let results = results_of(&files).join("\n");
    for label in ["him", "her"] {
        let labelled = neurons.iter().filter(|row| row.layer == 1);
        let labelled = labelled.filter(|row| row.label.as_deref() == Some(label));
        let strongest = labelled.max_by(|a, b| a.t.abs().total_cmp(&b.t.abs())).unwrap();
        let t = format!("t({}) = ", strongest.df);
        let number = format!("neuron {}, has a mean difference of ", strongest.neuron);
        assert!(results.contains(&t) && results.contains(&number), "{results}");
    }
}

#[test]
fn changed_tables_are_named_first() {
    let mut files = files();
    edit(&mut files, |rows: &mut Vec<VerdictRow>| rows.truncate(1));
    assert!(results_of(&files)[0].contains("verdicts.csv was changed"));
}

#[test]
fn the_bibliography_has_the_works_that_the_methods_cite_and_no_others() {
    for correction in ["bh", "by", "storey", "holm", "bonferroni", "max-t", "none"] {
        let files = with_manifest(|manifest| {
            manifest.study.set("selection.correction", correction).unwrap();
        });
        let paper = paper_of(&files);
        let text = |name: &str| &paper.iter().find(|(file, _)| file == name).unwrap().1;
        assert_eq!(cited(text("methods.tex")), entries(text("references.bib")), "{correction}");
        let has = |key: &str| entries(text("references.bib")).contains(key);
        assert!(has("lesion") && has("cohen-llm-course"));
        assert_eq!(has("benjamini1995"), correction == "bh");
        assert_eq!(has("westfall1993"), correction == "max-t");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert!(cite().contains(&format!("Version {version}")), "{}", cite());
}

/// A label of characters that LaTeX obeys.
const OBEYED: &str = "[*R&D_%$#{\\x}^~\"--";

/// The small study with this label instead of her.
fn with_obeyed_label() -> Files {
    let mut files = files();
    edit(&mut files, |rows: &mut Vec<VerdictRow>| {
        for row in rows.iter_mut().filter(|row| row.neuron_set == "her") {
            OBEYED.clone_into(&mut row.neuron_set);
        }
    });
    edit(&mut files, |rows: &mut Vec<NeuronRow>| {
        for row in rows.iter_mut().filter(|row| row.label.as_deref() == Some("her")) {
            row.label = Some(OBEYED.to_owned());
        }
    });
    seal(&mut files, |manifest| OBEYED.clone_into(&mut manifest.label_b));
    files
}

/// The text without pairs of a backslash and the character that follows it.
fn without_escapes(latex: &str) -> String {
    let mut plain = String::new();
    let mut characters = latex.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            characters.next();
        } else {
            plain.push(character);
        }
    }
    plain
}

#[test]
fn every_row_of_a_table_has_as_many_cells_as_columns() {
    for files in [files(), with_obeyed_label()] {
        let tables = latex_tables(&FinishedStudy::read(&files).unwrap()).unwrap();
        let names: Vec<&str> = tables.iter().map(|table| table.name).collect();
        for name in ["layers", "profile", "verdicts"] {
            assert!(names.contains(&name), "{names:?}");
        }
        for table in &tables {
            let latex = &table.latex;
            let (_, rest) = latex.split_once("\\begin{tabular}{").unwrap();
            let (columns, body) = rest.split_once("}\n").unwrap();
            let lines: Vec<&str> = body.lines().filter(|line| line.ends_with(" \\\\")).collect();
            assert!(lines.len() > 1, "{latex}");
            for line in lines {
                let cells = without_escapes(line).matches('&').count() + 1;
                assert_eq!(cells, columns.len(), "{line}");
            }
            let braces = without_escapes(latex);
            assert_eq!(braces.matches('{').count(), braces.matches('}').count(), "{latex}");
            assert_eq!(latex.matches("\\begin{").count(), latex.matches("\\end{").count());
        }
    }
}

/// Runs a program of TeX in a folder; `None` without it.
fn run_tex(program: &str, dir: &Path) -> Option<String> {
    let mut command = Command::new(program);
    if program == "pdflatex" {
        command.args(["-interaction=nonstopmode", "-halt-on-error"]);
    }
    let output = command.arg("paper").current_dir(dir).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    Some(text)
}

/// Skipped without LaTeX.
#[test]
fn latex_takes_every_file() {
    for files in [files(), with_obeyed_label()] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("tables")).unwrap();
        let mut document = "\\documentclass{article}\\usepackage[T1]{fontenc}\
                            \\usepackage{booktabs,graphicx}\\begin{document}\n"
            .to_owned();
        for (name, text) in paper_of(&files) {
            fs::write(dir.path().join(&name), text).unwrap();
            if Path::new(&name).extension().is_some_and(|ending| ending == "tex") {
                document.extend(["\\input{", &name, "}\n"]);
            }
        }
        document += "\\bibliographystyle{plain}\\bibliography{references}\\end{document}\n";
        fs::write(dir.path().join("paper.tex"), document).unwrap();
        if run_tex("pdflatex", dir.path()).is_none() {
            return;
        }
        let bibtex = run_tex("bibtex", dir.path()).unwrap();
        assert!(!bibtex.contains("Warning"), "{bibtex}");
        run_tex("pdflatex", dir.path());
        let last = run_tex("pdflatex", dir.path()).unwrap();
        assert!(!last.contains("undefined"), "{last}");
    }
}

/// Writes a file anew if it differs, and fails then.
fn expect_contents(path: &str, expected: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if fs::read_to_string(&path).unwrap_or_default() != expected {
        fs::write(&path, expected).unwrap();
        panic!("{} was out of date, and is now written anew", path.display());
    }
}

#[test]
fn the_citation_file_is_of_this_version() {
    let citation = citation_cff();
    assert!(citation.contains(&format!("\nversion: {}\n", env!("CARGO_PKG_VERSION"))));
    expect_contents("CITATION.cff", &citation);
}

/// Rewrites the table of files in the guide, and fails if it differed.
#[test]
fn the_guide_lists_every_file_for_a_paper() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands/paper.md");
    let page = fs::read_to_string(path).unwrap();
    let start = "<!-- files -->\n";
    let (before, rest) = page.split_once(start).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let mut lines = vec!["| file in `paper/` | content |".to_owned(), "|---|---|".to_owned()];
    for (name, content) in PAPER_FILES {
        lines.push(format!("| `{name}` | {content} |"));
    }
    let tables = PAPER_TABLES.map(|name| format!("`{}`", paper_table_file(name))).join(", ");
    lines.push(format!("| {tables} | the tables of the page of these names, in LaTeX |\n"));
    let table = lines.join("\n");
    expect_contents(
        "docs/commands/paper.md",
        &format!("{before}{start}{table}<!-- end -->{after}"),
    );
}
