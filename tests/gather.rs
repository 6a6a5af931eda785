//! Many studies together: every figure beside metafor's and lme4's, studies that must not be pooled, two
//! studies side by side, and a thousand studies.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Row, assert_succeeds,
    gathered::{
        PROMPTS, change_column, copy_files, fixture, manifest, seal, untrained_models,
        write_noisy_copies,
    },
    lesion, measures_in, rows,
};

/// Tolerance of figures that are closed formulas, and of those that are iterated.
const CLOSED: f64 = 1e-8;
const ITERATED: f64 = 1e-6;

fn reference() -> Value {
    serde_json::from_slice(&fs::read(fixture("gather/gather.json")).unwrap()).unwrap()
}

/// Writes the five studies of the fixture into a folder. Returns their names.
fn write_studies(dir: &Path) -> Vec<String> {
    let reference = reference();
    let sets = usize::try_from(reference["random_sets"].as_u64().unwrap()).unwrap();
    // The order of the script.
    let names = ["one", "two", "three", "four", "five"];
    for name in names {
        let layers = usize::try_from(reference["models"][name].as_u64().unwrap()).unwrap();
        copy_files(&fixture("gather").join(name), &dir.join(name));
        seal(&dir.join(name), manifest(name, layers, sets));
    }
    names.map(str::to_owned).to_vec()
}

fn gather(dir: &Path, args: &[&str]) -> Output {
    lesion(dir).arg("gather").args(args).output().unwrap()
}

fn assert_gathers(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn assert_refuses(output: &Output, expected: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
    for part in expected {
        assert!(stderr.contains(part), "{part:?} is not in {stderr:?}");
    }
}

#[track_caller]
fn assert_near(name: &str, found: &str, expected: &Value, tolerance: f64) {
    let found: f64 = found.parse().unwrap_or_else(|_| panic!("{name} is {found:?}"));
    let expected = expected.as_f64().unwrap();
    let difference = (found - expected).abs();
    assert!(difference <= tolerance * expected.abs().max(1.0), "{name}: {found}, not {expected}");
}

/// The row of a cell, label and unit.
fn find<'a>(rows: &'a [Row], reference: &Value) -> Vec<&'a Row> {
    let is_it = |row: &&Row| {
        reference["cell"] == json!(row["cell"].parse::<u64>().unwrap())
            && reference["label"] == row["neuron_set"].as_str()
            && reference["unit"] == row["unit"].as_str()
    };
    rows.iter().filter(is_it).collect()
}

#[test]
fn effects_and_their_variances_are_those_of_the_script() {
    let dir = TempDir::new().unwrap();
    let names = write_studies(dir.path());
    let args: Vec<&str> = names.iter().map(String::as_str).chain(["--out", "out"]).collect();
    assert_gathers(&gather(dir.path(), &args));
    let rows = rows(&fs::read(dir.path().join("out/gather_estimates.csv")).unwrap());
    let reference = reference();
    let effects = reference["effects"].as_array().unwrap();
    assert_eq!(rows.len(), 2 * effects.len());
    for effect in effects {
        for unit in ["logits", "margin"] {
            let key = json!({"cell": effect["cell"], "label": effect["label"], "unit": unit});
            let found = find(&rows, &key);
            let row = found.iter().find(|row| effect["study"] == row["folder"].as_str()).unwrap();
            let Some(expected) = effect[unit].as_array() else {
                assert!(row["effect"].is_empty() && !row["left_out"].is_empty(), "{row:?}");
                continue;
            };
            let layers = effect["layers"].as_array().unwrap();
            let layers: Vec<String> = layers.iter().map(Value::to_string).collect();
            assert_eq!(row["layers"], layers.join(" "));
            assert_near("margin", &row["margin"], &effect["plain"], CLOSED);
            for (column, value) in
                ["effect", "template_variance", "set_variance"].into_iter().zip(expected)
            {
                assert_near(column, &row[column], value, CLOSED);
            }
        }
    }
}

