//! The clean pass of some prompts, and lesions that start from it.

use activation_capture::{Lesion, Target};
use bert_model::{MlpHook, NoHook, Projections, Site, TokenBatch, TokenSet};
use burn::tensor::{Device, Int, Tensor};

use crate::{
    error::StudyError,
    passes::{
        read_tokens::{ReadTokens, row_indices},
        subject::Subject,
    },
};

/// A pass of a batch without a lesion, which keeps what a lesion can start from: each layer's input,
/// the attention's projections of it, and the MLP's input where the word is predicted.
pub(crate) struct CleanPass<'a> {
    subject: Subject<'a>,
    batch: TokenBatch,
    /// The predictions.
    reads: ReadTokens,
    /// The input of each layer, `[batch, seq, hidden]`.
    entering: Vec<Tensor<3>>,
    /// Queries, keys and values of each layer; of the last one only if no token reads one after it.
    projections: Vec<Projections>,
    /// The MLP's input at the predictions in each layer, `[predictions, 1, hidden]`.
    attended: Vec<Tensor<3>>,
    /// The last layer's output at the predictions, `[predictions, hidden]`.
    last: Tensor<2>,
}

impl<'a> CleanPass<'a> {
    pub(crate) fn run(
        subject: Subject<'a>,
        batch: TokenBatch,
        reads: ReadTokens,
    ) -> Result<Self, StudyError> {
        let mut entering = Vec::new();
        let mut projections = Vec::new();
        let mut attended = Vec::new();
        let last = if subject.plain {
            subject.read_at(&batch, &reads)?
        } else {
            let model = subject.model;
            let mut hidden = model.embed(&batch)?;
            for layer in 0..model.config().num_hidden_layers - 1 {
                entering.push(hidden.clone());
                let projected = model.project(layer, hidden.clone())?;
                projections.push(projected.clone());
                let read = model.attend_projected(layer, hidden, projected)?;
                attended.push(reads.of(read.clone()));
                hidden = model.mlp(layer, read, TokenSet::All, &mut NoHook)?;
            }
            entering.push(hidden.clone());
            if model.config().structure.reads_left() {
                projections.push(model.project(entering.len() - 1, hidden.clone())?);
            }
            let last = entering.len() - 1;
            let read = subject.attend_at(last, hidden, &reads)?;
            attended.push(read.clone());
            model.mlp(last, read, TokenSet::All, &mut NoHook)?.squeeze_dim(1)
        };
        Ok(Self { subject, batch, reads, entering, projections, attended, last })
    }

    /// The last layer's output at the predictions without a lesion, `[predictions, hidden]`.
    pub(crate) fn hidden(&self) -> Tensor<2> {
        self.last.clone()
    }

