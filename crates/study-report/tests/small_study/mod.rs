//! A small study in memory: two layers of eight neurons, twelve templates per label.

use std::collections::BTreeMap;

use study_record::{
    Correction, Directness, Inputs, MANIFEST, Manifest, Origin, PatternKind, Scope, SetKind, Site,
    Study as Settings, Verdict,
    tables::{
        CausalRow, DissociationRow, DoseRow, DynamicRow, HeldOutRow, HistogramRow, JointRow,
        LesionRow, NeuronRow, NormalityRow, PredictionRow, ProfileRow, PromptControlRow, PromptRow,
        Row, SelectionRow, SparsityMeasure, SparsityRow, encode,
    },
};
use study_report::hash;

/// The files of a study by their names.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) const LAYERS: usize = 2;
pub(crate) const NEURONS: usize = 8;
pub(crate) const LABELS: [&str; 2] = ["him", "her"];
/// Prompts of each label.
pub(crate) const TEMPLATES: usize = 12;
/// A number that no rounding leaves as it is.
pub(crate) const EXACT: f64 = 0.1 + 0.2;

/// Every table of a study, and its manifest.
pub(crate) fn files() -> Files {
    let mut files = Files::new();
    add(&mut files, neurons());
    add(&mut files, selection());
    add(&mut files, held_out());
    add(&mut files, histogram());
    add(&mut files, normality());
    add(&mut files, sparsity());
    add(&mut files, prompts());
    add(&mut files, predictions());
    add(&mut files, lesions());
    add(&mut files, profile());
    add(&mut files, prompt_controls());
    add(&mut files, dissociation());
    add(&mut files, joint());
    add(&mut files, doses());
    add(&mut files, causal());
    add(&mut files, dynamic());
    seal(&mut files, |_| {});
    files
}

/// Writes a table.
pub(crate) fn add<R: Row>(files: &mut Files, rows: Vec<R>) {
    files.insert(R::TABLE.file.to_owned(), encode(rows).unwrap());
}

/// Writes the manifest of the files, changed by `edit`.
pub(crate) fn seal(files: &mut Files, edit: impl FnOnce(&mut Manifest)) {
    files.remove(MANIFEST);
    let mut manifest = manifest();
    for (file, bytes) in files.iter() {
        manifest.outputs.insert(file.clone(), hash::of_bytes(bytes));
    }
    edit(&mut manifest);
    files.insert(MANIFEST.to_owned(), serde_json::to_vec(&manifest).unwrap());
}

fn manifest() -> Manifest {
    let mut study = Settings::default();
    study.set("controls.nulls", "99").unwrap();
    let origin = |file: &str| Origin {
        source: "bundled".to_owned(),
        sha256: BTreeMap::from([(file.to_owned(), hash::of_bytes(file.as_bytes()))]),
    };
    Manifest {
        lesion: "0.1.0".to_owned(),
        burn: "0.22.1".to_owned(),
        platform: "x86_64-linux".to_owned(),
        threads: 2,
        command: vec!["lesion".to_owned(), "reproduce".to_owned()],
        study,
        layer: 1,
        layers: vec![0, 1],
        model_layers: LAYERS,
        model_neurons: NEURONS,
        pairs: 20,
        held_out_pairs: 0,
        skipped: BTreeMap::new(),
        relabellings: 100,
        relabellings_exact: false,
        label_a: LABELS[0].to_owned(),
        label_b: LABELS[1].to_owned(),
        inputs: Inputs {
            model: origin("model.safetensors"),
            stimuli: origin("pairs.txt"),
            prompts: origin("prompts.txt"),
            neurons: None,
        },
        seconds: BTreeMap::from([("selection".to_owned(), 1.5)]),
        outputs: BTreeMap::new(),
    }
}

/// Neurons 0 and 1 carry the first label, 2 and 3 the second.
fn label_of(neuron: usize) -> Option<String> {
    LABELS.get(neuron / 2).map(|label| (*label).to_owned())
}

