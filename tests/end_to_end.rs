//! The real binary on real files: the bundled model, its stimuli and prompts, and mistakes of users.

use std::{collections::BTreeSet, fs, path::Path};

use crate::support::{BRIEF, Row, Run, assert_close, assert_user_error, lesion, number, reference};
use sha2::{Digest, Sha256};
use study_record::tables::{self, HeldOutRow, RandomSetRow, Row as _};
use tempfile::TempDir;

fn files() -> Vec<&'static str> {
    let tables = tables::all().into_iter().map(|table| table.file);
    // By default no pair is held out, and random sets are not written.
    let is_extra = |file: &&str| [HeldOutRow::TABLE.file, RandomSetRow::TABLE.file].contains(file);
    tables.filter(|file| !is_extra(file)).chain(["neuron_sets.json"]).collect()
}

#[test]
fn the_study_writes_its_tables() {
    let run = Run::new(&["--nulls", "20"]);
    // 6 layers of 768 neurons, tested with 54 pairs.
    let neurons = run.rows("neurons.csv");
    assert_eq!(neurons.len(), 6 * 768);
    for row in &neurons {
        assert_eq!(number(row, "df").to_bits(), 53.0_f64.to_bits());
        let (t, p, q) = (number(row, "t"), number(row, "p"), number(row, "q"));
        assert!(p <= q && q <= 1.0);
        let expected = match (q <= 0.05, t > 0.0) {
            (false, _) => "",
            (true, true) => "him",
            (true, false) => "her",
        };
        assert_eq!(row["label"], expected);
    }
    let stdout = run.stdout();
    for title in [
        "Selection",
        "Activations",
        "Baseline",
        "Lesion",
        "Controls",
        "Double dissociation",
        "Several layers at once",
        "More and more neurons",
        "Single neurons",
        "Selection and lesion in one pass",
        "What else changes",
        "Other stimuli",
        "What can be concluded, and what not",
    ] {
        assert!(stdout.contains(&format!("\n{title}\n")), "{title}: {stdout}");
    }
}

#[test]
fn the_paper_prompts_are_predicted() {
    let predictions = Run::brief(&[]).rows("predictions.csv");
    let candidates: Vec<_> =
        predictions.iter().map(|row| (row["target"].as_str(), row["candidate"].as_str())).collect();
    let expected = [("her", "her"), ("her", "him"), ("her", "his"), ("him", "him"), ("him", "her")];
    assert_eq!(candidates, expected);
    for row in &predictions {
        let right = row["target"] == row["candidate"];
        assert_eq!(row["rank"] == "1", right, "{row:?}");
        assert_eq!(number(row, "prob") > 0.5, right, "{row:?}");
    }
}

#[test]
fn drops_are_differences_and_those_of_the_control_are_zero() {
    let run = Run::brief(&[]);
    let neurons = run.rows("neurons.csv");
    let lesions = run.rows("lesions.csv");
    let mut lesioned = BTreeSet::new();
    for row in &lesions {
        assert_eq!(row["layer"], "4");
        let drop = number(row, "logit_clean") - number(row, "logit_lesioned");
        assert_eq!(drop.to_bits(), number(row, "logit_drop").to_bits());
        if row["neuron_set"].is_empty() {
            assert_eq!((row["neurons"].as_str(), drop), ("0", 0.0));
            assert_eq!(row["margin_drop"], "0.0");
        } else {
            let labelled = |n: &&Row| n["layer"] == "4" && n["label"] == row["neuron_set"];
            let set = neurons.iter().filter(labelled).count();
            assert_eq!(row["neurons"], set.to_string());
            assert_eq!(row["neuron_set"], row["target"]);
            assert!(drop != 0.0, "the lesion of {set} neurons changed nothing");
            lesioned.insert(row["target"].clone());
        }
    }
    assert_eq!(lesioned, ["her".to_owned(), "him".to_owned()].into());
    // The rows of a lesioned prompt, or of its control. The right word is first.
    for rows in
        lesions.chunk_by(|a, b| a["target"] == b["target"] && a["neuron_set"] == b["neuron_set"])
    {
        let margin = |column: &str| {
            let others = rows[1..].iter().map(|row| number(row, column));
            number(&rows[0], column) - others.fold(f64::NEG_INFINITY, f64::max)
        };
        let drop = margin("logit_clean") - margin("logit_lesioned");
        assert!(rows.iter().all(|row| number(row, "margin_drop").to_bits() == drop.to_bits()));
    }
    assert!(lesions.iter().any(|row| row["neuron_set"].is_empty()));
}

