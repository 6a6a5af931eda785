//! Backends other than flex find the same as flex. Each is a cargo feature of the program, and is tested
//! if it is built in: `cargo test --release --features lesion/wgpu --test program backends::`.

use std::{collections::BTreeMap, process::Output};

use crate::support::{Row, Run, close, lesion, number};
use tempfile::TempDir;

/// How far logits of two backends may lie apart.
const LOGIT: f64 = 1e-3;
/// How far from alpha q may lie for a neuron to be significant by one backend only.
const Q_MARGIN: f64 = 1e-3;

/// Backends that are in this build, beside flex.
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
fn every_backend_is_listed_with_its_devices_or_what_is_missing() {
    let output = devices(&[]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let of = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(of("flex").contains("CPU"), "{text}");
    for name in ["ndarray", "wgpu", "cuda"] {
        assert_eq!(of(name).contains("not in this build"), !built_in().contains(&name), "{text}");
    }
    let flex = devices(&["--backend", "flex"]);
    assert_eq!(String::from_utf8(flex.stdout).unwrap().lines().count(), 1);
}

#[test]
fn a_backend_or_device_that_is_not_there_is_one_line() {
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
fn another_backend_finds_what_flex_finds() {
    let flex = Run::new(&STUDY);
    let sets = flex.out().join("neuron_sets.json");
    let same_sets = [&STUDY[..], &["--neurons", sets.to_str().unwrap()]].concat();
    let flex_given = Run::new(&same_sets);
    for name in built_in() {
        let backend = ["--backend", name];
        let listed = String::from_utf8(devices(&backend).stdout).unwrap();
        if listed.contains("no device") {
            // CUDA where there is no GPU of NVIDIA.
            crate::support::assert_user_error(&Run::new(&backend), &[name, "no device"]);
            continue;
        }
        let other = Run::new(&[&STUDY[..], &backend].concat());
        columns_agree(&other, &flex, "predictions.csv", &["logit"]);
        sets_agree(&other, &flex);

        let given = Run::new(&[&same_sets[..], &backend].concat());
        columns_agree(&given, &flex_given, "lesions.csv", &["logit_clean", "logit_lesioned"]);
        for table in ["nulls.csv", "joint.csv", "dose.csv", "neurons_causal.csv"] {
            columns_agree(&given, &flex_given, table, &["logit_drop", "margin_drop"]);
        }
    }
}

fn columns_agree(other: &Run, flex: &Run, table: &str, columns: &[&str]) {
    let (other, flex) = (other.rows(table), flex.rows(table));
    assert_eq!(other.len(), flex.len(), "{table}");
    for (other, flex) in other.iter().zip(&flex) {
        for column in columns {
            close(number(other, column), number(flex, column), LOGIT);
        }
    }
}

fn sets_agree(other: &Run, flex: &Run) {
    let alpha = 0.05;
    let of = |run: &Run| -> BTreeMap<(String, String), Row> {
        let rows = run.rows("neurons.csv").into_iter();
        rows.map(|row| ((row["layer"].clone(), row["neuron"].clone()), row)).collect()
    };
    let (other, flex) = (of(other), of(flex));
    assert!(other.keys().eq(flex.keys()));
    for (neuron, row) in &flex {
        let near = (number(row, "q") - alpha).abs() <= Q_MARGIN;
        assert!(near || other[neuron]["label"] == row["label"], "{neuron:?}: {row:?}");
    }
}
