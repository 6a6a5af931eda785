//! Pages and screens of a small study.

mod small_study;

use std::{collections::HashSet, fs, path::PathBuf};

use small_study::{Files, edit, files, rows, seal};
use study_record::{
    Part, Verdict,
    tables::{DoseRow, LesionRow, ProfileRow, PromptRow},
};
use study_report::{
    Block, FIGURES, FinishedStudy, Section, compare, part_section, report, sections,
};

/// The page of a study.
fn page(files: &Files) -> String {
    report(&FinishedStudy::read(files).unwrap()).unwrap().html
}

/// The exact numbers of a table's cells, row by row; texts of cells without one.
fn table(page: &str, id: &str) -> Vec<Vec<String>> {
    let (_, rest) = page.split_once(&format!("id=\"table-{id}\"")).expect(id);
    let (_, body) = rest.split_once("<tbody>").unwrap();
    let (body, _) = body.split_once("</tbody>").unwrap();
    let rows = body.split("<tr>").skip(1);
    rows.map(|row| row.split("<td").skip(1).map(exact).collect()).collect()
}

fn exact(cell: &str) -> String {
    let (attributes, text) = cell.split_once('>').unwrap();
    match attributes.split_once("data-value=\"") {
        Some((_, value)) => value.split_once('"').unwrap().0.to_owned(),
        None => text.split_once("</td>").unwrap().0.to_owned(),
    }
}

/// Texts of the blocks that a screen shows.
fn screen(section: &Section) -> String {
    let mut text = String::new();
    for block in section.on_screen() {
        match block {
            Block::Heading(line)
            | Block::Text(line)
            | Block::Finding(line)
            | Block::Warning(line) => text += line,
            Block::List(lines) => text += &lines.join("\n"),
            Block::Table(table) => text += &table.caption,
            _ => panic!("{block:?} is for the page only"),
        }
        text += "\n";
    }
    text
}

/// The text of a number in a cell.
fn value(number: impl Into<Option<f64>>) -> String {
    number.into().unwrap_or(f64::NAN).to_string()
}

/// The bits of the numbers in cells that commas and lines separate; an empty cell is not a number.
fn numbers(cells: &str) -> HashSet<u64> {
    let numbers = cells.split([',', '\n']).filter_map(|cell| cell.parse::<f64>().ok());
    numbers.filter(|number| !number.is_nan()).map(f64::to_bits).collect()
}

/// A study with lesions of three verdicts.
fn with_verdicts() -> Files {
    let mut files = files();
    edit(&mut files, |rows: &mut Vec<ProfileRow>| {
        // The middle of the range of random sets.
        let (low, high) = rows[3].random().margin.unwrap();
        rows[3].margin_drop = f64::midpoint(low, high);
        rows[3].verdict = Verdict::Within;
    });
    seal(&mut files, |_| {});
    files
}

#[test]
fn tables_hold_exact_numbers_and_the_verdict_of_each_row() {
    let files = with_verdicts();
    let page = page(&files);
    let shown = table(&page, "profile");
    let profile: Vec<ProfileRow> = rows(&files);
    assert_eq!(shown.len(), profile.len());
    for (cells, row) in shown.iter().zip(&profile) {
        assert_eq!((&cells[0], &cells[1]), (&row.layer.to_string(), &row.neuron_set));
        assert_eq!((&cells[2], &cells[5]), (&value(row.margin_drop), &value(row.p_corrected)));
        assert!(cells[6].contains(row.verdict.title()), "{}", cells[6]);
        assert_eq!(cells[9], row.margin_falls.to_string());
    }
    assert!(page.contains("<span class=\"tag beyond\">more than random sets</span>"));
    assert!(page.contains("<span class=\"tag within\">within random</span>"));
    // Every number of these tables is a number of its file.
    for (id, file) in [
        ("strongest", "neurons.csv"),
        ("normality", "normality.csv"),
        ("predictions", "predictions.csv"),
        ("dissociation", "dissociation.csv"),
        ("joint", "joint.csv"),
    ] {
        let written = numbers(&String::from_utf8(files[file].clone()).unwrap());
        let shown = table(&page, id).concat();
        assert!(!shown.is_empty() && numbers(&shown.join(",")).is_subset(&written), "{id}");
    }
    for row in rows::<LesionRow>(&files).iter().filter(|row| row.neuron_set.is_some()) {
        for number in [row.prob_lesioned, row.logit_drop] {
            assert!(page.contains(&format!("data-value=\"{number}\"")), "{number}");
        }
    }
    let dose = &rows::<DoseRow>(&files)[0];
    assert_eq!(table(&page, "dose")[0][..3], ["1", "him", &value(dose.margin_drop)]);
    assert_eq!(table(&page, "dissociation")[0][7], "<span class=\"tag beyond\">yes</span>");
    let singles = table(&page, "singles");
    assert_eq!((singles.len(), singles[0][2].as_str()), (5, "12"));
    // The planted neurons, and the others.
    assert_eq!(table(&page, "layers")[1][..4], ["1", "2", "3", "7"]);
}

