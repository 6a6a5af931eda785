//! Answers about contrasts: their texts and settings, and the neurons that they select.

use std::collections::BTreeMap;

use lesion::{
    PreparedStudy, RunOptions, STARTER_SETTINGS, Session, StarterWords, StudyTexts, TextInput,
};
use lesion_eval::{Prompts, Replication, Selection, StudyError};
use serde::Serialize;
use study_record::{Correction, Section as _, SelectAt, Study, TTestKind};

use crate::{
    answer_json::Columns,
    lab_question::AskedStudy,
    one_line::{LineNote, Problem},
    page_watch::PageWatch,
};

#[derive(Serialize)]
pub(crate) struct Example {
    name: String,
    texts: ExampleTexts,
    settings: BTreeMap<String, String>,
    sentences: Vec<ExampleSentence>,
}

#[derive(Serialize)]
struct ExampleTexts {
    pairs: String,
    prompts: String,
}

#[derive(Serialize)]
struct ExampleSentence {
    sentence: String,
    candidates: Vec<String>,
}

/// The contrasts that the program has texts for: the paper's, and those to start a study from.
pub(crate) fn examples() -> Result<Vec<Example>, Problem> {
    let pairs = TextInput::bundled_stimuli(SelectAt::Visible);
    let prompts = TextInput::paper_prompts();
    let mut examples = vec![example("paper", pairs.text(), prompts.text(), &[])?];
    for starter in StarterWords::all() {
        let [pairs, prompts] = starter.texts();
        examples.push(example(&starter.to_string(), &pairs, &prompts, &STARTER_SETTINGS)?);
    }
    Ok(examples)
}

/// Most sentences of an example.
const MOST_SENTENCES: usize = 12;

fn example(
    name: &str,
    pairs: &str,
    prompts: &str,
    settings: &[(&str, &str)],
) -> Result<Example, Problem> {
    let parsed = Prompts::parse(name, prompts)?;
    let every = (parsed.iter().count() / MOST_SENTENCES).max(1);
    let sentences = parsed.iter().step_by(every).take(MOST_SENTENCES).map(|prompt| {
        ExampleSentence { sentence: prompt.masked_sentence(), candidates: prompt.words().to_vec() }
    });
    Ok(Example {
        name: name.to_owned(),
        sentences: sentences.collect(),
        texts: ExampleTexts { pairs: pairs.to_owned(), prompts: prompts.to_owned() },
        settings: settings.iter().map(|(key, text)| (key.to_string(), text.to_string())).collect(),
    })
}

#[derive(Serialize)]
pub(crate) struct SettingInfo {
    key: String,
    text: String,
    default: &'static str,
    choices: Vec<&'static str>,
}

/// Every setting of a study.
pub(crate) fn settings() -> Vec<SettingInfo> {
    let mut settings = Vec::new();
    for setting in Study::settings() {
        settings.push(SettingInfo {
            key: setting.key(),
            text: setting.text(),
            default: setting.default_text(),
            choices: (setting.names)(),
        });
    }
    settings
}

#[derive(Serialize)]
pub(crate) struct ParsedTexts {
    labels: [String; 2],
    stimuli: ParsedStimuli,
    prompts: usize,
    errors: Vec<LineNote>,
    warnings: Vec<String>,
}

#[derive(Default, Serialize)]
struct ParsedStimuli {
    groups: usize,
    sentences: [usize; 2],
}

/// Checks the texts of a study for the model. Invalid lines are a part of the answer.
pub(crate) fn parse(session: &Session, asked: &AskedStudy) -> Result<ParsedTexts, Problem> {
    match prepare(session, asked) {
        Ok(parsed) => Ok(parsed),
        Err(problem) if !problem.lines.is_empty() => Ok(ParsedTexts {
            labels: [String::new(), String::new()],
            stimuli: ParsedStimuli::default(),
            prompts: 0,
            errors: problem.lines,
            warnings: Vec::new(),
        }),
        Err(problem) => Err(problem),
    }
}

