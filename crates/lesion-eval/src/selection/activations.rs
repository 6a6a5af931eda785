//! The activation of every neuron at the target of every stimulus.

use std::sync::Mutex;

use activation_capture::TokenCapture;
use bert_model::{Site, TokenBatch};
use study_record::TTestKind;

use crate::{
    encoding::{encoded_stimuli::EncodedStimuli, masked_prompt::MaskedPrompt},
    engine::prompt_passes::PromptPasses,
    error::StudyError,
    passes::{
        batching::Batching,
        progress::{Progress, report},
        side_by_side::{lock, run_side_by_side},
        subject::Subject,
    },
    texts::{contrast::Contrast, stimuli_layout::StimuliLayout},
};

/// The activations of every neuron of every layer at the target token of every stimulus.
#[derive(Clone, Debug)]
pub struct Activations {
    /// The labels of the two sides.
    pub contrast: Contrast,
    /// The sides and groups of the sentences.
    pub(crate) layout: StimuliLayout,
    /// The t-test of each neuron.
    pub(crate) test: TTestKind,
    /// Number of layers.
    pub layers: usize,
    /// Number of neurons in each layer.
    pub neurons: usize,
    /// Before the activation function, `[sentences, layers x neurons]` for side a and side b.
    pub pre: [Vec<f32>; 2],
    /// After the activation function, in the same shape.
    pub post: [Vec<f32>; 2],
}

impl Activations {
    /// Both sides at one site.
    #[must_use]
    pub fn at(&self, site: Site) -> &[Vec<f32>; 2] {
        match site {
            Site::Pre => &self.pre,
            Site::Post => &self.post,
        }
    }

    /// True if sentence i of one side and sentence i of the other are a pair.
    #[must_use]
    pub fn is_paired(&self) -> bool {
        self.layout.paired
    }

    /// The places of each side's sentences among the lines of the stimuli, counted from 0.
    #[must_use]
    pub fn lines(&self) -> &[Vec<usize>; 2] {
        &self.layout.lines
    }

    /// Number of sentences of each side.
    #[must_use]
    pub fn sentences(&self) -> [usize; 2] {
        self.layout.lines.each_ref().map(Vec::len)
    }

    /// The values of one layer at one site: `[sentences, neurons]`, side a and then side b.
    #[must_use]
    pub fn layer(&self, layer: usize, site: Site) -> Vec<f32> {
        let width = self.layers * self.neurons;
        let columns = layer * self.neurons..(layer + 1) * self.neurons;
        let rows = self.at(site).iter().flat_map(|side| side.chunks_exact(width));
        rows.flat_map(|row| &row[columns.clone()]).copied().collect()
    }
}

/// Runs the stimuli through the model and keeps the activations at their targets.
///
/// `progress` counts sentences.
///
/// # Errors
/// If the model cannot be run, or `progress` cancels the run.
pub fn measure(
    subject: Subject<'_>,
    stimuli: &EncodedStimuli,
    progress: Progress<'_>,
) -> Result<Activations, StudyError> {
    let config = subject.model.config();
    let layers = config.num_hidden_layers;
    let neurons = config.intermediate_size;
    let empty = || {
        let lines = stimuli.layout.lines.each_ref();
        lines.map(|lines| vec![0.0; lines.len() * layers * neurons])
    };
    let mut activations = Activations {
        contrast: stimuli.contrast.clone(),
        layout: stimuli.layout.clone(),
        test: stimuli.test,
        layers,
        neurons,
        pre: empty(),
        post: empty(),
    };
    let places = stimuli.places();
    let tokens: Vec<_> =
        stimuli.sentences.iter().map(|sentence| (&sentence.ids[..], sentence.position)).collect();
    capture(
        subject,
        &tokens,
        &[Site::Pre, Site::Post],
        progress,
        |sentence, layer, site, values| {
            let sides = match site {
                Site::Pre => &mut activations.pre,
                Site::Post => &mut activations.post,
            };
            let (side, row) = places[sentence];
            let start = (row * layers + layer) * neurons;
            sides[side][start..start + neurons].copy_from_slice(values);
        },
    )?;
    Ok(activations)
}

/// The activation of every neuron at one site at the prediction of each pass of some prompts, `[layers x neurons]`
/// per pass, computed as by [`activations_at_masks`]. If no token reads one after it, the passes of a sentence
/// are read in the longest one.
///
/// # Errors
/// If the model cannot be run, or `progress` cancels the run.
pub(crate) fn activations_of_passes(
    subject: Subject<'_>,
    passes: &PromptPasses<'_>,
    site: Site,
    progress: Progress<'_>,
) -> Result<Vec<Vec<f32>>, StudyError> {
    // The same ones, to the bit, if other passes take no shortcuts.
    let quick = Subject { plain: false, ..subject };
    let read_in = passes.by_row(quick, 0..passes.list.len());
    let mut sentences = Vec::with_capacity(read_in.len());
    for (&row, read) in &read_in {
        let positions = read.iter().map(|&pass| passes.list[pass].position).collect();
        sentences.push(ReadSentence { ids: &passes.list[row].masked, positions });
    }
    let found = activations_in_sentences(subject, &sentences, site, progress)?;
    let mut activations = vec![Vec::new(); passes.list.len()];
    for (&pass, row) in read_in.values().flatten().zip(found.into_iter().flatten()) {
        activations[pass] = row;
    }
    Ok(activations)
}

