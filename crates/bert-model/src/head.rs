use std::f64::consts::FRAC_1_SQRT_2;

use burn::{
    module::{Module, Param},
    nn::{LayerNorm, Linear},
    tensor::{Device, Int, Tensor},
};

use crate::{
    BertConfig, BertModelError, TensorSource,
    gelu::gelu,
    parts::{NamedTensors, back_through_norm, load_linear, load_norm, save_linear, save_norm},
    source::{matrix, vector},
};

const TRANSFORM: &str = "cls.predictions.transform.dense";
const NORM: &str = "cls.predictions.transform.LayerNorm";
const DECODER: &str = "cls.predictions.decoder.weight";
const BIAS: &str = "cls.predictions.bias";

/// The masked-language-model head: dense, GELU, LayerNorm, decoder + bias.
#[derive(Module, Debug)]
pub(crate) struct MlmHead {
    transform: Linear,
    norm: LayerNorm,
    /// `[vocabulary, hidden]`; `None` where the decoder is the token embedding matrix.
    decoder: Option<Param<Tensor<2>>>,
    /// `[vocabulary]`.
    bias: Param<Tensor<1>>,
}

impl MlmHead {
    pub(crate) fn load(
        config: &BertConfig,
        source: &mut impl TensorSource,
        device: &Device,
    ) -> Result<Self, BertModelError> {
        let (hidden, vocabulary) = (config.hidden_size, config.vocab_size);
        let transform = load_linear(source, TRANSFORM, [hidden, hidden], device)?;
        let norm = load_norm(source, NORM, hidden, config.layer_norm_eps, device)?;
        // A decoder in the file is used even where the configuration says `tied`, as transformers
        // does since version 5: a file that has both may hold different matrices.
        let decoder = if !config.tie_word_embeddings || source.contains(DECODER)? {
            Some(Param::from_tensor(matrix(source, DECODER, [vocabulary, hidden], device)?))
        } else {
            None
        };
        let bias = Param::from_tensor(vector(source, BIAS, vocabulary, device)?);
        Ok(Self { transform, norm, decoder, bias })
    }

    pub(crate) fn save(&self, out: &mut NamedTensors) {
        save_linear(&self.transform, TRANSFORM, out);
        save_norm(&self.norm, NORM, out);
        if let Some(decoder) = &self.decoder {
            out.push((DECODER.to_owned(), decoder.val().into_data()));
        }
        out.push((BIAS.to_owned(), self.bias.val().into_data()));
    }

    /// `hidden`: `[n, hidden]`, `words`: the token embeddings. Returns `[n, vocabulary]`.
    pub(crate) fn forward(&self, hidden: Tensor<2>, words: Tensor<2>) -> Tensor<2> {
        let decoder = self.decoder(words);
        self.transformed(hidden).matmul(decoder.transpose()) + self.bias.val().unsqueeze::<2>()
    }

    /// The same for a few tokens only: `[n, tokens]`.
    pub(crate) fn forward_of(
        &self,
        hidden: Tensor<2>,
        words: Tensor<2>,
        tokens: Tensor<1, Int>,
    ) -> Tensor<2> {
        let bias = self.bias.val().select(0, tokens.clone());
        let rows = self.decoder_rows(words, tokens);
        self.transformed(hidden).matmul(rows.transpose()) + bias.unsqueeze::<2>()
    }

    /// What the decoder reads.
    fn transformed(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.norm.forward(gelu(self.transform.forward(hidden)))
    }

    fn decoder(&self, words: Tensor<2>) -> Tensor<2> {
        self.decoder.as_ref().map_or(words, Param::val)
    }

    /// The decoder's rows of `tokens`, `[tokens, hidden]`.
    pub(crate) fn decoder_rows(&self, words: Tensor<2>, tokens: Tensor<1, Int>) -> Tensor<2> {
        self.decoder(words).select(0, tokens)
    }

    /// How far the logits of the decoder's `rows`, `[tokens, hidden]`, fall when each of `changed`,
    /// `[n, hidden]`, comes instead of `clean`, `[1, hidden]`. Returns `[tokens, n]`.
    pub(crate) fn fall(&self, rows: Tensor<2>, clean: Tensor<2>, changed: Tensor<2>) -> Tensor<2> {
        // The bias is in both logits.
        let fall = self.transformed(clean) - self.transformed(changed);
        rows.matmul(fall.transpose())
    }

    /// Takes `directions` from what the decoder reads back to what enters the head. Frozen at what
    /// they are for `clean`, `[1, hidden]`: the LayerNorm's scale and the factor `Phi(z)` of
    /// `GELU(z) = z * Phi(z)`.
    pub(crate) fn back(&self, clean: Tensor<2>, directions: Tensor<2>, epsilon: f64) -> Tensor<2> {
        let z = self.transform.forward(clean);
        let back = back_through_norm(&self.norm, epsilon, gelu(z.clone()), directions);
        let phi = ((z * FRAC_1_SQRT_2).erf() + 1) * 0.5;
        (back * phi).matmul(self.transform.weight.val().transpose())
    }
}
