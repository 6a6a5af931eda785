/// A capture or a lesion that does not fit its batch or model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// One position is needed for each row.
    #[error("{positions} positions for a batch of {rows} rows; one a row is needed")]
    PositionCount {
        /// Positions given.
        positions: usize,
        /// Rows of the batch.
        rows: usize,
    },

    /// A token outside the batch.
    #[error("row {row}, position {position} is outside a batch of shape [{rows}, {length}]")]
    NoSuchToken {
        /// The row asked for.
        row: usize,
        /// The position asked for.
        position: usize,
        /// Rows of the batch.
        rows: usize,
        /// Tokens per row.
        length: usize,
    },

    /// A neuron that the layers do not have.
    #[error("neuron {neuron} does not exist; a layer has neurons 0 to {}", neurons.saturating_sub(1))]
    NoSuchNeuron {
        /// The neuron asked for.
        neuron: usize,
        /// `intermediate_size`.
        neurons: usize,
    },

    /// A layer that the model does not have.
    #[error("layer {layer} does not exist; the model has layers 0 to {}", layers.saturating_sub(1))]
    NoSuchLayer {
        /// The layer asked for.
        layer: usize,
        /// `num_hidden_layers`.
        layers: usize,
    },

    /// A list to replace activations from that does not fit the layers.
    #[error("{values} values to replace the activations of a layer with; it has {neurons} neurons")]
    ReplacementCount {
        /// Values given.
        values: usize,
        /// `intermediate_size`.
        neurons: usize,
    },

    /// A pass that did not compute the captured tokens.
    #[error("layer {layer} was computed at other tokens than those to capture")]
    OtherTokens {
        /// The layer.
        layer: usize,
    },

    /// The activations could not be read back from the device.
    #[error("cannot read activations of layer {layer} from the device: {reason}")]
    Device {
        /// The layer.
        layer: usize,
        /// What Burn said.
        reason: String,
    },
}
