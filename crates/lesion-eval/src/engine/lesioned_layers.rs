//! The layers in which neurons are lesioned, in a model whose layers share weights.

use std::{collections::BTreeSet, sync::Arc};

use bert_model::BertConfig;
use study_record::SharedLayers;

use crate::error::StudyError;

/// Layers, each with its lesioned neurons.
pub(crate) type LesionedLayers = Vec<(usize, Arc<[usize]>)>;

/// Checks that a model can be lesioned in these layers.
///
/// # Errors
/// If a lesion in every layer is asked for, and the layers do not share weights
/// ([`StudyError::NothingShared`]).
pub fn check_shared_layers(shared: SharedLayers, config: &BertConfig) -> Result<(), StudyError> {
    if shared == SharedLayers::Everywhere && !config.shares_layers() {
        return Err(StudyError::NothingShared { family: config.model_type });
    }
    Ok(())
}

/// The layers in which a neuron of `layer` is lesioned, in a model of this many layers.
pub(crate) fn layers_of(shared: SharedLayers, layer: usize, layers: usize) -> Vec<usize> {
    match shared {
        SharedLayers::Here => vec![layer],
        SharedLayers::Everywhere => (0..layers).collect(),
    }
}

/// Spreads the lesioned neurons of some layers over all layers in which they are lesioned, in a model of this
/// many layers.
pub(crate) fn spread(
    shared: SharedLayers,
    lesioned: &[(usize, Arc<[usize]>)],
    layers: usize,
) -> LesionedLayers {
    match shared {
        SharedLayers::Here => lesioned.to_vec(),
        SharedLayers::Everywhere if lesioned.is_empty() => Vec::new(),
        SharedLayers::Everywhere => {
            let neurons: BTreeSet<usize> =
                lesioned.iter().flat_map(|(_, neurons)| neurons.iter().copied()).collect();
            let neurons = Arc::from_iter(neurons);
            (0..layers).map(|layer| (layer, Arc::clone(&neurons))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_of_any_layer_are_lesioned_in_every_one() {
        let lesioned = [(1, Arc::from([4, 7])), (2, Arc::from([0, 7]))];
        assert_eq!(spread(SharedLayers::Here, &lesioned, 3), lesioned);
        let all: Arc<[usize]> = Arc::from([0, 4, 7]);
        let everywhere = spread(SharedLayers::Everywhere, &lesioned, 3);
        assert_eq!(everywhere, [(0, all.clone()), (1, all.clone()), (2, all)]);
        assert!(spread(SharedLayers::Everywhere, &[], 3).is_empty());
    }
}
