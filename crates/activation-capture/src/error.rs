/// A capture or a lesion that does not fit its batch or model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The number of positions is not the number of rows.
    #[error("{positions} positions for a batch of {rows} rows; one per row is needed")]
    PositionCount {
        /// Number of positions.
        positions: usize,
        /// Rows of the batch.
        rows: usize,
    },

    /// A token is outside the batch.
    #[error("row {row}, position {position} is outside a batch of shape [{rows}, {length}]")]
    NoSuchToken {
        /// The requested row.
        row: usize,
        /// The requested position.
        position: usize,
        /// Rows of the batch.
        rows: usize,
        /// Tokens per row.
        length: usize,
    },

    /// The layers do not have this neuron.
    #[error("neuron {neuron} does not exist; a layer has neurons 0 to {}", neurons.saturating_sub(1))]
    NoSuchNeuron {
        /// The requested neuron.
        neuron: usize,
        /// `intermediate_size`.
        neurons: usize,
    },

    /// The model does not have this layer.
    #[error("layer {layer} does not exist; the model has layers 0 to {}", layers.saturating_sub(1))]
    NoSuchLayer {
        /// The requested layer.
        layer: usize,
        /// `num_hidden_layers`.
        layers: usize,
    },

    /// A list of replacement values does not have one value per neuron of a layer.
    #[error("{values} values to replace the activations of a layer of {neurons} neurons")]
    ReplacementCount {
        /// Number of values.
        values: usize,
        /// `intermediate_size`.
        neurons: usize,
    },

    /// A pass did not compute the captured tokens.
    #[error("layer {layer} was computed at other tokens than those to capture")]
    OtherTokens {
        /// The layer.
        layer: usize,
    },

    /// The activations could not be read back from the device.
    #[error("cannot read activations of layer {layer} from the device: {message}")]
    Device {
        /// The layer.
        layer: usize,
        /// Message of Burn.
        message: String,
    },
}