/// The activation of every neuron at one site at each prompt's prediction, `[layers x neurons]` per prompt.
/// Random sets are drawn by the order of these values, which a last bit can change; so they are always
/// computed in the same way: all tokens of one prompt by itself.
///
/// # Errors
/// If the model cannot be run, or `progress` cancels the run.
pub(crate) fn activations_at_masks(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    site: Site,
    progress: Progress<'_>,
) -> Result<Vec<Vec<f32>>, StudyError> {
    let masks: Vec<(&[u32], usize)> =
        prompts.iter().map(|prompt| (&prompt.masked[..], prompt.position)).collect();
    activations_at_tokens(subject, &masks, site, progress)
}

/// The activation of every neuron at one site at tokens of sentences, `[layers x neurons]` for each.
/// Each sentence passes by itself, with all of its tokens.
///
/// # Errors
/// If the model cannot be run, or `progress` cancels the run.
pub(crate) fn activations_at_tokens(
    subject: Subject<'_>,
    tokens: &[(&[u32], usize)],
    site: Site,
    progress: Progress<'_>,
) -> Result<Vec<Vec<f32>>, StudyError> {
    let mut sentences = Vec::with_capacity(tokens.len());
    for &(ids, position) in tokens {
        sentences.push(ReadSentence { ids, positions: vec![position] });
    }
    let found = activations_in_sentences(subject, &sentences, site, progress)?;
    Ok(found.into_iter().flatten().collect())
}

/// A sentence, and the tokens of it whose activations are kept.
struct ReadSentence<'a> {
    ids: &'a [u32],
    positions: Vec<usize>,
}

/// The activation of every neuron at one site at the tokens of each sentence, `[layers x neurons]` for each token.
/// Each sentence passes by itself, with all of its tokens.
fn activations_in_sentences(
    subject: Subject<'_>,
    sentences: &[ReadSentence<'_>],
    site: Site,
    progress: Progress<'_>,
) -> Result<Vec<Vec<Vec<f32>>>, StudyError> {
    let neurons = subject.model.config().intermediate_size;
    let shared = Mutex::new((vec![Vec::new(); sentences.len()], progress, 0));
    let shapes = sentences.iter().map(|sentence| [1, sentence.ids.len()]);
    let at_once = subject.at_once(Batching::at_once, shapes);
    run_side_by_side((0..sentences.len()).collect(), at_once, |index| {
        let ReadSentence { ids, positions } = &sentences[index];
        let batch = TokenBatch::new(vec![ids.to_vec()])?;
        let places: Vec<(usize, usize)> = positions.iter().map(|&place| (0, place)).collect();
        let mut capture = TokenCapture::of_tokens(&[site], batch.shape(), &places)?;
        subject.model.forward(&batch, &mut capture)?;
        let mut rows = vec![Vec::new(); positions.len()];
        for layer in capture.layers(site)? {
            for (row, values) in rows.iter_mut().zip(layer.chunks_exact(neurons)) {
                row.extend_from_slice(values);
            }
        }
        let mut guard = lock(&shared);
        let (found, progress, done) = &mut *guard;
        found[index] = rows;
        *done += 1;
        report(*progress, *done, sentences.len())
    })?;
    let found = std::mem::take(&mut lock(&shared).0);
    Ok(found)
}

/// Runs sentences and passes one token's activations in each to `keep`: the sentence's index, the
/// layer, the site, and a value per neuron.
pub(crate) fn capture(
    subject: Subject<'_>,
    tokens: &[(&[u32], usize)],
    sites: &[Site],
    progress: Progress<'_>,
    keep: impl FnMut(usize, usize, Site, &[f32]) + Send,
) -> Result<(), StudyError> {
    let neurons = subject.model.config().intermediate_size;
    let groups = subject.passes(tokens.iter().map(|(ids, _)| ids.len()));
    let shared = Mutex::new((keep, progress, 0));
    let shapes = groups.iter().map(|group| [group.len(), tokens[group[0]].0.len()]);
    let at_once = subject.at_once(Batching::at_once, shapes);
    run_side_by_side(groups, at_once, |group| {
        let batch = TokenBatch::new(group.iter().map(|&i| tokens[i].0.to_vec()).collect())?;
        let positions: Vec<usize> = group.iter().map(|&i| tokens[i].1).collect();
        let mut capture = TokenCapture::new(sites, &batch, &positions)?;
        subject.forward_at(&batch, &positions, &mut capture)?;
        let mut captured = Vec::with_capacity(sites.len());
        for &site in sites {
            captured.push((site, capture.layers(site)?));
        }
        let mut guard = lock(&shared);
        let (keep, progress, done) = &mut *guard;
        for (site, layers) in &captured {
            for (layer, rows) in layers.iter().enumerate() {
                for (&sentence, row) in group.iter().zip(rows.chunks_exact(neurons)) {
                    keep(sentence, layer, *site, row);
                }
            }
        }
        *done += group.len();
        report(*progress, *done, tokens.len())
    })
}