/// Encodes the texts of a study for the model.
fn prepare(session: &Session, asked: &AskedStudy) -> Result<ParsedTexts, Problem> {
    let study = asked.study()?;
    let texts = StudyTexts::read_given(&study, asked.given())?;
    let mut watch = PageWatch::default();
    let options = RunOptions::default();
    let prepared = PreparedStudy::new(session.model(), study, texts, options, &mut watch.stages())?;
    let counts = prepared.stimuli()?;
    Ok(ParsedTexts {
        labels: prepared.labels().map(str::to_owned),
        stimuli: ParsedStimuli { groups: counts.groups[0], sentences: counts.sentences },
        prompts: prepared.prompts(),
        errors: Vec::new(),
        warnings: prepared.warnings().iter().map(ToString::to_string).collect(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SelectionSummary {
    labels: [String; 2],
    test: TTestKind,
    correction: Correction,
    alpha: f64,
    groups: usize,
    layers: usize,
    neurons: usize,
    counts: Vec<(usize, usize)>,
    held_out: Option<Vec<HeldOutLayer>>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct HeldOutLayer {
    layer: usize,
    label: String,
    neurons: usize,
    same_direction: usize,
    replicated: usize,
}

impl SelectionSummary {
    /// Selects neurons on the texts of a study, and lets labels refer to them.
    pub(crate) fn select(session: &Session, asked: &AskedStudy) -> Result<Self, Problem> {
        let parsed = prepare(session, asked)?;
        let study = asked.study()?;
        let stimuli = asked.given().stimuli;
        let mut watch = PageWatch::default();
        let responses = session.respond_to(stimuli.as_ref(), &study, &mut watch.stages())?;
        let selection = &responses.selection;
        let chosen = selection.chosen();
        let held_out: Vec<HeldOutLayer> =
            responses.replications.iter().map(HeldOutLayer::new).collect();
        Ok(Self {
            labels: [selection.contrast.a.clone(), selection.contrast.b.clone()],
            test: selection.test,
            correction: selection.settings.correction,
            alpha: selection.settings.alpha.get(),
            groups: selection.counts.groups[0],
            layers: selection.layers,
            neurons: selection.neurons,
            counts: (0..selection.layers).map(|layer| selection.count(chosen, layer)).collect(),
            held_out: (!held_out.is_empty()).then_some(held_out),
            warnings: parsed.warnings,
        })
    }
}

impl HeldOutLayer {
    fn new(replication: &Replication) -> Self {
        let Replication { layer, neurons, same_direction, replicated, .. } = *replication;
        Self { layer, label: replication.label.clone(), neurons, same_direction, replicated }
    }
}

#[derive(Serialize)]
pub(crate) struct LayerInfo {
    layer: usize,
    labels: [String; 2],
}

/// Every neuron of a layer. Its tests are columns.
pub(crate) fn layer(
    selection: &Selection,
    layer: usize,
    columns: &mut Columns,
) -> Result<LayerInfo, Problem> {
    check_layer(layer, selection.layers)?;
    let labels = [selection.contrast.a.clone(), selection.contrast.b.clone()];
    let chosen = selection.chosen();
    let mut add = |name: &str, value: &dyn Fn(usize) -> f64| {
        let values = selection.columns(layer).map(value);
        columns.insert(name.to_owned(), values.map(to_f32).collect());
    };
    let tests = &selection.tests;
    add("t", &|index| tests[index].t);
    add("p", &|index| tests[index].p_two_sided);
    add("q", &|index| chosen.p[index]);
    add("minusLogQ", &|index| -chosen.p[index].max(f64::MIN_POSITIVE).log10());
    add("meanDifference", &|index| tests[index].mean_a - tests[index].mean_b);
    add("effect", &|index| tests[index].effect);
    add("label", &|index| match selection.label(chosen, index) {
        None => 0.0,
        Some(label) if *label == labels[0] => 1.0,
        Some(_) => 2.0,
    });
    Ok(LayerInfo { layer, labels })
}

/// Checks that the model has a layer.
pub(crate) fn check_layer(layer: usize, layers: usize) -> Result<(), Problem> {
    if layer < layers {
        return Ok(());
    }
    Err(StudyError::from(bert_model::BertModelError::NoSuchLayer { layer, layers }).into())
}

/// A value to be drawn.
#[expect(clippy::cast_possible_truncation, reason = "drawn, not computed with")]
pub(crate) fn to_f32(value: f64) -> f32 {
    value as f32
}
