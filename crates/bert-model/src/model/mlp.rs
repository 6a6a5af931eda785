use burn::{
    module::Module,
    nn::Linear,
    tensor::{Int, Tensor},
};

use crate::{
    config::{
        bert_config::BertConfig,
        family_traits::{LayerNames, Names},
    },
    error::BertModelError,
    model::mlp_hook::{MlpHook, Site, TokenSet},
    ops::{
        activation::Activation,
        linear::{add_linear, linear, linear_backward},
    },
    weights::{
        tensor_reader::TensorReader,
        tensor_source::TensorSource,
        tensor_writer::{NamedTensors, save_linears},
    },
};

/// The MLP of a layer: `output(f(intermediate(x)))` or, with a gate, `output(f(intermediate(x)) gate(x))`.
/// A neuron is an output of `intermediate`.
#[derive(Module, Debug)]
pub(crate) struct Mlp {
    intermediate: Linear,
    gate: Option<Linear>,
    output: Linear,
    #[module(skip)]
    activation: Activation,
}

/// The neurons of a pass: `[batch, seq, intermediate]`, or `[1, intermediate]` at one position.
#[derive(Clone)]
pub(crate) struct Neurons<const D: usize> {
    /// Before the activation function, as the hook returned them.
    pub(crate) pre: Tensor<D>,
    /// The gates, in a gated MLP.
    gate: Option<Tensor<D>>,
    /// The values that `output` reads, as the hook returned them.
    pub(crate) post: Tensor<D>,
}

impl Neurons<3> {
    /// The neurons at one position of a batch of one row.
    pub(crate) fn at(self, position: usize) -> Neurons<2> {
        let at = |values: Tensor<3>| values.narrow(1, position, 1).squeeze_dim(1);
        Neurons { pre: at(self.pre), gate: self.gate.map(at), post: at(self.post) }
    }
}

/// The gradients of an MLP, `[batch, seq, _]`.
pub(crate) struct MlpGradients {
    /// At the neurons before the activation function.
    pub(crate) pre: Tensor<3>,
    /// At what `output` reads.
    pub(crate) post: Tensor<3>,
    /// At the input.
    pub(crate) input: Tensor<3>,
}

impl Mlp {
    pub(crate) fn load(
        config: &BertConfig,
        index: usize,
        reader: &mut TensorReader<'_, impl TensorSource>,
    ) -> Result<Self, BertModelError> {
        let hidden = config.hidden_size;
        let neurons = config.intermediate_size;
        let has_bias = config.structure.biases.mlp;
        let names = reader.names;
        let LayerNames { intermediate, gate, output, .. } = names.layer;
        let [first, output] = [intermediate, output].map(|part| names.in_layer(index, part));
        let shape = [hidden, neurons];
        let (intermediate, gate) = match gate.map(|gate| names.in_layer(index, gate)) {
            Some(gate) => {
                reader.prepare([first.clone(), gate.clone(), output.clone()])?;
                let intermediate = reader.linear_in_layer(&first, shape, has_bias)?;
                (intermediate, Some(reader.linear_in_layer(&gate, shape, has_bias)?))
            }
            None if config.structure.gated => {
                reader.prepare([first.clone(), output.clone()])?;
                let [intermediate, gate] = reader.joint_in_layer(&first, shape, has_bias)?;
                (intermediate, Some(gate))
            }
            None => {
                reader.prepare([first.clone(), output.clone()])?;
                (reader.linear_in_layer(&first, shape, has_bias)?, None)
            }
        };
        Ok(Self {
            intermediate,
            gate,
            output: reader.linear_in_layer(&output, [neurons, hidden], has_bias)?,
            activation: config.structure.activation,
        })
    }

    pub(crate) fn save(&self, index: usize, names: &Names, tensors: &mut NamedTensors) {
        let first = names.in_layer(index, names.layer.intermediate);
        let mut linears = vec![&self.intermediate];
        match (names.layer.gate, &self.gate) {
            (Some(part), Some(gate)) => {
                save_linears(&[gate], &names.in_layer(index, part), names.layout, tensors);
            }
            (None, Some(gate)) => linears.push(gate),
            (_, None) => (),
        }
        save_linears(&linears, &first, names.layout, tensors);
        let output = names.in_layer(index, names.layer.output);
        save_linears(&[&self.output], &output, names.layout, tensors);
    }