#[test]
fn a_second_run_and_one_thread_give_the_same_bytes() {
    let options = ["--nulls", "20"];
    let first = Run::new(&options);
    for args in [&[][..], &["--threads", "1"], &["--threads", "2"]] {
        let again = Run::new(&[&options, args].concat());
        for table in files() {
            assert_eq!(again.bytes(table), first.bytes(table), "{table} with {args:?}");
        }
        assert_eq!(again.stdout(), first.stdout());
    }
}

#[test]
fn zeroing_before_gelu_gives_the_same_logits() {
    assert_eq!(
        Run::brief(&["--site", "pre"]).bytes("lesions.csv"),
        Run::brief(&[]).bytes("lesions.csv")
    );
}

#[test]
fn every_correction_has_a_column_and_any_can_be_chosen() {
    let bh = Run::brief(&[]);
    for row in bh.rows("neurons.csv") {
        assert_eq!(row["q"], row["p_bh"]);
        let (low, high) = (number(&row, "ci_low"), number(&row, "ci_high"));
        let difference = number(&row, "mean_a") - number(&row, "mean_b");
        assert!((f64::midpoint(low, high) - difference).abs() <= 1e-9 * (high - low));
        assert_eq!(low > 0.0 || high < 0.0, number(&row, "p") < 0.05);
        assert!(number(&row, "p_bh") <= number(&row, "p_by"));
        assert!(number(&row, "p_holm") <= number(&row, "p_bonferroni"));
    }
    let count = |run: &Run, layer: &str, label: &str| {
        let neurons = run.rows("neurons.csv");
        neurons.iter().filter(|n| n["layer"] == layer && n["label"] == label).count().to_string()
    };
    let options: [(&[&str], _); 3] = [
        (&["--correction", "bonferroni"], ["layer", "false", "bonferroni"]),
        (&["--correction", "max-t", "--scope", "model"], ["model", "false", "max-t"]),
        (&["--correction", "by", "--directional"], ["layer", "true", "by"]),
    ];
    let counted = bh.rows("selection.csv");
    for (args, chosen) in options {
        let run = Run::brief(args);
        // The counts do not depend on the chosen correction, and the labels are those of the chosen
        // correction.
        assert_eq!(run.rows("selection.csv"), counted);
        for row in &counted {
            if [&row["scope"], &row["directional"], &row["correction"]] == chosen.map(|c| c) {
                assert_eq!(row["neurons"], count(&run, &row["layer"], &row["label"]));
            }
        }
    }
    let other_seed = Run::brief(&["--seed", "1"]);
    assert_eq!(other_seed.bytes("lesions.csv"), bh.bytes("lesions.csv"));
    assert_ne!(other_seed.bytes("neurons.csv"), bh.bytes("neurons.csv")); // p_max_t is sampled
}

