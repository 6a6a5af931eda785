use burn::{
    module::Module,
    tensor::{Int, Tensor},
};

use crate::{
    config::{bert_config::BertConfig, family_traits::Names, structure::Norms},
    error::BertModelError,
    model::{
        attention::Attention,
        mlp::{Mlp, MlpGradients, Neurons},
        mlp_hook::{MlpHook, TokenSet},
    },
    ops::{dot_product_attention::Projections, layer_norm::LayerNorm},
    weights::{
        tensor_reader::TensorReader,
        tensor_source::TensorSource,
        tensor_writer::{NamedTensors, save_norm},
    },
};

/// One layer: self-attention, then the MLP. With `h` the layer's input:
///
/// ```text
/// Norms::Post       a = norm(h + attention(h))    output = norm(a + mlp(a))
/// Norms::Pre        a = h + attention(norm(h))    output = a + mlp(norm(a))
/// Norms::Parallel   a = h + attention(norm(h))    output = a + mlp(norm(h))
/// ```
///
/// *Attended* is `a`; with [`Norms::Parallel`] it is `a` and `h` side by side, `[batch, seq, 2 x hidden]`.
#[derive(Module, Debug)]
pub(crate) struct Layer {
    #[module(skip)]
    norms: Norms,
    attention: Attention,
    attention_norm: Option<LayerNorm>,
    pub(crate) mlp: Mlp,
    mlp_norm: LayerNorm,
}

/// Intermediate results of a layer: `[batch, seq, _]`, or `[1, _]` at one position.
pub(crate) struct Steps<const D: usize> {
    /// Attention's output and the residual stream.
    attention_sum: Tensor<D>,
    neurons: Neurons<D>,
    /// The MLP's output and the residual stream.
    output_sum: Tensor<D>,
}

/// Gradients in one layer, `[batch, seq, _]`.
pub(crate) struct LayerGradients {
    /// At the activations before the activation function.
    pub(crate) pre: Tensor<3>,
    /// At what the MLP's last matrix reads.
    pub(crate) post: Tensor<3>,
    /// At the layer's input.
    pub(crate) hidden: Tensor<3>,
}

impl Steps<3> {
    /// The steps at one position of a batch of one row.
    pub(crate) fn at(self, position: usize) -> Steps<2> {
        let at = |steps: Tensor<3>| steps.narrow(1, position, 1).squeeze_dim(1);
        Steps {
            attention_sum: at(self.attention_sum),
            neurons: self.neurons.at(position),
            output_sum: at(self.output_sum),
        }
    }
}

impl Layer {
    pub(crate) fn load(
        config: &BertConfig,
        index: usize,
        reader: &mut TensorReader<'_, impl TensorSource>,
    ) -> Result<Self, BertModelError> {
        let hidden = config.hidden_size;
        let names = reader.names;
        let attention = Attention::load(config, index, reader)?;
        let attention_norm = if index == 0 && names.layer.first_without_norm {
            None
        } else {
            let name = names.in_layer(index, names.layer.attention_norm);
            Some(reader.norm(&name, hidden, config)?)
        };
        let mlp = Mlp::load(config, index, reader)?;
        let name = names.in_layer(index, names.layer.mlp_norm);
        let mlp_norm = reader.norm(&name, hidden, config)?;
        Ok(Self { norms: config.structure.norms, attention, attention_norm, mlp, mlp_norm })
    }

    pub(crate) fn save(&self, index: usize, names: &Names, tensors: &mut NamedTensors) {
        self.attention.save(index, names, tensors);
        if let Some(norm) = &self.attention_norm {
            save_norm(norm, &names.in_layer(index, names.layer.attention_norm), tensors);
        }
        self.mlp.save(index, names, tensors);
        save_norm(&self.mlp_norm, &names.in_layer(index, names.layer.mlp_norm), tensors);
    }

    /// Attention and what belongs to it, of `tokens` to all of `hidden`, `[batch, seq, hidden]`, the
    /// layer's input. Returns what is attended.
    pub(crate) fn attend(&self, hidden: Tensor<3>, tokens: TokenSet<'_>) -> Tensor<3> {
        match tokens {
            TokenSet::All => self.after_attention(self.attention_sum(hidden.clone()), hidden),
            TokenSet::OneEach(positions) => {
                let stream = tokens.of(hidden.clone());
                let input = self.attention_input(hidden);
                let asking = tokens.of(input.clone());
                let sum = self.attention.add_by_one(asking, input, positions, stream.clone());
                self.after_attention(sum, stream)
            }
            TokenSet::From(first) => {
                let mut projections = self.project(hidden.clone());
                projections.queries = tokens.of(projections.queries);
                self.attend_projected_from(tokens.of(hidden), projections, first)
            }
        }
    }

    /// [`Layer::attend`] of all tokens, from their projections.
    pub(crate) fn attend_projected(
        &self,
        hidden: Tensor<3>,
        projections: Projections,
    ) -> Tensor<3> {
        self.after_attention(self.attention.add(projections, hidden.clone()), hidden)
    }