fn neurons() -> Vec<NeuronRow> {
    let places = (0..LAYERS).flat_map(|layer| (0..NEURONS).map(move |neuron| (layer, neuron)));
    let rows = places.map(|(layer, neuron)| {
        let t = [9.0, 7.0, -8.0, -6.0, 1.0, -1.0, 0.5, 0.0][neuron] + layer as f64 / 3.0;
        let p = (-t.abs()).exp();
        NeuronRow {
            layer,
            neuron,
            mean_a: t / 10.0,
            mean_b: 0.0,
            t,
            df: 19.0,
            p,
            q: p,
            effect: t / 20_f64.sqrt(),
            label: label_of(neuron),
            ci_low: t / 10.0 - 0.1,
            ci_high: t / 10.0 + 0.1,
            p_storey: p,
            p_bh: p,
            p_by: p,
            p_max_t: p,
            p_holm: p,
            p_bonferroni: p,
        }
    });
    rows.collect()
}

fn selection() -> Vec<SelectionRow> {
    let mut rows = Vec::new();
    for layer in 0..LAYERS {
        for &correction in Correction::ALL {
            for label in LABELS {
                rows.push(SelectionRow {
                    layer,
                    scope: Scope::Layer,
                    directional: false,
                    correction,
                    label: label.to_owned(),
                    neurons: 2,
                });
            }
        }
    }
    rows
}

fn held_out() -> Vec<HeldOutRow> {
    let rows = LABELS.iter().map(|label| HeldOutRow {
        layer: 1,
        label: (*label).to_owned(),
        neurons: 2,
        same_direction: 2,
        replicated: 1,
    });
    rows.collect()
}

fn histogram() -> Vec<HistogramRow> {
    let mut rows = Vec::new();
    for layer in 0..LAYERS {
        for site in [Site::Pre, Site::Post] {
            for (low, count) in [(-2.0, 10), (-1.0, 70), (0.0, 70), (1.0, 10)] {
                rows.push(HistogramRow { layer, site, low, high: low + 1.0, count });
            }
        }
    }
    rows
}

fn normality() -> Vec<NormalityRow> {
    let mut rows = Vec::new();
    for layer in 0..LAYERS {
        for neuron in std::iter::once(None).chain((0..NEURONS).map(Some)) {
            rows.push(NormalityRow {
                layer,
                neuron,
                count: if neuron.is_none() { 160 } else { 20 },
                mean: 0.0,
                sd: 1.0,
                skewness: EXACT,
                excess_kurtosis: 0.5,
                jarque_bera: 1.0,
                jarque_bera_p: 0.6,
                k_squared: 1.0,
                k_squared_p: if neuron == Some(0) { 0.01 } else { 0.6 },
            });
        }
    }
    rows
}

fn sparsity() -> Vec<SparsityRow> {
    let mut rows = Vec::new();
    for layer in 0..LAYERS {
        for (measure, at, share) in [
            (SparsityMeasure::Zero, None, 0.0),
            (SparsityMeasure::Below, Some(0.01), 0.05),
            (SparsityMeasure::Below, Some(0.1), 0.4),
            (SparsityMeasure::Top, Some(1.0), 0.6),
            (SparsityMeasure::Top, Some(8.0), 1.0),
        ] {
            rows.push(SparsityRow { layer, measure, at, share });
        }
    }
    rows
}

/// The prompts with their labels.
fn labelled_prompts() -> impl Iterator<Item = (usize, &'static str)> {
    (0..2 * TEMPLATES).map(|prompt| (prompt, LABELS[prompt % 2]))
}

fn other(label: &str) -> &'static str {
    LABELS[usize::from(label == LABELS[0])]
}

/// The margin drop of a prompt.
fn drop_of(prompt: usize) -> f64 {
    EXACT + prompt as f64 / 7.0
}