#[test]
fn controls_have_the_size_of_the_matched_set_or_are_missing() {
    let controls = ["--parts", "controls", "--nulls", "20", "--every-kind"];
    let run = Run::new(&controls);
    let nulls = run.rows("nulls.csv");
    for layer in 0..6 {
        for label in ["him", "her"] {
            let is_of_cell = |row: &&Row| {
                row["layer"] == layer.to_string()
                    && row["neuron_set"] == label
                    && row["sets"] == "lesioned"
            };
            let rows: Vec<&Row> = nulls.iter().filter(is_of_cell).collect();
            let kinds = [
                ("matched", 1),
                ("swapped", 1),
                ("least-tuned", 1),
                ("random", 20),
                ("random-active", 20),
                ("random-displaced", 20),
                ("reselected", 20),
            ];
            for (kind, sets) in kinds {
                assert_eq!(rows.iter().filter(|row| row["kind"] == kind).count(), sets, "{kind}");
            }
            assert_eq!(rows.len(), kinds.map(|(_, sets)| sets).iter().sum::<usize>());
            assert!(rows.iter().all(|row| row["neurons"] == "76")); // a tenth of 768
        }
    }
    // 12 effects, 2 of the paper's lesion and 12 dissociations.
    let stdout = run.stdout();
    let sentence = "With 20 random sets of each kind, none of 26 claims can be told from them at the \
                    level 0.05; --nulls 520 would be enough.";
    assert!(stdout.contains(sentence), "{stdout}");
    // Sets of all significant neurons have controls too, however large they are.
    let wide = Run::new(&[&controls[..], &["--significant"]].concat());
    let rows = wide.rows("nulls.csv");
    let significant = wide.rows("profile.csv");
    assert!(significant.iter().any(|row| number(row, "neurons") > 384.0));
    for row in significant {
        assert_eq!(row["neurons"], row["significant"]);
        let is_of_cell = |lesion: &&Row| {
            lesion["layer"] == row["layer"] && lesion["neuron_set"] == row["neuron_set"]
        };
        let random = rows.iter().filter(is_of_cell).filter(|lesion| lesion["kind"] == "random");
        assert!(random.clone().all(|lesion| lesion["neurons"] == row["neurons"]));
        assert_eq!(random.count(), 20);
    }
}

#[test]
fn by_default_there_are_enough_random_sets_for_every_claim() {
    let run = Run::new(&["--parts", "controls", "--layers", "5", "--layer", "5"]);
    let verdicts = run.rows("verdicts.csv");
    // Two effects, two of the paper's lesion, and two dissociations.
    assert_eq!(verdicts.len(), 6);
    let manifest: serde_json::Value = serde_json::from_slice(&run.bytes("manifest.json")).unwrap();
    assert_eq!(manifest["random_sets"], 25 * 6);
    assert!(manifest["study"]["controls"]["nulls"].is_null());
    let nulls = run.rows("nulls.csv");
    let is_random = |row: &&Row| {
        row["kind"] == "random" && row["neuron_set"] == "him" && row["sets"] == "lesioned"
    };
    assert_eq!(nulls.iter().filter(is_random).count(), 25 * 6);
    assert!(verdicts.iter().all(|row| row["verdict"] != "too-few-sets"));
}

#[test]
fn a_set_that_is_the_whole_layer_has_no_controls() {
    let whole: Vec<String> = (0..768).map(|neuron| neuron.to_string()).collect();
    let sets = format!(
        r#"{{"sets": [{{"layer": 5, "label": "her", "neurons": [{}]}}]}}"#,
        whole.join(", ")
    );
    let args = ["--neurons", "sets.json", "--parts", "controls", "--layers", "5", "--layer", "5"];
    let run = Run::with_files(&[("sets.json", &sets)], &args);
    let verdicts = run.rows("verdicts.csv");
    assert!(!verdicts.is_empty());
    for row in &verdicts {
        assert_eq!((&*row["verdict"], &*row["p"], &*row["excess"]), ("no-controls", "", ""));
    }
    let stdout = run.stdout();
    assert!(
        stdout.contains("There are no controls, so nothing can be said about other neurons."),
        "{stdout}"
    );
    assert!(stdout.contains("its 768 neurons are the whole layer of 768"), "{stdout}");
}

#[test]
fn the_activations_are_described() {
    let run = Run::brief(&[]);
    let histogram = run.rows("histogram.csv");
    for site in ["pre", "post"] {
        let bins = histogram.iter().filter(|row| row["site"] == site && row["layer"] == "3");
        let total: u64 = bins.map(|row| row["count"].parse::<u64>().unwrap()).sum();
        assert_eq!(total, 2 * 54 * 768);
    }
    let normality = run.rows("normality.csv");
    assert_eq!(normality.len(), 6 * (1 + 768));
    assert!(
        normality.iter().filter(|row| row["neuron"].is_empty()).all(|row| row["count"] == "82944")
    );
    for row in run.rows("sparsity.csv") {
        assert!((0.0..=1.0).contains(&number(&row, "share")), "{row:?}");
    }
}

