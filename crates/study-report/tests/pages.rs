//! Pages and screens of a small study.

mod small_study;

use std::{collections::HashSet, fs, path::PathBuf};

use small_study::{Files, edit, files, rows, seal};
use study_record::{
    Part, Question, SetChoice, Verdict,
    tables::{DissociationRow, DoseRow, LesionRow, ProfileRow, PromptRow, VerdictRow},
};
use study_report::{
    Block, FIGURES, FinishedStudy, Gathering, Section, part_section, report, sections, side_by_side,
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

/// The claim about the effect of a label's lesioned neurons.
fn effect<'a>(rows: &'a mut [VerdictRow], label: &str) -> &'a mut VerdictRow {
    find_claim(rows, Question::Effect, label)
}

/// The claim about the lesioned neurons of a label.
fn find_claim<'a>(
    rows: &'a mut [VerdictRow],
    question: Question,
    label: &str,
) -> &'a mut VerdictRow {
    let mut rows = rows.iter_mut();
    let claim = rows.find(|row| {
        row.question == question && row.neuron_set == label && row.sets == SetChoice::Lesioned
    });
    claim.unwrap()
}

/// A study in which the lesion of the her neurons has no effect.
fn with_verdicts() -> Files {
    let mut files = files();
    edit(&mut files, |rows: &mut Vec<VerdictRow>| {
        let her = effect(rows, "her");
        her.verdict = Verdict::NoEffect;
        her.p_no_effect = Some(0.01);
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
    let verdicts: Vec<VerdictRow> = rows(&files);
    assert_eq!(shown.len(), profile.len());
    for (cells, row) in shown.iter().zip(&profile) {
        let set = match row.sets {
            SetChoice::Lesioned => row.neuron_set.clone(),
            SetChoice::Labelled => format!("all {}", row.neuron_set),
        };
        assert_eq!((&cells[0], &cells[1]), (&row.layer.to_string(), &set));
        assert_eq!((&cells[2], &cells[3]), (&row.neurons.to_string(), &value(row.margin_drop)));
        let claim = verdicts.iter().find(|claim| {
            claim.question == Question::Effect
                && claim.layers == row.layer.to_string()
                && claim.neuron_set == row.neuron_set
                && claim.sets == row.sets
        });
        assert_eq!(cells[6], value(claim.and_then(|claim| claim.p_corrected)));
        let verdict = claim.map_or(Verdict::NoControls, |claim| claim.verdict);
        assert!(cells[7].contains(verdict.title()), "{}", cells[7]);
        assert_eq!(cells[8], format!("{} of {}", row.margin_falls, row.prompts));
    }
    assert!(page.contains("<span class=\"tag beyond\">more than random sets</span>"));
    assert!(page.contains("<span class=\"tag within\">no effect</span>"));
    assert!(page.contains("<span class=\"tag open\">no control</span>"));
    // Every number of these tables is a number of its file.
    for (id, file) in [
        ("strongest", "neurons.csv"),
        ("normality", "normality.csv"),
        ("predictions", "predictions.csv"),
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
    for (cells, row) in table(&page, "dissociation").iter().zip(rows::<DissociationRow>(&files)) {
        let expected = [row.own_margin_drop, row.other_margin_drop, row.difference];
        assert_eq!(cells[2..5], expected.map(value));
        assert_eq!(cells[7], value(row.both));
        assert_eq!(cells[10], "<span class=\"tag open\">not shown</span>");
    }
    let singles = table(&page, "singles");
    assert_eq!((singles.len(), singles[0][3].as_str()), (12, "12"));
    // The planted neurons, and the others.
    assert_eq!(table(&page, "layers")[1][..4], ["1", "7", "8", "81"]);
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
        ("activations", "rejects normality for 96 of 96 neurons"),
        ("baseline", "a higher logit than the other candidates in 12 of 24 masked prompts"),
        ("lesion", "(it falls in 24 of 24 masked prompts)"),
        (
            "controls",
            "Of 3 controlled lesions, 3 lower the margin more than random sets (Holm over 5",
        ),
        ("controls", "No control in 0 (him) and 0 (her): no neuron is lesioned there."),
        ("controls", "A dissociation is shown in none of 2 cases, and so no double one."),
        ("joint", "With 7 \u{201c}him\u{201d} neurons of layers 0 and 1"),
        ("dose", "1.167 with 7 \u{201c}him\u{201d} neurons"),
        ("causal", "correlate with |t| at 0.33 and with the direct effects at 1.00"),
        ("dynamic", "One pass lesions the same neurons as two passes in 72 of 72 lesions."),
        ("stability", "share 1.00 of their neurons with the lesioned set (Dice; 0.07 by chance)"),
        ("selectors", "gives the largest mean margin drop"),
        ("specificity", "another word is on top in 0 of 12 prompts"),
        ("conclusions", "Layer 1, \u{201c}him\u{201d}: the lesion lowers the margin by 1.167"),
    ] {
        let section = sections.iter().find(|section| section.id == id).unwrap();
        let text = screen(section);
        assert!(text.contains(sentence), "{sentence} is not in:\n{text}");
    }
    for id in ["question", "rerun"] {
        let section = sections.iter().find(|section| section.id == id).unwrap();
        assert!(section.on_screen().is_empty(), "{id}");
    }
    // Of the setup a screen shows the warnings only, and the page shows the same.
    let setup = sections.iter().find(|section| section.id == "setup").unwrap();
    assert!(!setup.on_screen().is_empty());
    for block in setup.on_screen() {
        let Block::Doubt(text) = block else { panic!("{block:?}") };
        let escaped = text.replace('"', "&#34;");
        assert!(
            page.contains(&format!("<p class=\"warning\" role=\"note\">{escaped}</p>")),
            "{text}"
        );
    }
}

/// A section of a study with other verdicts, on the screen.
fn section_with(id: &str, change: impl FnOnce(&mut Vec<VerdictRow>)) -> String {
    let mut files = files();
    edit(&mut files, change);
    section_of(&files, id)
}

fn section_of(files: &Files, id: &str) -> String {
    let mut files = files.clone();
    seal(&mut files, |_| {});
    let sections = sections(&FinishedStudy::read(&files).unwrap()).unwrap();
    screen(sections.iter().find(|section| section.id == id).unwrap())
}

#[track_caller]
fn assert_says(text: &str, sentences: &[&str], absent: &[&str]) {
    for sentence in sentences {
        assert!(text.contains(sentence), "{sentence} is not in:\n{text}");
    }
    for sentence in absent {
        assert!(!text.contains(sentence), "{sentence} is in:\n{text}");
    }
}

#[test]
fn too_few_random_sets_are_named_with_a_number_that_would_do() {
    let few = |rows: &mut Vec<VerdictRow>| {
        rows.iter_mut()
            .filter(|row| row.p.is_some())
            .for_each(|row| row.verdict = Verdict::TooFewSets);
    };
    let sentence = "With 199 random sets of each kind, none of 5 claims can be told from them at the \
                    level 0.05; --nulls 100 would be enough.";
    assert_says(&section_with("controls", few), &[sentence], &["than random sets do"]);
    let conclusions = section_with("conclusions", few);
    let nothing = "No effect is shown to differ from those of random sets, and none to be absent.";
    assert_says(&conclusions, &[sentence, nothing], &["than random sets do", "no effect beyond"]);
}

#[test]
fn without_controls_nothing_is_said_of_other_neurons() {
    let without = |rows: &mut Vec<VerdictRow>| {
        for row in rows {
            row.verdict = Verdict::NoControls;
            for value in [&mut row.p, &mut row.p_corrected, &mut row.p_no_effect, &mut row.excess] {
                *value = None;
            }
            (row.random_low, row.random_high, row.at_floor) = (None, None, None);
        }
    };
    let sentence = "There are no controls, so nothing can be said about other neurons.";
    assert_says(&section_with("controls", without), &[sentence], &["than random sets do"]);
    let conclusions = section_with("conclusions", without);
    assert_says(&conclusions, &[sentence], &["than random sets do", "no effect beyond"]);
}

#[test]
fn each_verdict_on_an_effect_has_its_sentence() {
    let of_him = |change: fn(&mut VerdictRow)| {
        section_with("conclusions", |rows| {
            rows.retain(|row| row.neuron_set == "him");
            change(effect(rows, "him"));
        })
    };
    let name = "Layer 1, \u{201c}him\u{201d}: the lesion";
    let beyond = "more than random sets do";
    let below = "less than random sets do";
    let absent = "has no effect beyond that of random sets, up to";
    let open = "Neither an effect nor its absence is shown.";
    let larger = of_him(|_| {});
    assert_says(
        &larger,
        &[&format!("{name} lowers the margin by"), beyond],
        &[below, absent, open],
    );
    assert_says(&larger, &[], &["It is small"]);
    let small = of_him(|row| (row.excess, row.equivalence) = (Some(0.02), Some(0.2)));
    let difference = "It is small: the difference from the mean of random sets is 0.020, less than";
    assert_says(&small, &[beyond, difference], &[absent, open]);
    // A suppressor: its lesion helps the right word.
    let raises = of_him(|row| {
        row.verdict = Verdict::Smaller;
        (row.value, row.excess) = (-2.0, Some(-2.0));
        (row.low, row.high) = (Some(-2.5), Some(-1.5));
    });
    let sentence =
        format!("{name} raises the margin by 2.000 (95 % interval 1.500 to 2.500), {beyond}");
    assert_says(&raises, &[&sentence], &[below, absent, open, "lowers the margin by"]);
    let lowers_less = of_him(|row| {
        row.verdict = Verdict::Smaller;
        (row.value, row.excess) = (0.25, Some(-1.0));
    });
    assert_says(&lowers_less, &[&format!("{name} lowers the margin by 0.250"), below], &[beyond]);
    let raises_less = of_him(|row| (row.value, row.excess) = (-0.25, Some(1.0)));
    assert_says(&raises_less, &[&format!("{name} raises the margin by 0.250"), below], &[beyond]);
    let none = of_him(|row| {
        row.verdict = Verdict::NoEffect;
        row.p_no_effect = Some(0.012);
    });
    let sentence = format!("{name} of this set {absent}");
    assert_says(&none, &[&sentence, "(corrected p of equivalence 0.0120)"], &[beyond, below, open]);
    // It is said of each that would differ without the correction, and of all others together.
    let near = of_him(|row| (row.verdict, row.p) = (Verdict::Undecided, Some(0.03)));
    let far = of_him(|row| (row.verdict, row.p) = (Verdict::Undecided, Some(0.3)));
    let together = "Undecided, so that neither an effect nor its absence is shown: Layer 1, \
                    \u{201c}him\u{201d}.";
    for (text, sentences) in [(near, [name, open]), (far, [together, ""])] {
        let (concluded, limits) = text.split_once("What cannot be concluded").unwrap();
        assert_says(limits, &sentences, &[beyond, below, absent]);
        assert_says(concluded, &[], &[name]);
    }
}

#[test]
fn verdicts_are_counted_in_the_summary_of_the_controls() {
    let text = section_with("controls", |rows| {
        let him = effect(rows, "him");
        him.verdict = Verdict::Smaller;
        (him.value, him.excess) = (-9.0, Some(-9.0));
        effect(rows, "her").verdict = Verdict::NoEffect;
    });
    let counts = "Of 3 controlled lesions, 1 lowers the margin more than random sets, 1 raises it more \
                  and 1 has no effect beyond the margin of equivalence (Holm over 5 claims, level 0.05).";
    // The largest difference from random sets comes first.
    assert_says(
        &text,
        &["Layer 1, \u{201c}him\u{201d}: the lesion raises the margin by 9.000", counts],
        &[],
    );
}

#[test]
fn a_p_at_its_floor_is_an_upper_bound() {
    let with_floor = |at_floor: bool| {
        section_with("conclusions", |rows| {
            rows.retain(|row| row.neuron_set == "him");
            let him = effect(rows, "him");
            (him.at_floor, him.p_corrected) = (Some(at_floor), Some(0.025));
        })
    };
    assert_says(&with_floor(true), &["Corrected p: at most 0.0250."], &[]);
    assert_says(&with_floor(false), &["Corrected p: 0.0250."], &["at most 0.0250"]);
}

#[test]
fn a_lesion_that_may_only_shift_the_odds_says_so() {
    let caveat = "So the lesion may only shift the odds of \u{201c}him\u{201d} in every prompt";
    let conclusions = section_with("conclusions", |_| {});
    assert_says(&conclusions, &[caveat], &["The dissociation is double"]);
    // If both drops have a sum, it is not only a shift.
    let mut files = files();
    edit(&mut files, |rows: &mut Vec<VerdictRow>| {
        for label in ["him", "her"] {
            find_claim(rows, Question::Dissociation, label).verdict = Verdict::Larger;
        }
    });
    edit(&mut files, |rows: &mut Vec<DissociationRow>| {
        for row in rows {
            row.both = 2.0;
            (row.both_low, row.both_high) = (Some(1.0), Some(3.0));
        }
    });
    let shown = section_of(&files, "conclusions");
    assert_says(&shown, &["The dissociation is double in layer 1."], &[caveat]);
    // That of one label is not double.
    let single = section_with("controls", |rows| {
        find_claim(rows, Question::Dissociation, "her").verdict = Verdict::Larger;
    });
    let sentence = "A dissociation is shown in 1 of 2 cases: 1 (her). A double dissociation is shown in \
                    no layer.";
    assert_says(&single, &[sentence], &[]);
}

#[test]
fn a_reversed_dissociation_is_neither_shown_nor_double() {
    let reversed = |id| {
        section_with(id, |rows| {
            for label in ["him", "her"] {
                find_claim(rows, Question::Dissociation, label).verdict = Verdict::Smaller;
            }
        })
    };
    let sentence = "the lesion matters more for the other label\u{2019}s prompts than for its own";
    assert_says(&reversed("conclusions"), &[sentence], &["The dissociation is double"]);
    assert_says(&reversed("controls"), &["A dissociation is shown in none of 2 cases"], &[]);
}

#[test]
fn a_drop_that_later_layers_make_up_for_is_named() {
    let conclusions = |direct: f64| {
        let mut files = files();
        edit(&mut files, |rows: &mut Vec<ProfileRow>| {
            for row in rows.iter_mut().filter(|row| row.neurons > 0) {
                row.direct_margin_drop = Some(direct * row.margin_drop);
            }
        });
        section_of(&files, "conclusions")
    };
    let caveat = "The direct effects of these neurons on the margin add up to";
    assert_says(&conclusions(5.0), &[caveat], &[]);
    assert_says(&conclusions(1.0), &[], &[caveat]);
}

#[test]
fn controls_that_could_not_be_made_have_reasons() {
    let mut files = files();
    edit(&mut files, |rows: &mut Vec<ProfileRow>| {
        rows[3].neurons = 96;
        rows[3].p_random = None;
        rows[2].higher_at_masks = Some(0);
    });
    let text = section_of(&files, "controls");
    assert_says(
        &text,
        &[
            "No control in 0 (him) and 0 (her): no neuron is lesioned there.",
            "No control in 1 (her): its 96 neurons are the whole layer of 96, so there are no other \
             sets.",
            "In 1 (him)",
        ],
        &[],
    );
    assert_says(
        &section_of(&files, "conclusions"),
        &["Without controls, because the set is the whole layer: 1 (her)."],
        &[],
    );
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
    assert_eq!(table(&page, "profile")[0][3], "7.25");
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
        let mut gathering = Gathering::default();
        gathering.add("first", &studies[0]).unwrap();
        gathering.add("second", &studies[1]).unwrap();
        let mismatch = gathering.mismatch().expect("the tests differ");
        let pair = [("first", &studies[0]), ("second", &studies[1])];
        side_by_side(pair, mismatch).unwrap().html
    };
    let page = compared();
    assert_eq!(page, compared());
    let differences = table(&page, "differences");
    let entries: Vec<&str> = differences.iter().map(|row| row[0].as_str()).collect();
    let expected = ["layer of the lesion", "selection.test", "t-test of each neuron"];
    assert_eq!(entries, expected);
    assert!(differences[1][1].contains("paired") && differences[1][2].contains("welch"));
    for id in ["profiles", "neurons", "margins", "drops"] {
        assert!(page.contains(&format!("id=\"figure-{id}\"")), "{id}");
    }
    let profiles = table(&page, "profiles");
    assert_eq!(profiles[2][2], value(rows::<ProfileRow>(&a)[2].margin_drop));
    assert_eq!([profiles[2][5].as_str(), &profiles[3][5]], ["0.125", "NaN"]);
    assert_eq!(table(&page, "neurons")[3], ["1", "her", "8", "8", "8"]);
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
    let message = edited("manifest.json", "\"paired\": true", "\"paired\": \"yes\"");
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