    /// Adds the MLP's output for `input` to `stream`. Both are `[batch, seq, hidden]`, or of one token in
    /// each row.
    pub(crate) fn add(
        &self,
        index: usize,
        input: Tensor<3>,
        stream: Tensor<3>,
        tokens: TokenSet<'_>,
        hook: &mut dyn MlpHook,
    ) -> Tensor<3> {
        let gate = self.gate(&input);
        let pre = hook.visit(index, Site::Pre, tokens, linear(&self.intermediate, input));
        let post = hook.visit(index, Site::Post, tokens, self.post(pre, gate));
        add_linear(&self.output, post, stream)
    }

    /// The neurons of all tokens.
    pub(crate) fn neurons(
        &self,
        index: usize,
        input: Tensor<3>,
        hook: &mut dyn MlpHook,
    ) -> Neurons<3> {
        let gate = self.gate(&input);
        let pre = hook.visit(index, Site::Pre, TokenSet::All, linear(&self.intermediate, input));
        let post = self.post(pre.clone(), gate.clone());
        let post = hook.visit(index, Site::Post, TokenSet::All, post);
        Neurons { pre, gate, post }
    }

    /// Adds what these neurons write to `stream`, `[batch, seq, hidden]`.
    pub(crate) fn add_written(&self, neurons: &Neurons<3>, stream: Tensor<3>) -> Tensor<3> {
        add_linear(&self.output, neurons.post.clone(), stream)
    }

    fn gate(&self, input: &Tensor<3>) -> Option<Tensor<3>> {
        self.gate.as_ref().map(|gate| linear(gate, input.clone()))
    }

    /// The values that `output` reads.
    fn post(&self, pre: Tensor<3>, gate: Option<Tensor<3>>) -> Tensor<3> {
        let active = self.activation.forward(pre);
        match gate {
            Some(gate) => active * gate,
            None => active,
        }
    }

    /// The Euclidean norm of each neuron's output weights.
    pub(crate) fn output_norms(&self) -> Vec<f32> {
        let weights = self.output.weight.val();
        let norms = (weights.clone() * weights).sum_dim(1).sqrt().into_data();
        norms.iter::<f32>().collect()
    }

    /// The contribution of each neuron to the residual stream, `[intermediate, hidden]`.
    pub(crate) fn written_by_each(&self, clean: &Neurons<2>) -> Tensor<2> {
        clean.post.clone().transpose() * self.output.weight.val()
    }

    /// The contribution of some neurons to the residual stream, `[neurons, hidden]`.
    pub(crate) fn written_by(&self, clean: &Neurons<2>, neurons: Tensor<1, Int>) -> Tensor<2> {
        let post = clean.post.clone().transpose().select(0, neurons.clone());
        post * self.output_columns(neurons)
    }

    /// The contribution of some neurons to the residual stream per unit of activation, `[neurons, hidden]`.
    pub(crate) fn output_columns(&self, neurons: Tensor<1, Int>) -> Tensor<2> {
        self.output.weight.val().select(0, neurons)
    }

    /// The contribution of each neuron along `directions`, `[n, hidden]`: `[n, intermediate]`.
    pub(crate) fn written_along(&self, clean: Neurons<2>, directions: Tensor<2>) -> Tensor<2> {
        directions.matmul(self.output.weight.val().transpose()) * clean.post
    }

    /// The gradients from the one at the output, `[batch, seq, hidden]`. `neurons` are those of the pass.
    pub(crate) fn backward(&self, neurons: Neurons<3>, gradient: Tensor<3>) -> MlpGradients {
        let post = linear_backward(&self.output, gradient);
        let slope = self.activation.derivative(neurons.pre.clone());
        let Some((gate, values)) = self.gate.as_ref().zip(neurons.gate) else {
            let pre = post.clone() * slope;
            let input = linear_backward(&self.intermediate, pre.clone());
            return MlpGradients { pre, post, input };
        };
        let pre = post.clone() * values * slope;
        let at_gate = post.clone() * self.activation.forward(neurons.pre);
        let input =
            linear_backward(&self.intermediate, pre.clone()) + linear_backward(gate, at_gate);
        MlpGradients { pre, post, input }
    }
}