#[test]
fn pooled_effects_are_those_of_metafor_and_lme4() {
    let dir = TempDir::new().unwrap();
    let names = write_studies(dir.path());
    let args: Vec<&str> = names.iter().map(String::as_str).chain(["--out", "out"]).collect();
    let screen = assert_gathers(&gather(dir.path(), &args));
    let read = |file: &str| rows(&fs::read(dir.path().join("out").join(file)).unwrap());
    let cells = read("gather.csv");
    let estimates = read("gather_estimates.csv");
    let reference = reference();
    let expected = reference["cells"].as_array().unwrap();
    assert_eq!(cells.len(), expected.len());
    for cell in expected {
        let row = find(&cells, cell)[0];
        for column in ["q", "q_p", "sign_p", "dl_mean", "dl_low", "dl_high", "dl_between_sd"] {
            assert_near(column, &row[column], &cell[column], CLOSED);
        }
        for column in [
            "mean",
            "standard_error",
            "low",
            "high",
            "p",
            "p_corrected",
            "prediction_low",
            "prediction_high",
            "between_sd",
            "between_sd_low",
            "between_sd_high",
            "i_squared",
        ] {
            assert_near(column, &row[column], &cell[column], ITERATED);
        }
        let crossed = &cell["crossed"];
        for column in ["mean", "low", "high", "p"] {
            let found = &row[&format!("crossed_{column}")];
            assert_near(&format!("crossed {column}"), found, &crossed[column], ITERATED);
        }
        for column in ["template_sd", "model_sd", "residual_sd"] {
            assert_near(column, &row[column], &crossed[column], ITERATED);
        }
        let included = find(&estimates, cell);
        let included: Vec<_> = included.iter().filter(|row| !row["effect"].is_empty()).collect();
        assert_eq!(included.len().to_string(), row["models"]);
        for (place, study) in included.iter().enumerate() {
            assert_eq!(cell["studies"][place], study["folder"].as_str());
            assert_near("weight", &study["weight"], &cell["weights"][place], ITERATED);
            for column in ["mean", "low", "high", "p"] {
                let found = &study[&format!("without_{column}")];
                assert_near(column, found, &cell["without"][place][column], ITERATED);
            }
        }
    }
    // The sentence and what is left out, on the screen and on the page.
    let page = fs::read_to_string(dir.path().join("out/gather.html")).unwrap();
    for (typed, printed) in [
        ("over 5 models the lesion lowers the margin by 0.507 logits more", None),
        ("an effect of this sign is to be expected", None),
        ("In the other 3 an effect is not shown, which does not mean that there is none.", None),
        (
            "Left out, because there are fewer than two random sets: depth 0.00 to 0.50, \"him\", in five.",
            Some(
                "Left out, because there are fewer than two random sets: depth 0.00 to 0.50, \
                 \u{201c}him\u{201d}, in five.",
            ),
        ),
    ] {
        assert!(screen.contains(typed), "{typed} is not in {screen}");
        assert!(page.contains(printed.unwrap_or(typed)), "{typed} is not on the page");
    }
    for figure in ["effects", "forest"] {
        assert!(page.contains(&format!("id=\"figure-{figure}\"")), "{figure}");
        assert!(dir.path().join(format!("out/figures/{figure}.svg")).exists());
    }
}

