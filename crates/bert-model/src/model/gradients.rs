use burn::tensor::{Int, Tensor};

use crate::{
    error::BertModelError,
    model::{
        language_model::{LanguageModel, check_positions},
        mlp_hook::{MlpHook, Site, TokenSet},
    },
};

/// A difference of two logits at one token of each row of a batch.
#[derive(Clone, Copy, Debug)]
pub struct LogitDifference<'a> {
    /// Position of the token in each row.
    pub positions: &'a [usize],
    /// Two words of the vocabulary for each row: the logit of the first minus that of the second.
    pub words: &'a [[u32; 2]],
}

/// Gradients of a [`LogitDifference`] at the neurons of one layer, at the same token:
/// `[batch, intermediate]`.
#[derive(Clone, Debug)]
pub struct NeuronGradients {
    /// At the activations before GELU.
    pub pre: Tensor<2>,
    /// At the activations after GELU.
    pub post: Tensor<2>,
}

impl NeuronGradients {
    /// The gradients at one site.
    #[must_use]
    pub fn at(&self, site: Site) -> &Tensor<2> {
        match site {
            Site::Pre => &self.pre,
            Site::Post => &self.post,
        }
    }
}

impl LanguageModel {
    /// The gradient of a difference of logits with respect to every MLP neuron at the same token: how
    /// fast the difference rises with the neuron's activation, every later layer included. Runs the
    /// layers from `first` on, forward with `hook` and then backward; `hidden`, `[batch, seq, hidden]`,
    /// is the input of `first`. Returns the gradients of `first` and of each later layer.
    ///
    /// The gradients are those of reverse-mode differentiation: of attention, GELU, LayerNorm and the
    /// head, without an approximation. The hook's values are constants.
    ///
    /// # Errors
    /// If there is no such layer ([`BertModelError::NoSuchLayer`]), there is not exactly one position
    /// per row, inside the row ([`BertModelError::NoSuchPosition`]), not two words per row
    /// ([`BertModelError::WordPairs`]), or a word is outside the vocabulary
    /// ([`BertModelError::TokenId`]).
    ///
    /// # Panics
    /// If `hidden` has another width than the model.
    pub fn neuron_gradients(
        &self,
        first: usize,
        hidden: Tensor<3>,
        difference: LogitDifference<'_>,
        hook: &mut dyn MlpHook,
    ) -> Result<Vec<NeuronGradients>, BertModelError> {
        let layers = self.layers.len();
        if first >= layers {
            return Err(BertModelError::NoSuchLayer { layer: first, layers });
        }
        let LogitDifference { positions, words } = difference;
        check_positions(positions, hidden.dims())?;
        let direction = self.logit_direction(words, hidden.dims()[0])?;

        let mut passed = Vec::with_capacity(layers - first);
        let mut leaving = hidden;
        for index in first..layers {
            let entering = leaving.clone();
            let steps = self.layers[index].steps(index, leaving, hook);
            leaving = self.layers[index].output(&steps);
            passed.push((entering, steps));
        }

        let tokens = TokenSet::OneEach(positions);
        let read = tokens.of(leaving.clone()).squeeze_dim(1);
        let at_read = self.head.backward(read, direction);
        let mut gradient = place_at(&at_read, positions, leaving.dims()[1]);
        let mut gradients = Vec::with_capacity(layers - first);
        for (layer, (entering, steps)) in self.layers[first..].iter().zip(passed).rev() {
            let found = layer.backward(entering, steps, gradient);
            let [pre, post] = [found.pre, found.post].map(|at| tokens.of(at).squeeze_dim(1));
            gradients.push(NeuronGradients { pre, post });
            gradient = found.hidden;
        }
        gradients.reverse();
        Ok(gradients)
    }

    /// The gradient at the decoder's input, `[rows, width of the embeddings]`.
    fn logit_direction(
        &self,
        words: &[[u32; 2]],
        rows: usize,
    ) -> Result<Tensor<2>, BertModelError> {
        if words.len() != rows {
            return Err(BertModelError::WordPairs { pairs: words.len(), rows });
        }
        let vocabulary = self.config().vocab_size;
        if let Some(&id) = words.iter().flatten().find(|&&id| id as usize >= vocabulary) {
            return Err(BertModelError::TokenId { id, vocabulary });
        }
        let embeddings = self.embeddings.words.val();
        let decoder_rows = |place: usize| {
            let ids: Vec<i64> = words.iter().map(|pair| i64::from(pair[place])).collect();
            let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &embeddings.device());
            self.head.decoder_rows(embeddings.clone(), ids)
        };
        Ok(decoder_rows(0) - decoder_rows(1))
    }
}

/// Puts each row of `values`, `[batch, width]`, at a position of its own among `length` tokens, with zeros
/// at the others: `[batch, length, width]`.
fn place_at(values: &Tensor<2>, positions: &[usize], length: usize) -> Tensor<3> {
    let width = values.dims()[1];
    let mut rows = Vec::with_capacity(positions.len());
    for (row, &position) in positions.iter().enumerate() {
        let value = values.clone().narrow(0, row, 1).reshape([1, 1, width]);
        let zeros = Tensor::zeros([1, length, width], &value.device());
        rows.push(zeros.slice_assign([0..1, position..position + 1, 0..width], value));
    }
    Tensor::cat(rows, 0)
}