#[test]
fn the_page_has_every_figure_and_is_the_same_each_time() {
    let files = files();
    let study = FinishedStudy::read(&files).unwrap();
    let report_a = report(&study).unwrap();
    let names: Vec<&str> = report_a.figures.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, FIGURES.map(|figure| figure.name));
    for figure in FIGURES {
        assert!(report_a.html.contains(&format!("id=\"figure-{}\"", figure.name)));
    }
    let report_b = report(&FinishedStudy::read(&files).unwrap()).unwrap();
    assert_eq!(report_a.html, report_b.html);
    assert_eq!(report_a.figures, report_b.figures);
    // The sets by themselves are never read.
    assert!(!files.contains_key("nulls.csv"));
}

#[test]
fn page_and_screen_share_their_sentences() {
    let files = files();
    let study = FinishedStudy::read(&files).unwrap();
    let page = page(&files);
    let sections = sections(&study).unwrap();
    let ids: Vec<&str> = sections.iter().map(|section| section.id).collect();
    for part in Part::ALL {
        assert!(ids.contains(&part.name()), "{part}");
        assert_eq!(part_section(*part, &study).unwrap().id, part.name());
    }
    for section in &sections {
        assert!(page.contains(&format!("<section id=\"{}\">", section.id)));
        for block in &section.blocks {
            if let Block::Finding(text) = block {
                let escaped = text.replace('\'', "&#39;");
                assert!(page.contains(&format!("<p class=\"finding\">{escaped}</p>")), "{text}");
            }
        }
    }
    for (id, sentence) in [
        ("selection", "\u{201c}him\u{201d} + \u{201c}her\u{201d} neurons of layer 1"),
        ("activations", "rejects normality for 12 of 12 neurons"),
        ("baseline", "a higher logit than the other candidates in 12 of 24 masked prompts"),
        ("lesion", "(it falls in 24 of 24 prompts)"),
        ("controls", "In 2 of 2 cases"),
        ("controls", "The cases are 1 (him) and 1 (her). There the margin falls in 24 of 24"),
        ("controls", "the nearest have 36 % of it in 1 (him) and 52 % of it in 1 (her)"),
        ("controls", "No control in 0 (him) and 0 (her): no neuron is lesioned there."),
        ("controls", "is shown in 1 of 1 layer (layer 1)"),
        ("joint", "With 2 \u{201c}him\u{201d} neurons of layers 0 1"),
        ("dose", "2.980 with 2 \u{201c}him\u{201d} neurons"),
        ("causal", "correlate with |t| at \u{2212}0.06 and with the direct effects at 1.00"),
        ("dynamic", "One pass lesions the same neurons as two passes in 72 of 72 lesions."),
        ("conclusions", "Layer 1, \u{201c}him\u{201d}: mean margin drop 2.980"),
    ] {
        let section = sections.iter().find(|section| section.id == id).unwrap();
        let text = screen(section);
        assert!(text.contains(sentence), "{sentence} is not in:\n{text}");
    }
    for id in ["question", "setup", "rerun"] {
        let section = sections.iter().find(|section| section.id == id).unwrap();
        assert!(section.on_screen().is_empty(), "{id}");
    }
}