#[test]
fn studies_that_differ_are_refused_by_name() {
    let dir = TempDir::new().unwrap();
    write_studies(dir.path());
    let refuses = |change: &dyn Fn(&mut Value), expected: &[&str]| {
        let mut changed = manifest("two", 2, 40);
        change(&mut changed);
        seal(&dir.path().join("two"), changed);
        let output = gather(dir.path(), &["one", "two", "three", "--out", "out"]);
        assert_refuses(&output, expected);
        assert!(!dir.path().join("out").exists());
    };
    refuses(
        &|manifest| manifest["study"]["lesion"]["kind"] = json!("mean"),
        &["one and two differ in lesion.kind: zero and mean"],
    );
    refuses(
        &|manifest| manifest["study"]["selection"]["alpha"] = json!(0.01),
        &["one and two differ in selection.alpha"],
    );
    refuses(
        &|manifest| manifest["study"]["untrained"] = json!(1),
        &["one and two differ in untrained: not given and given"],
    );
    refuses(
        &|manifest| manifest["inputs"]["prompts"]["sha256"]["prompts.txt"] = json!("0".repeat(64)),
        &["one and two have different prompts: SHA-256", "000000000000…"],
    );
    refuses(
        &|manifest| {
            manifest["inputs"]["model"]["sha256"] =
                self::manifest("one", 2, 40)["inputs"]["model"]["sha256"].clone();
            manifest["study"]["seed"] = json!(7);
        },
        &["one and two have the same model"],
    );
    copy_files(&dir.path().join("one"), &dir.path().join("two"));
    refuses(&|_| {}, &["one and two have the same tables: a copy is not a replication"]);
    fs::remove_file(dir.path().join("two/prompt_controls.csv")).unwrap();
    refuses(&|_| {}, &["two has no controls"]);
}

#[test]
fn studies_may_differ_in_what_decides_no_effect() {
    let dir = TempDir::new().unwrap();
    write_studies(dir.path());
    let mut two = manifest("two", 2, 60);
    two["study"]["seed"] = json!(7);
    two["study"]["backend"] = json!("wgpu");
    two["study"]["controls"]["nulls"] = json!(60);
    two["study"]["parts"] = json!(["controls"]);
    two["study"]["selection"]["test"] = json!("paired");
    two["inputs"]["prompts"]["source"] = json!("/elsewhere/prompts.txt");
    seal(&dir.path().join("two"), two);
    assert_gathers(&gather(dir.path(), &["one", "two", "three", "--out", "out"]));
    assert!(dir.path().join("out/gather.csv").exists());
}

#[test]
fn a_study_of_an_older_version_is_named() {
    let dir = TempDir::new().unwrap();
    write_studies(dir.path());
    change_column(&dir.path().join("two/prompt_controls.csv"), "random_margin_mean", |_, _| {
        String::new()
    });
    seal(&dir.path().join("two"), manifest("two", 2, 40));
    let output = gather(dir.path(), &["one", "two", "three"]);
    assert_refuses(&output, &["two/prompt_controls.csv was written by an older version"]);
}

#[test]
fn a_sweep_stands_for_its_tasks() {
    let dir = TempDir::new().unwrap();
    let sweep = dir.path().join("sweep");
    write_studies(&sweep);
    let task = |number: usize, folder: &str| json!({"number": number, "folder": folder, "values": {}, "sha256": ""});
    let tasks = [task(1, "one"), task(2, "two"), task(3, "three")];
    let record = json!({"lesion": "0.1.0", "axes": [], "tasks": tasks});
    fs::write(sweep.join("sweep.json"), record.to_string()).unwrap();
    let output = gather(dir.path(), &["sweep", "sweep/four", "--json"]);
    let answer: Value = serde_json::from_str(&assert_gathers(&output)).unwrap();
    let names = ["sweep/one", "sweep/two", "sweep/three", "sweep/four"];
    assert_eq!(answer["studies"], json!(names));
    assert_eq!(answer["pooled"], json!(true));
    fs::write(sweep.join("sweep.json"), "{").unwrap();
    assert_refuses(&gather(dir.path(), &["sweep"]), &["sweep/sweep.json: "]);
    assert_refuses(&gather(dir.path(), &["sweep/one"]), &["at least two"]);
}

#[test]
fn files_that_are_not_of_this_program_are_kept() {
    let dir = TempDir::new().unwrap();
    write_studies(dir.path());
    fs::create_dir(dir.path().join("out")).unwrap();
    let table = dir.path().join("out/gather.csv");
    fs::write(&table, "mine\n").unwrap();
    let gather = || gather(dir.path(), &["one", "two", "three", "--out", "out"]);
    assert_refuses(&gather(), &["out/gather.csv", "move it away"]);
    assert_eq!(fs::read_to_string(&table).unwrap(), "mine\n");
    fs::remove_file(&table).unwrap();
    assert_gathers(&gather());
    let first = fs::read(&table).unwrap();
    assert_gathers(&gather());
    assert_eq!(fs::read(&table).unwrap(), first);
}