#[test]
fn the_manifest_lists_settings_inputs_and_outputs() {
    let args = ["--layer", "2", "--test", "welch", "--alpha", "0.01", "--seed", "7"];
    let run = Run::new(&[&args[..], &["--nulls", "1"]].concat());
    let manifest: serde_json::Value = serde_json::from_slice(&run.bytes("manifest.json")).unwrap();
    assert_eq!(manifest["study"]["seed"], 7);
    assert_eq!(manifest["study"]["backend"], "flex");
    assert_eq!(manifest["study"]["selection"]["test"], "welch");
    assert_eq!(manifest["layer"], 2);
    let sha256 = |bytes: &[u8]| {
        let digest = Sha256::digest(bytes);
        digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    };
    for table in files() {
        assert_eq!(manifest["outputs"][table], sha256(&run.bytes(table)));
    }
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets");
    let asset = |path: &str| sha256(&fs::read(assets.join(path)).unwrap());
    let model = &manifest["inputs"]["model"]["sha256"];
    assert_eq!(model["model.safetensors"], asset("models/bundled/model.safetensors"));
    assert_eq!(
        manifest["inputs"]["stimuli"]["sha256"]["him_her.txt"],
        asset("stimuli/him_her.txt")
    );
    for stage in ["load", "selection", "baseline", "lesion"] {
        assert!(manifest["seconds"][stage].as_f64().unwrap() >= 0.0);
    }
    // The others are the manifest, the report and the folder of its figures. No temporary file is left.
    assert_eq!(fs::read_dir(run.out()).unwrap().count(), files().len() + 3);
}

#[test]
fn a_study_can_have_another_model_and_other_words() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/parity/model");
    let run = Run::with_files(
        &[
            (
                "pairs.txt",
                "# a contrast of verbs\nThe dog {followed|helped} Lucy.\nRobert {followed|helped} her.\nLucy {followed|helped} the dog.\n",
            ),
            (
                "prompts.txt",
                "Lucy {followed|helped|thanked} him.\n\nhelped\tShe {thanked|followed} him.\n",
            ),
        ],
        &[
            "--model",
            model.to_str().unwrap(),
            "--stimuli",
            "pairs.txt",
            "--prompts",
            "prompts.txt",
            "--alpha",
            "0.9",
            "--nulls",
            "1",
        ],
    );
    let labels: BTreeSet<_> =
        run.rows("neurons.csv").into_iter().map(|r| r["label"].clone()).collect();
    assert!(labels.iter().all(|label| ["", "followed", "helped"].contains(&label.as_str())));
    let lesions = run.rows("lesions.csv");
    let sets: Vec<_> =
        lesions.iter().map(|r| (r["prompt"].as_str(), r["neuron_set"].as_str())).collect();
    assert!(sets.contains(&("0", "followed")) && sets.contains(&("1", "helped")), "{sets:?}");
    assert!(lesions.iter().all(|row| row["layer"] == "2")); // floor(3/4 of 3)
}

#[test]
fn a_prompt_whose_word_is_not_a_label_is_lesioned_only_if_its_line_has_a_label() {
    let prompts = "The book of {his|her} mother was old.\nhim\tThe coat of Peter was {his|hers}.\n";
    let run =
        Run::with_files(&[("p.txt", prompts)], &[&BRIEF[..], &["--prompts", "p.txt"]].concat());
    assert!(
        run.stdout().contains("Prompts without a label are not lesioned: 0 (\"his\")"),
        "{}",
        run.stdout()
    );
    let lesions = run.rows("lesions.csv");
    assert!(lesions.iter().all(|row| row["prompt"] == "1"));
    assert!(lesions.iter().any(|row| row["neuron_set"] == "him" && row["target"] == "his"));
    assert_eq!(run.rows("predictions.csv").len(), 4);
}