    /// The last layer's output at predictions with a lesion, `[rows, hidden]`. Row i is read at prediction `predictions[i]`
    /// of the clean pass, and the targets count in the new rows. No target lies below layer `from`.
    ///
    /// A lesion changes nothing below its layer. At the prediction alone it changes only the MLP there and,
    /// in the next layer, the queries, keys and values there; and if no token reads one after it, these
    /// alone in every layer above, or those from the first lesioned token on. Only what it can change is computed.
    pub(crate) fn lesioned(
        &self,
        predictions: &[usize],
        from: usize,
        site: Site,
        targets: &[Target<'_>],
    ) -> Result<Tensor<2>, StudyError> {
        let subject = self.subject;
        let model = subject.model;
        let positions: Vec<usize> =
            predictions.iter().map(|&prediction| self.reads.positions[prediction]).collect();
        let rows: Vec<usize> =
            predictions.iter().map(|&prediction| self.reads.rows[prediction]).collect();
        let [clean_rows, all] = self.batch.shape();
        if subject.plain {
            let shape = [rows.len(), all];
            let mut lesion = Lesion::new(site, shape, model.config(), targets)?;
            let ids = rows.iter().map(|&row| self.batch.rows()[row].clone()).collect();
            return subject.forward_at(&TokenBatch::new(ids)?, &positions, &mut lesion);
        }
        let length = self.needed_length(targets, &positions);
        let shape = [rows.len(), length];
        let mut lesion = Lesion::new(site, shape, model.config(), targets)?;
        let places = Places { predictions, rows: &rows, positions: &positions };
        let picked = Picked::new(places, [clean_rows, all], length, &self.last.device());
        let last = self.attended.len() - 1;
        let tokens = TokenSet::OneEach(&positions);
        let is_at_prediction = |target: &Target<'_>| target.position == positions[target.row];
        let at_prediction =
            targets.iter().filter(|target| target.layer == from).all(is_at_prediction);
        let read = if from == last {
            picked.select_predictions(&self.attended[last])
        } else if model.config().structure.reads_left() && targets.iter().all(is_at_prediction) {
            self.climb_alone(from, &positions, &picked, &mut lesion)?
        } else if let Some(first) = self.first_changed(targets, &positions) {
            self.climb_from((from, first), &positions, &picked, &mut lesion)?
        } else if at_prediction {
            let read = picked.select_predictions(&self.attended[from]);
            let changed = model.mlp(from, read, tokens, &mut lesion)?;
            model.attend(last, self.run_above(from + 1, changed, &picked, &mut lesion)?, tokens)?
        } else {
            let hidden = picked.select(&self.entering[from]);
            model.attend(last, model.run_layers(from..last, hidden, &mut lesion)?, tokens)?
        };
        Ok(model.mlp(last, read, tokens, &mut lesion)?.squeeze_dim(1))
    }

    /// The last layer's output at several tokens of lesioned rows, `[tokens, hidden]`. Row i is row `rows[i]`
    /// of the clean pass; `reads` and the targets count in the new rows. No target lies below layer `from`.
    pub(crate) fn lesioned_rows(
        &self,
        rows: &[usize],
        reads: &ReadTokens,
        from: usize,
        site: Site,
        targets: &[Target<'_>],
    ) -> Result<Tensor<2>, StudyError> {
        let model = self.subject.model;
        let shape = [rows.len(), self.batch.length()];
        let mut lesion = Lesion::new(site, shape, model.config(), targets)?;
        let kept = row_indices(rows, &self.last.device());
        let hidden = self.entering[from].clone().select(0, kept);
        let layers = model.config().num_hidden_layers;
        let hidden = model.run_layers(from..layers, hidden, &mut lesion)?;
        Ok(reads.of(hidden).squeeze_dim(1))
    }

    /// The clean pass's row of a prediction.
    pub(crate) fn row_of(&self, prediction: usize) -> usize {
        self.reads.rows[prediction]
    }

    /// The length of rows that end with the last token that is lesioned or read, if no token reads one after it.
    fn needed_length(&self, targets: &[Target<'_>], predictions: &[usize]) -> usize {
        if !self.subject.model.config().structure.reads_left() {
            return self.batch.length();
        }
        let lesioned = targets.iter().map(|target| target.position);
        let last = lesioned.chain(predictions.iter().copied()).max();
        last.map_or(self.batch.length(), |last| last + 1)
    }

    /// The last layer's residual stream between its halves at the predictions, if only they are
    /// lesioned, from layer `from` on, and no token reads one after it: then no token before a prediction
    /// changes.
    fn climb_alone(
        &self,
        from: usize,
        positions: &[usize],
        picked: &Picked,
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<3>, StudyError> {
        let model = self.subject.model;
        let predictions = TokenSet::OneEach(positions);
        let mut read = picked.select_predictions(&self.attended[from]);
        for layer in from..self.attended.len() - 1 {
            let hidden = model.mlp(layer, read, predictions, hook)?;
            let clean = &self.projections[layer + 1];
            let changed = model.project(layer + 1, hidden.clone())?;
            let projections = Projections {
                queries: changed.queries,
                keys: picked.replace(&clean.keys, changed.keys),
                values: picked.replace(&clean.values, changed.values),
            };
            read = model.attend_projected_at(layer + 1, hidden, projections, positions)?;
        }
        Ok(read)
    }

    /// The first token that is lesioned, or that of a prediction if one comes first; none if tokens
    /// after it are read, or it is the first of all.
    fn first_changed(&self, targets: &[Target<'_>], predictions: &[usize]) -> Option<usize> {
        if !self.subject.model.config().structure.reads_left() {
            return None;
        }
        let lesioned = targets.iter().map(|target| target.position);
        lesioned.chain(predictions.iter().copied()).min().filter(|&first| first > 0)
    }

    /// As [`CleanPass::climb_alone`], if tokens from `first` on are lesioned: only these are computed.
    fn climb_from(
        &self,
        (from, first): (usize, usize),
        positions: &[usize],
        picked: &Picked,
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<3>, StudyError> {
        let model = self.subject.model;
        let last = self.attended.len() - 1;
        let tokens = TokenSet::From(first);
        let clean = &self.projections[from];
        let projections = Projections {
            queries: tokens.of(picked.select(&clean.queries)),
            keys: picked.select(&clean.keys),
            values: picked.select(&clean.values),
        };
        let entering = tokens.of(picked.select(&self.entering[from]));
        let mut read = model.attend_projected_from(from, entering, projections, first)?;
        for layer in from..last {
            let mut hidden = model.mlp(layer, read, tokens, hook)?;
            let clean = &self.projections[layer + 1];
            let mut changed = model.project(layer + 1, hidden.clone())?;
            let before = |kept: &Tensor<3>| picked.select(kept).narrow(1, 0, first);
            changed.keys = Tensor::cat(vec![before(&clean.keys), changed.keys], 1);
            changed.values = Tensor::cat(vec![before(&clean.values), changed.values], 1);
            if layer + 1 < last {
                read = model.attend_projected_from(layer + 1, hidden, changed, first)?;
                continue;
            }
            let places: Vec<usize> = positions.iter().map(|position| position - first).collect();
            let predictions = TokenSet::OneEach(&places);
            hidden = predictions.of(hidden);
            changed.queries = predictions.of(changed.queries);
            return Ok(model.attend_projected_at(last, hidden, changed, positions)?);
        }
        Ok(read)
    }

    /// The last layer's input if `changed`, `[rows, 1, hidden]`, replaces the input of layer `next` at
    /// the predictions. The queries, keys and values of all other tokens there are the clean ones.
    fn run_above(
        &self,
        next: usize,
        changed: Tensor<3>,
        picked: &Picked,
        hook: &mut dyn MlpHook,
    ) -> Result<Tensor<3>, StudyError> {
        let model = self.subject.model;
        let last = self.attended.len() - 1;
        let hidden = picked.replace(&self.entering[next], changed.clone());
        if next == last {
            return Ok(hidden);
        }
        let clean = &self.projections[next];
        let changed = model.project(next, changed)?;
        let projections = Projections {
            queries: picked.replace(&clean.queries, changed.queries),
            keys: picked.replace(&clean.keys, changed.keys),
            values: picked.replace(&clean.values, changed.values),
        };
        let read = model.attend_projected(next, hidden, projections)?;
        let hidden = model.mlp(next, read, TokenSet::All, hook)?;
        Ok(model.run_layers(next + 1..last, hidden, hook)?)
    }
}

/// The predictions at which lesions are read.
#[derive(Clone, Copy)]
struct Places<'a> {
    /// Their places among the predictions of the clean pass.
    predictions: &'a [usize],
    /// Their rows there.
    rows: &'a [usize],
    positions: &'a [usize],
}

/// Rows of a clean pass that a lesion runs as a batch of their own, one for each prediction.
struct Picked {
    predictions: Tensor<1, Int>,
    rows: Tensor<1, Int>,
    /// Tokens of each of its rows.
    length: usize,
    /// The place of each of their tokens among those of the clean pass, followed by one changed token
    /// per row.
    mixed: Tensor<1, Int>,
}

impl Picked {
    /// Picks the first `length` tokens of the rows of some predictions, from a pass of `[clean, all]` tokens.
    fn new(places: Places<'_>, [clean, all]: [usize; 2], length: usize, device: &Device) -> Self {
        let Places { predictions, rows, positions } = places;
        let mut mixed = Vec::with_capacity(rows.len() * length);
        for (row, (&from, &position)) in rows.iter().zip(positions).enumerate() {
            for i in 0..length {
                let token = if i == position { clean * all + row } else { from * all + i };
                mixed.push(token);
            }
        }
        Self {
            predictions: row_indices(predictions, device),
            rows: row_indices(rows, device),
            length,
            mixed: row_indices(&mixed, device),
        }
    }

    /// The tokens of these rows of a tensor of the clean pass.
    fn select(&self, kept: &Tensor<3>) -> Tensor<3> {
        kept.clone().narrow(1, 0, self.length).select(0, self.rows.clone())
    }

    /// These predictions of a tensor of all predictions of the clean pass.
    fn select_predictions(&self, kept: &Tensor<3>) -> Tensor<3> {
        kept.clone().select(0, self.predictions.clone())
    }

    /// These rows, `[rows, seq, hidden]`, with other values, `[rows, 1, hidden]`, at the positions.
    fn replace(&self, kept: &Tensor<3>, values: Tensor<3>) -> Tensor<3> {
        let [clean, all, width] = kept.dims();
        let [rows, ..] = values.dims();
        let kept = kept.clone().reshape([clean * all, width]);
        let tokens = Tensor::cat(vec![kept, values.squeeze_dim(1)], 0);
        tokens.select(0, self.mixed.clone()).reshape([rows, self.length, width])
    }
}

#[cfg(test)]
mod tests {
    use activation_capture::Edit;
    use bert_model::{Checkpoint, LanguageModel};

    use super::*;
    use crate::passes::batching::Batching;

    fn open(family: &str) -> (Checkpoint, LanguageModel) {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity");
        let mut checkpoint = Checkpoint::open(format!("{dir}/{family}/model")).unwrap();
        let model = checkpoint.load_model(&Device::flex()).unwrap();
        (checkpoint, model)
    }

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    /// A lesion's row of the clean pass, and its layers, each with a position and neurons.
    type Made = (usize, Vec<(usize, usize, Vec<usize>)>);

    #[test]
    fn a_lesion_from_its_layer_on_equals_the_plain_pass() {
        // Norms after and before, all tokens read, a window, and those to the left; the MLP beside attention, and
        // fewer heads of keys.
        for family in ["", "modernbert", "gpt2", "gpt_neox", "llama", "qwen3"] {
            assert_lesions_equal_plain_passes(family);
        }
    }

    fn assert_lesions_equal_plain_passes(family: &str) {
        let (checkpoint, model) = open(family);
        let (tokenizer, batching) = (&checkpoint.tokenizer, Batching::default());
        let subject = |plain| Subject { model: &model, tokenizer, plain, batching };
        let batch = || TokenBatch::new(vec![vec![2, 40, 4, 60, 3], vec![2, 50, 41, 4, 3]]).unwrap();
        let pass = |plain| {
            CleanPass::run(subject(plain), batch(), ReadTokens::one_each(vec![2, 3])).unwrap()
        };
        let (quick, plain) = (pass(false), pass(true));
        let near = |a: Tensor<2>, b: Tensor<2>| {
            let (a, b) = (values(a), values(b));
            assert_eq!(a.len(), b.len());
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5));
        };
        near(quick.hidden(), plain.hidden());

        // At the prediction, beside it, at all tokens, in several layers, and nowhere.
        let lesions: [Made; 5] = [
            (1, vec![(0, 3, vec![5, 6])]),
            (0, vec![(0, 1, vec![0, 31]), (0, 2, vec![0, 31])]),
            (1, vec![(0, 3, vec![1]), (1, 3, vec![2, 3]), (2, 3, vec![4])]),
            (0, vec![(1, 2, vec![9]), (2, 4, vec![9])]),
            (1, vec![]),
        ];
        for site in [Site::Pre, Site::Post] {
            for above in 0..3 {
                // The same lesions moved up, alone and together.
                let moved = |made: &Made| -> Made {
                    let up = made
                        .1
                        .iter()
                        .map(|(layer, at, neurons)| (layer + above, *at, neurons.clone()));
                    (made.0, up.filter(|&(layer, ..)| layer < 3).collect())
                };
                let moved: Vec<Made> = lesions.iter().map(moved).collect();
                for some in moved.chunks(1).chain([&moved[..]]) {
                    let rows: Vec<usize> = some.iter().map(|made| made.0).collect();
                    let mut targets = Vec::new();
                    for (row, (_, layers)) in some.iter().enumerate() {
                        for &(layer, position, ref neurons) in layers {
                            let edit = Edit::Zero;
                            targets.push(Target { row, layer, position, neurons, edit });
                        }
                    }
                    let from = targets.iter().map(|target| target.layer).min().unwrap_or(above);
                    near(
                        quick.lesioned(&rows, from, site, &targets).unwrap(),
                        plain.lesioned(&rows, from, site, &targets).unwrap(),
                    );
                }
            }
        }
    }
}