/// The controls of a study with another profile, on the screen.
fn controls(change: impl FnOnce(&mut Vec<ProfileRow>)) -> String {
    let mut files = files();
    edit(&mut files, change);
    seal(&mut files, |_| {});
    screen(&part_section(Part::Controls, &FinishedStudy::read(&files).unwrap()).unwrap())
}

#[test]
fn too_few_random_sets_are_named_with_a_number_that_would_do() {
    let text = controls(|rows| rows[2].verdict = Verdict::TooFewSets);
    assert!(
        text.contains("With 39 random sets of each kind, none of 2 lesions can be told from them"),
        "{text}"
    );
    assert!(text.contains("--nulls 40 would be enough"), "{text}");
}

#[test]
fn controls_that_could_not_be_made_have_reasons() {
    let text = controls(|rows| {
        rows[2].activity_ratio = Some(1.27);
        rows[3].activity_ratio = None;
        rows[3].p_random = None;
    });
    assert!(text.contains("No control in 1 (her): 10 neurons outside a set of 2 are too few"));
    let sentence = "no other neurons have a similar activity at the mask; the nearest have 127 % \
                    of it in 1 (him).";
    assert!(text.contains(sentence), "{text}");
}

#[test]
fn prompts_without_a_lesion_are_named() {
    let mut files = files();
    edit(&mut files, |prompts: &mut Vec<PromptRow>| {
        prompts[..12].iter_mut().for_each(|row| row.label = None);
    });
    seal(&mut files, |_| {});
    let sections = sections(&FinishedStudy::read(&files).unwrap()).unwrap();
    let section = sections.iter().find(|section| section.id == "lesion").unwrap();
    let text = screen(section);
    assert!(text.contains("not lesioned: 0 (\u{201c}him\u{201d}), 1 ("), "{text}");
    assert!(text.contains("9 (\u{201c}her\u{201d}) and 2 more."), "{text}");
}

#[test]
fn a_changed_or_missing_table_is_named() {
    let mut files = files();
    edit(&mut files, |rows: &mut Vec<ProfileRow>| rows[0].margin_drop = 7.25);
    files.remove("dose.csv").unwrap();
    let study = FinishedStudy::read(&files).unwrap();
    assert_eq!(study.changed(), ["dose.csv was removed", "profile.csv was changed"]);
    let page = report(&study).unwrap().html;
    assert!(page.contains("dose.csv was removed and profile.csv was changed"));
    assert_eq!(table(&page, "profile")[0][2], "7.25");
    assert!(page.contains("dose.csv of the part \u{201c}dose\u{201d} was removed."));
    assert!(!page.contains("figure-dose"));
}

#[test]
fn a_part_that_did_not_run_is_one_sentence() {
    let all = files();
    for part in Part::ALL {
        let mut files = all.clone();
        for table in part.tables() {
            files.remove(table.file);
        }
        seal(&mut files, |_| {});
        let study = FinishedStudy::read(&files).unwrap();
        let section = part_section(*part, &study).unwrap();
        let sentence = format!("The part \u{201c}{part}\u{201d} did not run.");
        assert!(screen(&section).starts_with(&sentence), "{}", screen(&section));
        assert!(!section.blocks.iter().any(|block| matches!(block, Block::Table(_))));
        assert!(page(&files).contains(&sentence));
    }
}