#[test]
fn a_lesion_without_neurons_is_reported() {
    // With two pairs and so small an alpha nothing is significant.
    let pairs = "The dog followed {him|her} home.\nWe waited for {him|her} at the station.\n";
    let args = ["--stimuli", "s.txt", "--alpha", "1e-12", "--nulls", "1"];
    let run = Run::with_files(&[("s.txt", pairs)], &args);
    let stdout = run.stdout();
    assert!(stdout.contains("Found: No neuron of layer 4 was silenced"), "{stdout}");
    for row in run.rows("lesions.csv") {
        assert_eq!((row["neurons"].as_str(), row["logit_drop"].as_str()), ("0", "0.0"));
    }
}

#[test]
fn a_mistake_is_reported_in_one_line_with_its_place() {
    let stimuli = |content: &'static str| (content, "--stimuli");
    let prompts = |content: &'static str| (content, "--prompts");
    for ((content, option), expected) in [
        (stimuli("I saw {zyzzyva|her}.\nI saw {him|her}.\n"), &["f.txt:1", "zyzzyva"][..]),
        (stimuli("# c\n\nI saw him.\nI saw {him|her}.\n"), &["f.txt:3", "no target"]),
        (stimuli("I saw {him|her}.\n"), &["f.txt", "at least 2"]),
        (stimuli("{He|She|It} saw {him|her}.\n"), &["f.txt:1", "3 words"]),
        (
            stimuli("{Peter|The big aunt} saw {him|her}.\n{He|She} saw {him|her}.\n"),
            &["f.txt:1", "tokens"],
        ),
        (
            stimuli("I saw {it|them}.\nWe met {it|them}.\n"),
            &["bundled prompt", "\"it\"", "\"them\"", "--prompts"],
        ),
        (stimuli("I saw {him|her}self.\nI saw {him|her}.\n"), &["f.txt:1", "himself", "part"]),
        (prompts("We saw {hím|him}.\n"), &["f.txt:1", "hím", "one token"]),
        (prompts("We saw {him|[SEP]}.\n"), &["f.txt:1", "[SEP]", "special"]),
        (stimuli("I saw {him|→}.\nI saw {him|her}.\n"), &["f.txt:1", "→", "vocabulary"]),
        (prompts("We saw {him|qqq}.\n"), &["f.txt:1", "qqq"]),
        (prompts("\n"), &["f.txt", "no prompt", "{her|him}"]),
        (prompts("them\tWe saw {him|her}.\n"), &["f.txt:1", "them", "him", "her"]),
        (prompts("him\t{He|She} saw {him|her}.\n"), &["f.txt:1", "label"]),
    ] {
        let run = Run::with_files(&[("f.txt", content)], &[option, "f.txt"]);
        assert_user_error(&run, expected);
    }
    for (args, expected) in [
        (&["--layer", "6"][..], &["--layer", "layer 6", "0 to 5"][..]),
        (&["--layer", "-1"], &["--layer", "`-1`", "non-negative"]),
        (&["--layers", "1,two"], &["--layers", "`1,two`", "numbers and ranges"]),
        (&["--alpha", "1.5"], &["alpha", "1.5"]),
        (&["--alpha", "-1"], &["alpha", "-1"]),
        (&["--alpha", "NaN"], &["alpha"]),
        (&["--share", "1"], &["share", "0.1"]),
        (&["--stimuli", "none.txt"], &["none.txt"]),
        (&["--model", "./nowhere"], &["nowhere", "no folder"]),
        (&["--model", "nowhere"], &["model nowhere", "not a folder", "HF_HUB_OFFLINE"]),
        (&["--correction", "max-t", "--permutations", "0"], &["permutations"]),
        (&["--backend", "abacus"], &["abacus", "flex", "wgpu"]),
        (&["--correction", "fdr"], &["fdr", "bh", "max-t"]),
        (&["--layr", "3"], &["--layr", "--layer", "`lesion reproduce --help`"]),
        (&["--backend", "wgpu"], &["wgpu", "cargo xtask"]),
    ] {
        assert_user_error(&Run::new(args), expected);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_before_the_run() {
    let run = Run::with_files(&[("file", "")], &["--out", "file/inside"]);
    assert_user_error(&run, &["file/inside"]);
}

#[test]
fn a_study_with_a_table_that_cannot_be_written_has_no_manifest() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    let args = [&["reproduce", "--out", "out"][..], &BRIEF].concat();
    let reproduce = || lesion(dir.path()).args(&args).output().unwrap();
    assert!(reproduce().status.success() && out.join("manifest.json").exists());
    // A folder has the name of a table.
    fs::remove_file(out.join("lesions.csv")).unwrap();
    fs::create_dir_all(out.join("lesions.csv/x")).unwrap();
    let failed = reproduce();
    assert_eq!(failed.status.code(), Some(2));
    assert!(String::from_utf8(failed.stderr).unwrap().contains("lesions.csv"));
    assert!(!out.join("manifest.json").exists());
    // No temporary file is left.
    for entry in fs::read_dir(&out).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "journal.jsonl" || files().contains(&name.as_str()), "{name} is left");
    }
}

