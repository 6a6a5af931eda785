//! Neurons by number.

use lesion::{LesionRequest, Session};
use lesion_eval::{NeuronSets, draw_random_set, strongest_neurons};
use serde::Serialize;
use study_record::{SetRule, Strength};

use crate::{
    contrast_answers::check_layer,
    lab_question::{NeuronChoice, read_neurons},
    one_line::Problem,
    page_watch::PageWatch,
};

#[derive(Serialize)]
pub(crate) struct LayerSet {
    layer: usize,
    neurons: Vec<usize>,
}

/// The neurons of a choice.
pub(crate) fn choose(session: &Session, choice: &NeuronChoice) -> Result<Vec<LayerSet>, Problem> {
    let mut watch = PageWatch::default();
    let [layers, width] = session.shape();
    match choice {
        NeuronChoice::Named { neurons } => {
            let request = LesionRequest::zero(read_neurons(neurons)?);
            let lesion = session.resolve(&request, &mut watch.stages())?;
            Ok(lesion.layers.iter().map(|(layer, set)| LayerSet::new(*layer, set)).collect())
        }
        NeuronChoice::Strongest { layer, count, label } => {
            check_layer(*layer, layers)?;
            let responses = session.responses(&mut watch.stages())?;
            let selection = &responses.selection;
            let Some(label) = label else {
                let strongest = strongest_neurons(selection, *layer, *count, Strength::T);
                return Ok(vec![LayerSet::new(*layer, &strongest)]);
            };
            let sets = NeuronSets::choose(selection, SetRule::Top(*count), Strength::T);
            Ok(vec![LayerSet::new(*layer, &sets.set(*layer, label))])
        }
        &NeuronChoice::Random { layer, count, number, seed } => {
            check_layer(layer, layers)?;
            let set = draw_random_set((layer, width), count, seed, number);
            Ok(vec![LayerSet::new(layer, &set)])
        }
    }
}

impl LayerSet {
    fn new(layer: usize, neurons: &[usize]) -> Self {
        Self { layer, neurons: neurons.to_vec() }
    }
}
