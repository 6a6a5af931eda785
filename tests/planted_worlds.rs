//! Planted worlds: their neurons do what was planted, and a study says of them what is true.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    lesion, number, rows,
    worlds::{LABELS, Truth, World},
};

/// Sentences about a world, which screen and page must and must not contain.
struct Expectations {
    must: &'static [&'static str],
    must_not: &'static [&'static str],
}

/// A lesion that is told from random sets.
const SHOWN: &str = ", more than random sets do";
/// Lesions of several sets that are shown to have no effect.
const ABSENT: &str = "have no effect beyond that of random sets, up to";
const DOUBLE: &str = "The dissociation is double in layer 2.";
const NO_DISSOCIATION: &str = "A dissociation is shown in none of 8 cases";

const EXPECTATIONS: [(World, Expectations); 10] = [
    (
        World::Causal,
        Expectations {
            must: &[
                "Layer 2, \"him\": the lesion lowers the margin by 2.",
                "Layer 2, \"her\": the lesion lowers the margin by 2.",
                SHOWN,
                DOUBLE,
            ],
            must_not: &["may only shift the odds"],
        },
    ),
    (World::Nothing, Expectations { must: &[ABSENT, NO_DISSOCIATION], must_not: &[SHOWN, DOUBLE] }),
    (
        World::InertOutrank,
        Expectations {
            must: &[ABSENT, "Layer 2, all \"him\" neurons: the lesion lowers the margin by 2."],
            must_not: &["Layer 2, \"him\": the lesion lowers", DOUBLE],
        },
    ),
    (
        World::SilentAtWord,
        Expectations {
            must: &[ABSENT, "does not show that it takes part in predicting them at the mask"],
            must_not: &[SHOWN, DOUBLE],
        },
    ),
    (
        World::RedundantCopies,
        Expectations {
            must: &["Together the layers do more than random sets in the lower layers do."],
            must_not: &[
                "Layer 1, \"him\": the lesion lowers",
                "Layer 2, \"him\": the lesion lowers",
            ],
        },
    ),
    (
        World::CancellingPairs,
        Expectations {
            must: &[ABSENT, "Effects of single neurons in a set may cancel."],
            must_not: &[SHOWN, DOUBLE],
        },
    ),
    (
        World::SelfRepair,
        Expectations {
            must: &[
                "The direct effects of these neurons on the margin add up to 3.9",
                "without them the later layers change what they write",
            ],
            must_not: &["Layer 2, \"him\": the lesion lowers", DOUBLE],
        },
    ),
    (
        World::Prior,
        Expectations {
            must: &[
                "So the lesion may only shift the odds of \"him\" in every prompt",
                "So the lesion may only shift the odds of \"her\" in every prompt",
                NO_DISSOCIATION,
            ],
            must_not: &[DOUBLE],
        },
    ),
    (
        World::OneOfTwelve,
        Expectations {
            must: &["Few neurons do most of this: the strongest five of 12 have a drop of 2."],
            must_not: &["Layer 2, \"him\": the lesion of this set has no effect"],
        },
    ),
    (
        World::Suppressor,
        Expectations {
            must: &[
                "Layer 2, \"him\": the lesion raises the margin by 2.",
                "Layer 2, \"her\": the lesion raises the margin by 2.",
                SHOWN,
            ],
            must_not: &["No matched lesion", "Layer 2, \"him\": the lesion of this set has no"],
        },
    ),
];

fn expectations(world: World) -> &'static Expectations {
    let (_, expectations) = EXPECTATIONS.iter().find(|(known, _)| *known == world).unwrap();
    expectations
}

/// Difference that a measured margin drop may have from the planted one.
fn tolerance(planted: f64) -> f64 {
    0.15 + 0.1 * planted.abs()
}

#[test]
fn causal() {
    check_world(World::Causal);
}

#[test]
fn nothing() {
    check_world(World::Nothing);
}

#[test]
fn inert_outrank() {
    check_world(World::InertOutrank);
}

#[test]
fn silent_at_word() {
    check_world(World::SilentAtWord);
}

#[test]
fn redundant_copies() {
    check_world(World::RedundantCopies);
}

#[test]
fn cancelling_pairs() {
    check_world(World::CancellingPairs);
}

#[test]
fn self_repair() {
    check_world(World::SelfRepair);
}

#[test]
fn prior() {
    check_world(World::Prior);
}

#[test]
fn one_of_twelve() {
    check_world(World::OneOfTwelve);
}

#[test]
fn suppressor() {
    check_world(World::Suppressor);
}