#[cfg(unix)]
#[test]
fn a_path_need_not_be_unicode_and_files_have_the_usual_permissions() {
    use std::os::unix::{ffi::OsStrExt, fs::PermissionsExt};
    let dir = TempDir::new().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"o\xff");
    let mut command = lesion(dir.path());
    let output = command.arg("reproduce").args(BRIEF).arg("--out").arg(name).output().unwrap();
    assert!(output.status.success());
    let plain = dir.path().join("plain");
    fs::write(&plain, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&dir.path().join(name).join("manifest.json")), mode(&plain));
}

#[test]
fn neuron_sets_and_t_are_those_of_the_python_reference() {
    let reference = reference();
    for row in Run::brief(&[]).rows("neurons.csv") {
        let layer: usize = row["layer"].parse().unwrap();
        let neuron: usize = row["neuron"].parse().unwrap();
        let selected = &reference["selected"][layer];
        let is_in = |label: &str| selected[label].as_array().unwrap().contains(&neuron.into());
        let expected = match (is_in("him"), is_in("her")) {
            (true, _) => "him",
            (_, true) => "her",
            _ => "",
        };
        // If q is nearly alpha, rounding decides.
        if (number(&row, "q") - 0.05).abs() > 1e-6 {
            assert_eq!(row["label"], expected, "layer {layer}, neuron {neuron}");
        }
        if neuron.is_multiple_of(16) {
            let expected = |column: &str| selected[column][neuron / 16].as_f64().unwrap();
            for column in ["t", "effect"] {
                assert_close(
                    number(&row, column),
                    expected(column),
                    1e-4 * expected(column).abs().max(1.0),
                );
            }
            // Rounding of the activations changes t by about 1e-6, which changes log p of a large t.
            for column in ["p", "q"] {
                let tolerance = 1e-4 * expected(column).ln().abs().max(1.0);
                assert_close(number(&row, column).ln(), expected(column).ln(), tolerance);
            }
        }
    }
}

#[test]
fn logits_and_drops_are_those_of_the_python_reference() {
    let reference = reference();
    let run = Run::brief(&[]);
    let (predictions, lesions) = (run.rows("predictions.csv"), run.rows("lesions.csv"));
    let mut lesioned = lesions.iter().filter(|row| !row["neuron_set"].is_empty());
    let mut predicted = predictions.iter();
    for prompt in reference["prompts"].as_array().unwrap() {
        for (i, candidate) in prompt["candidates"].as_array().unwrap().iter().enumerate() {
            let (row, baseline) = (lesioned.next().unwrap(), predicted.next().unwrap());
            assert_eq!(row["candidate"], candidate.as_str().unwrap());
            assert_eq!(row["position"], prompt["position"].to_string());
            let expected = |pass: &str| prompt[pass][i].as_f64().unwrap();
            assert_close(number(baseline, "logit"), expected("clean"), 1e-4);
            assert_close(number(baseline, "prob"), expected("prob"), 1e-4 * expected("prob"));
            assert_eq!(baseline["rank"], prompt["rank"][i].to_string());
            assert_close(number(row, "logit_clean"), expected("clean"), 1e-4);
            assert_close(number(row, "logit_lesioned"), expected("lesioned"), 1e-4);
        }
    }
    assert!(lesioned.next().is_none() && predicted.next().is_none());
}