    /// [`Layer::attend`] of one token of each row, at these positions, from the queries of these tokens and the
    /// keys and values of all. `hidden` is the layer's input at these tokens, `[batch, 1, hidden]`.
    pub(crate) fn attend_projected_at(
        &self,
        hidden: Tensor<3>,
        projections: Projections,
        positions: &[usize],
    ) -> Tensor<3> {
        let sum = self.attention.add_projected_by_one(projections, positions, hidden.clone());
        self.after_attention(sum, hidden)
    }

    /// [`Layer::attend`] of the tokens of each row from `first` on, from the queries of these tokens and the keys and
    /// values of all. `hidden` is the layer's input at these tokens.
    pub(crate) fn attend_projected_from(
        &self,
        hidden: Tensor<3>,
        projections: Projections,
        first: usize,
    ) -> Tensor<3> {
        let sum = self.attention.add_projected_from(projections, first, hidden.clone());
        self.after_attention(sum, hidden)
    }

    /// Queries, keys and values of `hidden`, `[batch, seq, hidden]`, the layer's input.
    pub(crate) fn project(&self, hidden: Tensor<3>) -> Projections {
        self.attention.project(self.attention_input(hidden))
    }

    /// The MLP and what belongs to it. `attended` is the result of [`Layer::attend`] for `tokens`; returns
    /// the layer's output for them.
    pub(crate) fn run_mlp(
        &self,
        index: usize,
        attended: Tensor<3>,
        tokens: TokenSet<'_>,
        hook: &mut dyn MlpHook,
    ) -> Tensor<3> {
        let (input, stream) = self.mlp_input(attended);
        self.after_mlp(self.mlp.add(index, input, stream, tokens, hook))
    }

    /// The steps of a pass of all tokens.
    pub(crate) fn steps(
        &self,
        index: usize,
        hidden: Tensor<3>,
        hook: &mut dyn MlpHook,
    ) -> Steps<3> {
        let attention_sum = self.attention_sum(hidden.clone());
        let (input, stream) = self.mlp_input(self.after_attention(attention_sum.clone(), hidden));
        let neurons = self.mlp.neurons(index, input, hook);
        let output_sum = self.mlp.add_written(&neurons, stream);
        Steps { attention_sum, neurons, output_sum }
    }

    /// The layer's output in these steps.
    pub(crate) fn output(&self, steps: &Steps<3>) -> Tensor<3> {
        self.after_mlp(steps.output_sum.clone())
    }

    /// Attention's output and the residual stream.
    fn attention_sum(&self, hidden: Tensor<3>) -> Tensor<3> {
        self.attention.add(self.project(hidden.clone()), hidden)
    }

    fn attention_input(&self, hidden: Tensor<3>) -> Tensor<3> {
        match (self.norms, &self.attention_norm) {
            (Norms::Pre | Norms::Parallel, Some(norm)) => norm.forward_kept(&hidden),
            (Norms::Pre | Norms::Parallel, None) | (Norms::Post, _) => hidden,
        }
    }

    /// The result of attention. `hidden` is the layer's input at the same tokens.
    fn after_attention(&self, sum: Tensor<3>, hidden: Tensor<3>) -> Tensor<3> {
        match (self.norms, &self.attention_norm) {
            (Norms::Post, Some(norm)) => norm.forward(sum),
            (Norms::Post, None) | (Norms::Pre, _) => sum,
            (Norms::Parallel, _) => Tensor::cat(vec![sum, hidden], 2),
        }
    }

    /// The MLP's input, and the residual stream that it is added to.
    fn mlp_input(&self, attended: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
        match self.norms {
            Norms::Post => (attended.clone(), attended),
            Norms::Pre => (self.mlp_norm.forward_kept(&attended), attended),
            Norms::Parallel => {
                let [.., both] = attended.dims();
                let sum = attended.clone().narrow(2, 0, both / 2);
                let hidden = attended.narrow(2, both / 2, both / 2);
                (self.mlp_norm.forward(hidden), sum)
            }
        }
    }

    fn after_mlp<const D: usize>(&self, sum: Tensor<D>) -> Tensor<D> {
        match self.norms {
            Norms::Post => self.mlp_norm.forward(sum),
            Norms::Pre | Norms::Parallel => sum,
        }
    }

    /// The layer's output at a position without the contribution of each neuron in turn:
    /// `[intermediate, hidden]`.
    pub(crate) fn without_each_neuron(&self, clean: Steps<2>) -> Tensor<2> {
        let written = self.mlp.written_by_each(&clean.neurons);
        self.after_mlp(clean.output_sum - written)
    }