#[test]
fn two_models_are_pooled_and_stand_side_by_side() {
    let [a, b] = untrained_models(20);
    let dir = TempDir::new().unwrap();
    let dirs: [PathBuf; 2] = [a.out(), b.out()];
    let names = dirs.each_ref().map(|dir| dir.to_str().unwrap());
    let screen = assert_gathers(&gather(dir.path(), &[names[0], names[1], "--out", "out"]));
    assert!(screen.contains("Two models do not predict the next one."), "{screen}");
    let page = fs::read_to_string(dir.path().join("out/gather.html")).unwrap();
    for id in ["pooled", "differences", "profiles", "predictions"] {
        assert!(page.contains(&format!("id=\"table-{id}\"")), "{id}");
    }
    // The same model once more is not another one.
    let copy = assert_gathers(&gather(dir.path(), &[names[0], names[0], "--out", "out"]));
    assert!(copy.contains("a copy is not a replication"), "{copy}");
    assert!(!dir.path().join("out/gather.csv").exists());
}

/// Scores of sentences are sums of log probabilities.
#[test]
fn pages_of_several_studies_have_the_unit_of_what_they_compare() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("prompts.txt"), PROMPTS).unwrap();
    for (score, unit, other) in [("word", "logits", "nats"), ("sentence", "nats", "logits")] {
        let study = format!(
            "score = \"{score}\"\nprompts = \"prompts.txt\"\nparts = [\"controls\"]\n\
             [controls]\nnulls = 3\n[sweep]\nuntrained = [1, 2]\n"
        );
        fs::write(dir.path().join("study.toml"), study).unwrap();
        let mut sweep = lesion(dir.path());
        assert_succeeds(&sweep.args(["run", "study.toml", "--out", score]).output().unwrap());
        let tasks = [1, 2].map(|task| format!("{score}/task-{task}"));
        let screen = assert_gathers(&gather(
            dir.path(),
            &[tasks[0].as_str(), tasks[1].as_str(), "--out", "out"],
        ));
        let pages = [format!("{score}/report.html"), "out/gather.html".to_owned()];
        let texts = pages.map(|page| fs::read_to_string(dir.path().join(page)).unwrap());
        for page in &texts {
            assert_eq!(page.contains("compares whole sentences"), score == "sentence", "{page}");
        }
        for text in texts.into_iter().chain([screen]) {
            assert!(!measures_in(&text, other), "{score}: {text}");
            assert!(measures_in(&text, unit), "{score}: {text}");
        }
    }
}

/// Studies that the suite gathers; the time and memory of a thousand are in docs/scale.md.
const MANY: usize = 1_000;

/// The most memory in KiB, all addresses counted, and the most time.
const MEMORY: usize = 500 << 10;
const TIME: Duration = Duration::from_mins(1);

#[cfg(unix)]
#[test]
fn a_thousand_studies_take_little_time_and_memory() {
    let dir = TempDir::new().unwrap();
    let names = write_noisy_copies(dir.path(), MANY);
    let started = Instant::now();
    let limited = format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &limited, env!("CARGO_BIN_EXE_lesion"), "gather", "--out", "out"])
        .args(&names)
        .current_dir(dir.path())
        .env("RAYON_NUM_THREADS", "2")
        .output()
        .unwrap();
    let took = started.elapsed();
    let screen = assert_gathers(&output);
    assert!(
        screen.contains("in 1,000 of 1,000 models") || screen.contains("1,000 models"),
        "{screen}"
    );
    eprintln!("{MANY} studies: {:.1} s", took.as_secs_f64());
    assert!(took < TIME, "{took:?}");
    let page = fs::metadata(dir.path().join("out/gather.html")).unwrap().len();
    assert!(page < 3 << 20, "the page has {page} bytes");
}