#[test]
fn doses_and_single_neurons_point_to_the_planted_layer() {
    let layers = "[dose]\nlayers = [0, 1, 2, 3]\n[causal]\nlayers = [0, 1, 2, 3]\n";
    for (world, drop) in [(World::Causal, "2."), (World::Suppressor, "-2.")] {
        let dir = TempDir::new().unwrap();
        world.write_study(dir.path());
        fs::write(dir.path().join("study.toml"), world.study() + layers).unwrap();
        let screen = plain_text(&run_study(dir.path(), &["--parts", "dose"]));
        for label in LABELS {
            let sentences: Vec<&str> =
                screen.split("Of the 4 layers looked at, ").skip(1).collect();
            let expected = format!("\"{label}\" neurons have a mean margin drop of {drop}");
            let is_found = |sentence: &&str| {
                sentence.starts_with("layer 2 has the largest effect: ")
                    && sentence.contains(&expected)
            };
            assert!(sentences.iter().any(is_found), "{world:?}, {label}: {sentences:?}");
        }
    }
    let dir = TempDir::new().unwrap();
    let world = World::OneOfTwelve;
    world.write_study(dir.path());
    fs::write(dir.path().join("study.toml"), world.study() + layers).unwrap();
    let screen = plain_text(&run_study(dir.path(), &["--parts", "causal"]));
    let (_, single) = screen.split_once("in 4 layers looked at, neuron ").unwrap();
    let (neuron, rest) = single.split_once(' ').unwrap();
    let planted = LABELS.map(|label| world.neurons("causal", label)).concat();
    assert!(planted.contains(&neuron.parse().unwrap()), "{single}");
    assert!(rest.starts_with("of layer 2 ") && !rest.contains("not shown to differ"), "{single}");
}

#[test]
fn patched_neurons_say_what_they_say_in_the_counterpart() {
    for (world, groups, drop) in [
        // In the counterpart the neurons of the label fall silent, and those of the other label speak.
        (World::Causal, &["causal"][..], 2.4),
        (World::Suppressor, &["suppressor"], -2.4),
        // Equally active in both: zero has an effect of 2.4, a patch has none.
        (World::Prior, &["biased"], 0.0),
        (World::Nothing, &["inert"], 0.0),
        (World::CancellingPairs, &["writers", "opponents"], 0.0),
    ] {
        let dir = TempDir::new().unwrap();
        world.write_study(dir.path());
        fs::write(dir.path().join("prompts.txt"), World::context_prompts()).unwrap();
        let truth = Truth { groups, matched_drop: drop, swapped_drop: drop };
        for at in ["target", "all"] {
            check_truth(world, &truth, dir.path(), &["--kind", "patch", "--at", at]);
        }
    }
}

#[test]
fn gradients_find_causal_neurons_that_stronger_responders_hide_from_t() {
    let dir = TempDir::new().unwrap();
    let world = World::InertOutrank;
    world.write_study(dir.path());
    let screen = run_study(dir.path(), &["--parts", "selectors"]);
    for label in LABELS {
        let drop = |selector: &str| {
            let table = rows(&fs::read(dir.path().join("out/selectors.csv")).unwrap());
            let mut rows = table.iter().filter(|row| {
                row["neuron_set"] == label && row["selector"] == selector && row["neurons"] == "25"
            });
            number(rows.next().unwrap(), "margin_drop")
        };
        // The 40 causal neurons have a drop of 2.4 together; the strongest 25 have more than their share.
        for selector in ["direct", "attribution", "integrated-gradients"] {
            let drop = drop(selector);
            assert!(drop > 1.5, "{label}, {selector}: {drop}");
        }
        for selector in ["t", "difference-pre", "output-norm"] {
            let drop = drop(selector);
            assert!(drop < 0.6, "{label}, {selector}: {drop}");
        }
    }
    assert!(screen.contains("gives the largest mean margin drop"), "{screen}");
}

#[test]
fn every_sentence_has_eleven_known_tokens() {
    let dir = TempDir::new().unwrap();
    World::Nothing.write(dir.path());
    let vocabulary = fs::read_to_string(dir.path().join("vocab.txt")).unwrap();
    let vocabulary: BTreeSet<&str> = vocabulary.lines().collect();
    for world in World::ALL {
        for line in (world.stimuli() + &World::prompts()).lines() {
            let mut words = Vec::new();
            for word in line.trim_end_matches('.').split(' ') {
                for side in word.trim_matches(['{', '}']).split('|') {
                    assert!(vocabulary.contains(&*side.to_lowercase()), "{side} in {line}");
                }
                words.push(word);
            }
            assert_eq!(words.len() + 1, 11, "{line}");
        }
    }
}

#[test]
fn every_world_has_its_expectations() {
    assert_eq!(EXPECTATIONS.map(|(world, _)| world), World::ALL);
    let names: BTreeSet<&str> = World::ALL.iter().map(|world| world.name()).collect();
    assert_eq!(names.len(), World::ALL.len());
}

