//! Backends other than flex have the results of flex. Each is a cargo feature of the program, and is
//! tested if it is built in: `cargo test --release --features lesion/wgpu --test program backends::`.

use std::{collections::BTreeMap, process::Output};

use crate::support::{Row, Run, assert_close, lesion, number};
use tempfile::TempDir;

/// Tolerance of logits between two backends.
const LOGIT: f64 = 1e-3;
/// Distance of q from alpha within which a neuron may be significant by one backend only.
const Q_MARGIN: f64 = 1e-3;

/// Backends in this build besides flex.
fn built_in() -> Vec<&'static str> {
    let all = [
        ("ndarray", cfg!(feature = "ndarray")),
        ("wgpu", cfg!(feature = "wgpu")),
        ("cuda", cfg!(feature = "cuda")),
    ];
    all.into_iter().filter(|&(_, built)| built).map(|(name, _)| name).collect()
}

fn devices(args: &[&str]) -> Output {
    let dir = TempDir::new().unwrap();
    lesion(dir.path()).arg("devices").args(args).output().unwrap()
}

/// A small study: every part of the laboratory, few random sets.
const STUDY: [&str; 4] = ["--nulls", "4", "--layers", "4,5"];

#[test]
fn every_backend_is_listed_with_its_devices() {
    let output = devices(&[]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("flex").contains("CPU"), "{text}");
    for name in ["ndarray", "wgpu", "cuda"] {
        let is_missing = line(name).contains("not in this build");
        assert_eq!(is_missing, !built_in().contains(&name), "{text}");
    }
    let flex = devices(&["--backend", "flex"]);
    assert_eq!(String::from_utf8(flex.stdout).unwrap().lines().count(), 1);
}

#[test]
fn a_missing_backend_or_device_is_an_error_in_one_line() {
    for name in ["ndarray", "wgpu", "cuda"] {
        if !built_in().contains(&name) {
            let run = Run::new(&["--backend", name]);
            crate::support::assert_user_error(&run, &[name, "this build"]);
        }
    }
    let run = Run::new(&["--device", "7"]);
    crate::support::assert_user_error(&run, &["flex", "no device 7", "lesion devices"]);
}

#[test]
fn other_backends_have_the_results_of_flex() {
    let flex = Run::new(&STUDY);
    let sets = flex.out().join("neuron_sets.json");
    let same_sets = [&STUDY[..], &["--neurons", sets.to_str().unwrap()]].concat();
    let flex_given = Run::new(&same_sets);
    for name in built_in() {
        let backend = ["--backend", name];
        let listed = String::from_utf8(devices(&backend).stdout).unwrap();
        if listed.contains("no device") {
            // CUDA without an NVIDIA GPU.
            crate::support::assert_user_error(&Run::new(&backend), &[name, "no device"]);
            continue;
        }
        let other = Run::new(&[&STUDY[..], &backend].concat());
        assert_columns_agree(&other, &flex, "predictions.csv", &["logit"]);
        assert_labels_agree(&other, &flex);

        let given = Run::new(&[&same_sets[..], &backend].concat());
        let logits = ["logit_clean", "logit_lesioned"];
        assert_columns_agree(&given, &flex_given, "lesions.csv", &logits);
        for table in ["nulls.csv", "joint.csv", "dose.csv", "neurons_causal.csv"] {
            assert_columns_agree(&given, &flex_given, table, &["logit_drop", "margin_drop"]);
        }
    }
}

fn assert_columns_agree(other: &Run, flex: &Run, table: &str, columns: &[&str]) {
    let other_rows = other.rows(table);
    let flex_rows = flex.rows(table);
    assert_eq!(other_rows.len(), flex_rows.len(), "{table}");
    for (other, flex) in other_rows.iter().zip(&flex_rows) {
        for column in columns {
            assert_close(number(other, column), number(flex, column), LOGIT);
        }
    }
}

/// Rows of `neurons.csv` by layer and neuron.
fn neurons(run: &Run) -> BTreeMap<(String, String), Row> {
    let rows = run.rows("neurons.csv").into_iter();
    rows.map(|row| ((row["layer"].clone(), row["neuron"].clone()), row)).collect()
}

fn assert_labels_agree(other: &Run, flex: &Run) {
    let alpha = 0.05;
    let other_neurons = neurons(other);
    let flex_neurons = neurons(flex);
    assert!(other_neurons.keys().eq(flex_neurons.keys()));
    for (neuron, row) in &flex_neurons {
        let is_near_alpha = (number(row, "q") - alpha).abs() <= Q_MARGIN;
        let label = &other_neurons[neuron]["label"];
        assert!(is_near_alpha || *label == row["label"], "{neuron:?}: {row:?}");
    }
}
