//! Part 1, first step: what every neuron does at the target of every stimulus.

use activation_capture::TokenCapture;
use bert_model::{Site, TokenBatch};

use crate::{
    Contrast, Stimuli, StudyError, Subject,
    subject::{BATCH_ROWS, Filled, by_length},
};

/// The activations of every neuron of every layer at the target token of every stimulus.
#[derive(Clone, Debug)]
pub struct Activations {
    /// The labels of the two sides.
    pub contrast: Contrast,
    /// Number of stimulus pairs.
    pub pairs: usize,
    /// Number of layers.
    pub layers: usize,
    /// Number of neurons in each layer.
    pub neurons: usize,
    /// Before GELU, `[pairs, layers x neurons]` for side a and side b.
    pub pre: [Vec<f32>; 2],
    /// After GELU, the same.
    pub post: [Vec<f32>; 2],
}

impl Activations {
    /// The values of one layer at one site: `[2 x pairs, neurons]`, side a and then side b.
    #[must_use]
    pub fn layer(&self, layer: usize, site: Site) -> Vec<f32> {
        let sides = match site {
            Site::Pre => &self.pre,
            Site::Post => &self.post,
        };
        let columns = layer * self.neurons..(layer + 1) * self.neurons;
        let rows = sides.iter().flat_map(|side| side.chunks_exact(self.layers * self.neurons));
        rows.flat_map(|row| &row[columns.clone()]).copied().collect()
    }
}

/// Stimuli as the model reads them.
#[derive(Clone, Debug)]
pub struct EncodedStimuli {
    contrast: Contrast,
    /// Side a and side b of the first pair, then of the next.
    sentences: Vec<Filled>,
}

impl EncodedStimuli {
    /// Encodes both sides of every pair.
    ///
    /// # Errors
    /// [`StudyError::Line`] where a target is not one token of the model.
    pub fn encode(subject: Subject<'_>, stimuli: &Stimuli) -> Result<Self, StudyError> {
        let mut sentences = Vec::with_capacity(2 * stimuli.pairs().len());
        for pair in stimuli.pairs() {
            for word in &pair.template.braces[0] {
                sentences.push(subject.fill(&stimuli.file, &pair.template, 0, word)?);
            }
        }
        Ok(Self { contrast: stimuli.contrast().clone(), sentences })
    }
}

/// Runs the stimuli through the model and keeps the activations at their targets.
///
/// `progress` is told the sentences done and all sentences after every batch.
///
/// # Errors
/// Where the model cannot be run.
pub fn measure(
    subject: Subject<'_>,
    stimuli: &EncodedStimuli,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Activations, StudyError> {
    let config = subject.model.config();
    let (layers, neurons) = (config.num_hidden_layers, config.intermediate_size);
    let sentences = &stimuli.sentences;
    let pairs = sentences.len() / 2;

    let empty = || [0, 1].map(|_| vec![0.0; pairs * layers * neurons]);
    let contrast = stimuli.contrast.clone();
    let mut activations =
        Activations { contrast, pairs, layers, neurons, pre: empty(), post: empty() };
    let (mut done, all) = (0, sentences.len());
    for group in by_length(sentences.iter().map(|s| s.ids.len()), BATCH_ROWS) {
        let batch = TokenBatch::new(group.iter().map(|&i| sentences[i].ids.clone()).collect())?;
        let positions: Vec<usize> = group.iter().map(|&i| sentences[i].position).collect();
        let mut capture = TokenCapture::new(&[Site::Pre, Site::Post], &batch, &positions)?;
        subject.model.forward(&batch, &mut capture)?;
        for (site, sides) in
            [(Site::Pre, &mut activations.pre), (Site::Post, &mut activations.post)]
        {
            for (layer, captured) in capture.layers(site)?.iter().enumerate() {
                for (&sentence, row) in group.iter().zip(captured.chunks_exact(neurons)) {
                    let (pair, side) = (sentence / 2, sentence % 2);
                    let start = (pair * layers + layer) * neurons;
                    sides[side][start..start + neurons].copy_from_slice(row);
                }
            }
        }
        done += group.len();
        progress(done, all);
    }
    Ok(activations)
}
