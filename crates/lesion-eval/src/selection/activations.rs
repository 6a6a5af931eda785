//! The activation of every neuron at the target of every stimulus.

use std::sync::Mutex;

use activation_capture::TokenCapture;
use bert_model::{Site, TokenBatch};

use crate::{
    encoding::{
        encoded_stimuli::{EncodedStimuli, choose_held_out},
        masked_prompt::MaskedPrompt,
    },
    error::StudyError,
    passes::{
        batching::Batching,
        progress::{Progress, report},
        side_by_side::{lock, run_side_by_side},
        subject::Subject,
    },
    texts::stimuli::Contrast,
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
    /// After GELU, in the same shape.
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

    /// The values of one layer at one site: `[2 x pairs, neurons]`, side a and then side b.
    #[must_use]
    pub fn layer(&self, layer: usize, site: Site) -> Vec<f32> {
        let width = self.layers * self.neurons;
        let columns = layer * self.neurons..(layer + 1) * self.neurons;
        let rows = self.at(site).iter().flat_map(|side| side.chunks_exact(width));
        rows.flat_map(|row| &row[columns.clone()]).copied().collect()
    }

    /// Splits the pairs at random into those that are kept and a share of held-out ones.
    ///
    /// # Errors
    /// [`StudyError::HeldOut`] if either part would have fewer than 2 pairs.
    pub fn split(&self, held_out: f64, seed: u64) -> Result<(Self, Self), StudyError> {
        let (out, kept) = choose_held_out(self.pairs, held_out, seed)?;
        Ok((self.pick(&kept), self.pick(&out)))
    }

    /// The activations of these pairs only.
    fn pick(&self, pairs: &[usize]) -> Self {
        Self {
            contrast: self.contrast.clone(),
            pairs: pairs.len(),
            layers: self.layers,
            neurons: self.neurons,
            pre: self.pre.each_ref().map(|side| self.pick_rows(side, pairs)),
            post: self.post.each_ref().map(|side| self.pick_rows(side, pairs)),
        }
    }

    fn pick_rows(&self, side: &[f32], pairs: &[usize]) -> Vec<f32> {
        let width = self.layers * self.neurons;
        pairs.iter().flat_map(|&pair| &side[pair * width..][..width]).copied().collect()
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
    let pairs = stimuli.sentences.len() / 2;
    let size = pairs * layers * neurons;
    let mut activations = Activations {
        contrast: stimuli.contrast.clone(),
        pairs,
        layers,
        neurons,
        pre: [vec![0.0; size], vec![0.0; size]],
        post: [vec![0.0; size], vec![0.0; size]],
    };
    let tokens: Vec<_> =
        stimuli.sentences.iter().map(|sentence| (&sentence.ids[..], sentence.position)).collect();
    capture(subject, &tokens, &[Site::Pre, Site::Post], progress, |sentence, layer, site, row| {
        let sides = match site {
            Site::Pre => &mut activations.pre,
            Site::Post => &mut activations.post,
        };
        let pair = sentence / 2;
        let side = sentence % 2;
        let start = (pair * layers + layer) * neurons;
        sides[side][start..start + neurons].copy_from_slice(row);
    })?;
    Ok(activations)
}

/// The activation of every neuron at one site at each prompt's mask, `[layers x neurons]` per prompt.
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
    let batching = Batching { rows: 1, ..subject.batching };
    let subject = Subject { plain: true, batching, ..subject };
    let config = subject.model.config();
    let neurons = config.intermediate_size;
    let mut activations = vec![vec![0.0; config.num_hidden_layers * neurons]; prompts.len()];
    let tokens: Vec<_> =
        prompts.iter().map(|prompt| (&prompt.masked[..], prompt.position)).collect();
    capture(subject, &tokens, &[site], progress, |prompt, layer, _, row| {
        activations[prompt][layer * neurons..][..neurons].copy_from_slice(row);
    })?;
    Ok(activations)
}

/// Runs sentences and passes one token's activations in each to `keep`: the sentence's index, the
/// layer, the site, and a value per neuron.
fn capture(
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