/// Checks the lesions of a world, the selection of its study, and the sentences of the study.
#[track_caller]
fn check_world(world: World) {
    let dir = TempDir::new().unwrap();
    world.write_study(dir.path());
    for truth in world.truths() {
        check_truth(world, &truth, dir.path(), &[]);
    }
    let screen = run_study(dir.path(), &[]);
    check_selection(world, dir.path());
    let page = fs::read_to_string(dir.path().join("out/report.html")).unwrap();
    let texts = [("screen", plain_text(&screen)), ("page", plain_text(&strip_tags(&page)))];
    for (place, text) in texts {
        for sentence in expectations(world).must {
            assert!(text.contains(sentence), "{place} lacks {sentence:?}:\n{screen}");
        }
        for sentence in expectations(world).must_not {
            assert!(!text.contains(sentence), "{place} contains {sentence:?}:\n{screen}");
        }
    }
}

/// Runs the study of a folder with more options. Returns what it prints.
#[track_caller]
fn run_study(dir: &Path, args: &[&str]) -> String {
    let mut program = lesion(dir);
    let output =
        program.args(["run", "study.toml", "--out", "out", "--force"]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Lesions the neurons of some groups by their numbers, in the prompts of their own label and in those
/// of the other, with options for the lesion.
#[track_caller]
fn check_truth(world: World, truth: &Truth, dir: &Path, args: &[&str]) {
    let layers: BTreeSet<usize> =
        truth.groups.iter().map(|group| world.group_layer(group)).collect();
    let layers_by_space = join(&layers, " ");
    for (planted, swaps) in [(truth.matched_drop, false), (truth.swapped_drop, true)] {
        let mut sets = Vec::new();
        for &layer in &layers {
            for (index, label) in LABELS.into_iter().enumerate() {
                let label_of_neurons = if swaps { LABELS[1 - index] } else { label };
                let groups = truth.groups.iter().filter(|group| world.group_layer(group) == layer);
                let neurons: Vec<usize> =
                    groups.flat_map(|group| world.neurons(group, label_of_neurons)).collect();
                sets.push(json!({ "layer": layer, "label": label, "neurons": neurons }));
            }
        }
        fs::write(dir.join("sets.json"), json!({ "sets": sets }).to_string()).unwrap();
        let layers_by_comma = join(&layers, ",");
        let sets = ["--neurons", "sets.json", "--layers", &layers_by_comma];
        run_study(dir, &[&sets[..], &["--parts", "joint", "--nulls", "1"], args].concat());
        let joint = rows(&fs::read(dir.join("out/joint.csv")).unwrap());
        for row in joint.iter().filter(|row| row["layers"] == layers_by_space) {
            let drop = number(row, "margin_drop");
            assert!(
                (drop - planted).abs() <= tolerance(planted),
                "{}, {:?} of {}: {drop} is not {planted}",
                world.name(),
                truth.groups,
                row["neuron_set"]
            );
        }
    }
}

/// At least nine of ten planted neurons that the study should find are lesioned, and at most one of ten
/// lesioned neurons is another.
#[track_caller]
fn check_selection(world: World, dir: &Path) {
    let sets = fs::read(dir.join("out/neuron_sets.json")).unwrap();
    let sets: Value = serde_json::from_slice(&sets).unwrap();
    let layers: BTreeSet<usize> =
        world.selected().iter().map(|group| world.group_layer(group)).collect();
    let mut compared = 0;
    for set in sets["sets"].as_array().unwrap() {
        let layer = usize::try_from(set["layer"].as_u64().unwrap()).unwrap();
        if !layers.contains(&layer) {
            continue;
        }
        let groups = world.selected().iter().filter(|group| world.group_layer(group) == layer);
        let label = set["label"].as_str().unwrap();
        let planted: BTreeSet<usize> =
            groups.flat_map(|group| world.neurons(group, label)).collect();
        let lesioned: BTreeSet<usize> = serde_json::from_value(set["lesioned"].clone()).unwrap();
        let found = planted.intersection(&lesioned).count();
        assert!(
            10 * found >= 9 * planted.len().max(lesioned.len()),
            "{}, layer {layer}, {label}: {found} of {} planted are among {} lesioned",
            world.name(),
            planted.len(),
            lesioned.len()
        );
        compared += 1;
    }
    assert_eq!(compared, layers.len() * LABELS.len());
}

fn join(numbers: &BTreeSet<usize>, separator: &str) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(separator)
}

/// The text between a page's tags.
fn strip_tags(page: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for character in page.chars() {
        match character {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => text.push(character),
            _ => {}
        }
    }
    text
}

/// A text with the signs that the screen uses, and one space wherever it has any.
fn plain_text(text: &str) -> String {
    let mut text = text.to_owned();
    for (sign, plain) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
        ("“", "\""),
        ("”", "\""),
        ("’", "'"),
        ("−", "-"),
    ] {
        text = text.replace(sign, plain);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