#[test]
fn words_of_the_user_stay_words() {
    let mut files = files();
    edit(&mut files, |prompts: &mut Vec<PromptRow>| {
        prompts[0].sentence = "we <script>alert(1)</script> & \"thanked\" [MASK] .".to_owned();
    });
    seal(&mut files, |manifest| manifest.label_a = "</script><b>".to_owned());
    let report = report(&FinishedStudy::read(&files).unwrap()).unwrap();
    assert!(report.html.contains("we &#60;script&#62;alert(1)&#60;/script&#62; &#38; "));
    assert!(!report.html.contains("<script>alert") && !report.html.contains("<b>"));
    assert!(report.figures.iter().all(|(_, svg)| !svg.contains("<b>")));
}

#[test]
fn two_studies_stand_side_by_side() {
    let a = files();
    let mut b = a.clone();
    edit(&mut b, |rows: &mut Vec<ProfileRow>| {
        rows[2].margin_drop = 0.125;
        rows.remove(3);
    });
    seal(&mut b, |manifest| {
        manifest.study.set("selection.test", "welch").unwrap();
        manifest.layer = 0;
    });
    let compared = || {
        let studies = [FinishedStudy::read(&a).unwrap(), FinishedStudy::read(&b).unwrap()];
        compare([("first", &studies[0]), ("second", &studies[1])]).unwrap()
    };
    let page = compared();
    assert_eq!(page, compared());
    let differences = table(&page, "differences");
    let entries: Vec<&str> = differences.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(entries, ["layer of the paper\u{2019}s lesion", "selection.test"]);
    assert!(differences[1][1].contains("paired") && differences[1][2].contains("welch"));
    for id in ["profiles", "neurons", "margins", "drops"] {
        assert!(page.contains(&format!("id=\"figure-{id}\"")), "{id}");
    }
    let profiles = table(&page, "profiles");
    assert_eq!(profiles[2][2], value(rows::<ProfileRow>(&a)[2].margin_drop));
    assert_eq!([profiles[2][5].as_str(), &profiles[3][5]], ["0.125", "NaN"]);
    assert_eq!(table(&page, "neurons")[3], ["1", "her", "3", "3", "3"]);
}

#[test]
fn errors_name_the_file_and_the_place() {
    let error = |files: &Files| {
        let study = FinishedStudy::read(files);
        study.and_then(|study| report(&study)).unwrap_err().to_string()
    };
    assert_eq!(error(&Files::new()), "no finished study in memory: it has no manifest.json");
    let all = files();
    let edited = |file: &str, from: &str, to: &str| {
        let mut files = all.clone();
        let text = String::from_utf8(files[file].clone()).unwrap();
        files.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
        error(&files)
    };
    let message = edited("selection.csv", "correction", "corection");
    assert!(message.starts_with("memory/selection.csv: line 2: "), "{message}");
    assert!(message.contains("missing field `correction`"), "{message}");
    let message = edited("selection.csv", ",0\n", ",many\n");
    assert!(message.starts_with("memory/selection.csv: line 2: column `neurons`: "), "{message}");
    let message = edited("manifest.json", "\"pairs\": 12", "\"pairs\": \"twelve\"");
    assert!(message.starts_with("memory/manifest.json: ") && message.contains("line "));
    let mut files = all.clone();
    files.remove("neurons.csv");
    assert!(error(&files).starts_with("cannot read memory/neurons.csv: "));
}

/// Rewrites the table of figures in the guide, and fails if it differed.
#[test]
fn the_guide_lists_every_figure() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats/report.md"));
    let page = fs::read_to_string(&path).unwrap();
    let start = "<!-- figures -->\n";
    let (before, rest) = page.split_once(start).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let rows = FIGURES.map(|figure| {
        let tables: Vec<String> = figure.tables.iter().map(|file| format!("`{file}`")).collect();
        format!("| `{}.svg` | {} | {} |\n", figure.name, figure.shows, tables.join(", "))
    });
    let figures =
        format!("| file in `figures/` | shows | from |\n|---|---|---|\n{}", rows.concat());
    let expected = format!("{before}{start}{figures}<!-- end -->{after}");
    if page != expected {
        fs::write(&path, expected).unwrap();
        panic!("docs/formats/report.md was out of date, and is now written anew");
    }
}
