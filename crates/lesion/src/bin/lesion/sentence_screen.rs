//! Output for a terminal about the neurons of one sentence.

use std::io::{self, Write};

use comfy_table::CellAlignment::{Left as L, Right as R};
use lesion::{ActiveStimulus, EachAnswer, ViewAnswer};
use lesion_eval::{MaskEffects, NeuronView, SentenceView, WrittenWords};

use crate::{
    screen::{BOLD, plural, table},
    terminal::printable,
};

/// Neurons of a list that are shown.
const SHOWN_NEURONS: usize = 20;
/// Up to so many neurons, each is shown at every token; more are shown at the predictions only.
const NEURONS_IN_FULL: usize = 3;

/// Writes what neurons do in a sentence.
pub(crate) fn write_view(out: &mut impl Write, answer: &ViewAnswer) -> io::Result<()> {
    let ViewAnswer { view, stimuli } = answer;
    if view.neurons.len() > NEURONS_IN_FULL {
        return write_neurons(out, view);
    }
    for (neuron, stimuli) in view.neurons.iter().zip(stimuli) {
        write_neuron(out, view, neuron, stimuli)?;
    }
    Ok(())
}

/// Writes many neurons, one line each.
fn write_neurons(out: &mut impl Write, view: &SentenceView) -> io::Result<()> {
    for (index, &mask) in view.masks.iter().enumerate() {
        writeln!(out, "\n{BOLD}Neurons at token {mask}{BOLD:#}")?;
        let header = ["layer", "neuron", "pre", "post", "raises", "lowers"];
        let mut rows = table(&header, &[R, R, R, R, L, L]);
        for neuron in &view.neurons {
            let WrittenWords { raised, lowered } = &neuron.written[index];
            rows.add_row([
                neuron.layer.to_string(),
                neuron.neuron.to_string(),
                format!("{:.3}", neuron.pre[mask]),
                format!("{:.3}", neuron.post[mask]),
                name_words(&raised[..raised.len().min(3)]),
                name_words(&lowered[..lowered.len().min(3)]),
            ]);
        }
        writeln!(out, "{rows}")?;
    }
    writeln!(out, "Words: the logits that a neuron adds to and takes from here, most first.")
}

/// Writes one neuron at every token.
fn write_neuron(
    out: &mut impl Write,
    view: &SentenceView,
    neuron: &NeuronView,
    stimuli: &[ActiveStimulus],
) -> io::Result<()> {
    let NeuronView { layer, neuron: number, .. } = neuron;
    writeln!(out, "\n{BOLD}Neuron {number} of layer {layer}{BOLD:#}")?;
    let mut rows = table(&["", "token", "pre", "post"], &[R, L, R, R]);
    for (position, token) in view.tokens.iter().enumerate() {
        rows.add_row([
            position.to_string(),
            printable(token).into_owned(),
            format!("{:.3}", neuron.pre[position]),
            format!("{:.3}", neuron.post[position]),
        ]);
    }
    writeln!(out, "{rows}")?;
    for (mask, written) in view.masks.iter().zip(&neuron.written) {
        writeln!(out, "Adds to logits at token {mask}: {}.", list_words(&written.raised))?;
        writeln!(out, "Takes from logits at token {mask}: {}.", list_words(&written.lowered))?;
    }
    let WrittenWords { raised, lowered } = &neuron.weights;
    writeln!(out, "Its weights favour, in any sentence: {}.", list_words(raised))?;
    writeln!(out, "Its weights oppose, in any sentence: {}.", list_words(lowered))?;
    if stimuli.is_empty() {
        return Ok(());
    }
    writeln!(out, "Most active (post) at the target of these bundled stimuli:")?;
    for ActiveStimulus { sentence, label, post } in stimuli {
        writeln!(out, "  {post:>7.3}  {}: {}", printable(label), printable(sentence))?;
    }
    Ok(())
}

/// Words, with how much each is changed.
fn list_words(words: &[(String, f32)]) -> String {
    if words.is_empty() {
        return "no word".to_owned();
    }
    let list = words.iter().map(|(word, amount)| format!("{} {amount:+.3}", printable(word)));
    list.collect::<Vec<_>>().join(", ")
}

fn name_words(words: &[(String, f32)]) -> String {
    words.iter().map(|(word, _)| printable(word).into_owned()).collect::<Vec<_>>().join(" ")
}

/// Writes the effects of neurons, each lesioned by itself.
pub(crate) fn write_each(out: &mut impl Write, answer: &EachAnswer) -> io::Result<()> {
    for mask in &answer.masks {
        write_single_lesions(out, mask)?;
    }
    Ok(())
}

fn write_single_lesions(out: &mut impl Write, mask: &MaskEffects) -> io::Result<()> {
    let MaskEffects { position, word, others, margin, neurons } = mask;
    writeln!(out, "\n{BOLD}Each neuron by itself, at token {position}{BOLD:#}")?;
    let quoted: Vec<String> =
        others.iter().map(|word| format!("\"{}\"", printable(word))).collect();
    writeln!(
        out,
        "The margin of \"{}\" over {} is {margin:.3}; a positive drop lowers it.",
        printable(word),
        quoted.join(" or ")
    )?;
    let header = ["layer", "neuron", "pre", "post", "margin drop", "direct", "logit drop"];
    let mut rows = table(&header, &[R, R, R, R, R, R, R]);
    for effect in neurons.iter().take(SHOWN_NEURONS) {
        let direct = effect.direct.map(|(drops, _)| format!("{:+.4}", drops.margin));
        rows.add_row([
            effect.layer.to_string(),
            effect.neuron.to_string(),
            format!("{:.3}", effect.pre),
            format!("{:.3}", effect.post),
            format!("{:+.4}", effect.drops.margin),
            direct.unwrap_or_default(),
            format!("{:+.4}", effect.drops.logit),
        ]);
    }
    writeln!(out, "{rows}")?;
    if neurons.len() > SHOWN_NEURONS {
        let others = neurons.len() - SHOWN_NEURONS;
        writeln!(
            out,
            "{} more with a smaller effect; --json lists them.",
            plural(others, "neuron")
        )?;
    }
    Ok(())
}