fn prompts() -> Vec<PromptRow> {
    let rows = labelled_prompts().map(|(prompt, label)| PromptRow {
        prompt,
        sentence: format!("we thanked [MASK] {prompt} times ."),
        position: 3,
        target: label.to_owned(),
        label: Some(label.to_owned()),
    });
    rows.collect()
}

fn predictions() -> Vec<PredictionRow> {
    let mut rows = Vec::new();
    for (prompt, label) in labelled_prompts() {
        for (candidate, logit, prob, rank) in
            [(label, 5.0 + EXACT, 0.7, 1), (other(label), 3.0, 0.1, 2)]
        {
            rows.push(PredictionRow {
                prompt,
                position: 3,
                target: label.to_owned(),
                candidate: candidate.to_owned(),
                logit,
                prob,
                rank,
            });
        }
    }
    rows
}

fn lesions() -> Vec<LesionRow> {
    let mut rows = Vec::new();
    for (prompt, label) in labelled_prompts() {
        for neuron_set in [Some(label.to_owned()), None] {
            let drop = if neuron_set.is_some() { drop_of(prompt) } else { 0.0 };
            for (candidate, logit, drop) in [(label, 5.0 + EXACT, drop), (other(label), 3.0, 0.0)] {
                rows.push(LesionRow {
                    layer: 1,
                    prompt,
                    position: 3,
                    target: label.to_owned(),
                    neuron_set: neuron_set.clone(),
                    neurons: if neuron_set.is_some() { 2 } else { 0 },
                    candidate: candidate.to_owned(),
                    logit_clean: logit,
                    logit_lesioned: logit - drop,
                    logit_drop: drop,
                    margin_drop: drop,
                    prob_clean: 0.7,
                    prob_lesioned: 0.6,
                });
            }
        }
    }
    rows
}

/// The verdicts of the rows of the profile, in order.
pub(crate) const VERDICTS: [Verdict; 4] =
    [Verdict::Within, Verdict::NotShown, Verdict::Beyond, Verdict::NoControls];

/// The profile, with a row of each verdict in [`VERDICTS`].
pub(crate) fn profile() -> Vec<ProfileRow> {
    let rows = VERDICTS.into_iter().enumerate().map(|(index, verdict)| {
        let is_tested = verdict != Verdict::NoControls;
        let value = |value: f64| is_tested.then_some(value);
        let margin_drop = EXACT + index as f64;
        ProfileRow {
            layer: index / 2,
            neuron_set: LABELS[index % 2].to_owned(),
            significant: 2,
            significant_share: 0.25,
            neurons: 2,
            prompts: TEMPLATES,
            logit_drop: margin_drop / 2.0,
            abs_logit_drop: margin_drop / 2.0,
            margin_drop,
            abs_margin_drop: margin_drop,
            margin_falls: 11,
            p_random: value(0.01),
            activity_ratio: value(1.02),
            p_random_active: value(0.01),
            p_corrected: value([0.9, 0.2, 0.03][index.min(2)]),
            verdict,
            swapped_logit_drop: value(0.05),
            swapped_margin_drop: value(0.06),
            least_tuned_logit_drop: value(0.01),
            least_tuned_margin_drop: value(0.02),
            random_logit_low: value(-0.5),
            random_logit_high: value(0.5),
            random_margin_low: value(-0.4),
            random_margin_high: value(0.4),
            random_active_logit_low: value(-0.3),
            random_active_logit_high: value(0.3),
            random_active_margin_low: value(-0.2),
            random_active_margin_high: value(0.2),
        }
    });
    rows.collect()
}

fn prompt_controls() -> Vec<PromptControlRow> {
    let mut rows = Vec::new();
    for layer in 0..LAYERS {
        for (prompt, label) in labelled_prompts() {
            rows.push(PromptControlRow {
                layer,
                prompt,
                position: 3,
                neuron_set: label.to_owned(),
                logit_drop: drop_of(prompt),
                margin_drop: drop_of(prompt),
                random_logit_low: Some(-1.0),
                random_logit_high: Some(1.0),
                random_margin_low: Some(-1.0),
                random_margin_high: Some(2.0),
            });
        }
    }
    rows
}