    /// [`Layer::without_each_neuron`] for some neurons, `[neurons, hidden]`.
    pub(crate) fn without_neurons(&self, clean: Steps<2>, neurons: Tensor<1, Int>) -> Tensor<2> {
        let written = self.mlp.written_by(&clean.neurons, neurons);
        self.after_mlp(clean.output_sum - written)
    }

    /// The contribution of some neurons to the layer's output, with the LayerNorm's scale frozen:
    /// `[neurons, hidden]`.
    pub(crate) fn written_by(&self, clean: &Steps<2>, neurons: Tensor<1, Int>) -> Tensor<2> {
        let written = self.mlp.written_by(&clean.neurons, neurons);
        match self.norms {
            Norms::Post => self.mlp_norm.carry(&clean.output_sum, written),
            Norms::Pre | Norms::Parallel => written,
        }
    }

    /// The contribution of each neuron along `directions`, `[n, hidden]`, of the layer's output, with
    /// the LayerNorm's scale frozen: `[n, intermediate]`.
    pub(crate) fn written_along(&self, clean: Steps<2>, directions: Tensor<2>) -> Tensor<2> {
        let at_sum = match self.norms {
            Norms::Post => self.mlp_norm.pull_back(&clean.output_sum, directions),
            Norms::Pre | Norms::Parallel => directions,
        };
        self.mlp.written_along(clean.neurons, at_sum)
    }

    /// Takes `directions` of the layer's output back to its input, along the residual stream and
    /// through each LayerNorm on it with its scale frozen.
    pub(crate) fn pull_back(&self, clean: &Steps<2>, directions: Tensor<2>) -> Tensor<2> {
        match (self.norms, &self.attention_norm) {
            (Norms::Post, Some(norm)) => {
                let before_mlp = self.mlp_norm.pull_back(&clean.output_sum, directions);
                norm.pull_back(&clean.attention_sum, before_mlp)
            }
            (Norms::Post, None) => self.mlp_norm.pull_back(&clean.output_sum, directions),
            (Norms::Pre | Norms::Parallel, _) => directions,
        }
    }

    /// Takes `directions` of the layer's input on to its output: the transpose of [`Layer::pull_back`].
    pub(crate) fn carry(&self, clean: &Steps<2>, directions: Tensor<2>) -> Tensor<2> {
        match (self.norms, &self.attention_norm) {
            (Norms::Post, Some(norm)) => {
                let after_attention = norm.carry(&clean.attention_sum, directions);
                self.mlp_norm.carry(&clean.output_sum, after_attention)
            }
            (Norms::Post, None) => self.mlp_norm.carry(&clean.output_sum, directions),
            (Norms::Pre | Norms::Parallel, _) => directions,
        }
    }

    /// The gradients at the activations and at the layer's input, `hidden`, from the one at its output.
    /// `steps` are those of the pass. All are `[batch, seq, _]`.
    pub(crate) fn backward(
        &self,
        hidden: Tensor<3>,
        steps: Steps<3>,
        gradient: Tensor<3>,
    ) -> LayerGradients {
        match self.norms {
            Norms::Post => self.backward_post(hidden, steps, gradient),
            Norms::Pre | Norms::Parallel => self.backward_pre(hidden, steps, gradient),
        }
    }

    fn backward_post(
        &self,
        hidden: Tensor<3>,
        steps: Steps<3>,
        gradient: Tensor<3>,
    ) -> LayerGradients {
        let at_output_sum = self.mlp_norm.backward(steps.output_sum, gradient);
        let MlpGradients { pre, post, input } =
            self.mlp.backward(steps.neurons, at_output_sum.clone());
        let at_attended = at_output_sum + input;
        let at_attention_sum = match &self.attention_norm {
            Some(norm) => norm.backward(steps.attention_sum, at_attended),
            None => at_attended,
        };
        let at_input = at_attention_sum.clone() + self.attention.backward(hidden, at_attention_sum);
        LayerGradients { pre, post, hidden: at_input }
    }

    fn backward_pre(
        &self,
        hidden: Tensor<3>,
        steps: Steps<3>,
        gradient: Tensor<3>,
    ) -> LayerGradients {
        let MlpGradients { pre, post, input } = self.mlp.backward(steps.neurons, gradient.clone());
        // The MLP reads what is attended, or the layer's input.
        let (at_attended, beside_attention) = match self.norms {
            Norms::Parallel => (gradient, Some(self.mlp_norm.backward(hidden.clone(), input))),
            Norms::Pre | Norms::Post => {
                (gradient + self.mlp_norm.backward(steps.attention_sum, input), None)
            }
        };
        let at_attention_input =
            self.attention.backward(self.attention_input(hidden.clone()), at_attended.clone());
        let through_attention = match &self.attention_norm {
            Some(norm) => norm.backward(hidden, at_attention_input),
            None => at_attention_input,
        };
        let mut at_input = at_attended + through_attention;
        if let Some(beside_attention) = beside_attention {
            at_input = at_input + beside_attention;
        }
        LayerGradients { pre, post, hidden: at_input }
    }
}