fn dissociation() -> Vec<DissociationRow> {
    let mut rows = Vec::new();
    for layer in 0..LAYERS {
        for label in LABELS {
            let difference = EXACT + layer as f64 - 0.5;
            rows.push(DissociationRow {
                layer,
                neuron_set: label.to_owned(),
                neurons: 2,
                own_prompts: TEMPLATES,
                other_prompts: TEMPLATES,
                own_logit_drop: 1.0,
                other_logit_drop: 1.0 - difference,
                own_margin_drop: 1.0,
                other_margin_drop: 1.0 - difference,
                difference,
                low: Some(difference - 0.1),
                high: Some(difference + 0.1),
                double: layer == 1,
            });
        }
    }
    rows
}

/// The patterns of layers.
const PATTERNS: [(PatternKind, &str); 4] = [
    (PatternKind::Single, "0"),
    (PatternKind::Single, "1"),
    (PatternKind::Up, "0 1"),
    (PatternKind::Given, "0 1"),
];

fn joint() -> Vec<JointRow> {
    let mut rows = Vec::new();
    for (pattern, layers) in PATTERNS {
        for label in LABELS {
            let is_single = pattern == PatternKind::Single;
            let synergy = if is_single { 0.0 } else { EXACT };
            rows.push(JointRow {
                pattern,
                layers: layers.to_owned(),
                neuron_set: label.to_owned(),
                neurons: if is_single { 2 } else { 4 },
                prompts: TEMPLATES,
                logit_drop: 1.0,
                margin_drop: 1.0 + synergy,
                sum_of_single: 1.0,
                synergy,
                synergy_low: (!is_single).then_some(0.1),
                synergy_high: (!is_single).then_some(0.5),
                prob_clean: 0.7,
                prob_lesioned: 0.4,
            });
        }
    }
    rows
}

fn doses() -> Vec<DoseRow> {
    let mut rows = Vec::new();
    for label in LABELS {
        for neurons in [1, 2] {
            for (kind, draw) in [
                (SetKind::Matched, 0),
                (SetKind::Swapped, 0),
                (SetKind::Random, 0),
                (SetKind::Random, 1),
            ] {
                let margin_drop = match kind {
                    SetKind::Matched => EXACT * neurons as f64,
                    _ => 0.25 * draw as f64,
                };
                rows.push(DoseRow {
                    layer: 1,
                    neuron_set: label.to_owned(),
                    kind,
                    draw,
                    neurons,
                    prompts: TEMPLATES,
                    logit_drop: margin_drop,
                    margin_drop,
                });
            }
        }
    }
    rows
}

fn causal() -> Vec<CausalRow> {
    let mut rows = Vec::new();
    for neuron in 0..4 {
        for (prompt, target) in labelled_prompts() {
            rows.push(CausalRow {
                layer: 1,
                neuron,
                label: label_of(neuron).unwrap(),
                t: 5.0 - neuron as f64,
                effect: 1.0,
                prompt,
                position: 3,
                target: target.to_owned(),
                logit_drop: 0.1,
                margin_drop: EXACT + neuron as f64,
                direct: Some(Directness::Exact),
                direct_logit_drop: Some(0.1),
                direct_margin_drop: Some(0.2 + neuron as f64),
            });
        }
    }
    rows
}

fn dynamic() -> Vec<DynamicRow> {
    let mut rows = Vec::new();
    for row in joint() {
        for (prompt, label) in labelled_prompts().filter(|(_, label)| *label == row.neuron_set) {
            rows.push(DynamicRow {
                pattern: row.pattern,
                layers: row.layers.clone(),
                prompt,
                position: 3,
                target: label.to_owned(),
                neuron_set: Some(label.to_owned()),
                neurons: row.neurons,
                logit_drop: row.logit_drop,
                margin_drop: row.margin_drop,
            });
        }
    }
    rows
}
