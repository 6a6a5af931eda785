//! Parts 4 to 9: the laboratory.

use std::{collections::BTreeMap, io::Write};

use anyhow::Result;
use lesion_eval::{
    Controlled, Dissociation, Dose, Dynamic, Joint, LayerPattern, LayerProfile, MaskedPrompt,
    NeuronEffects, NeuronSets, PatternKind, SetKind, holds,
};
use neuron_stats::pearson;
use study_report::LEVEL;

use super::{L, R, SHOWN, table};
use crate::study::Study;

pub(crate) fn controls(
    out: &mut impl Write,
    study: &Study,
    controlled: &[Controlled],
    profile: &[LayerProfile],
) -> Result<()> {
    let manner = study.manner();
    writeln!(
        out,
        "\n4. Every layer by itself, with controls: {} neurons of each label, lesion {} ({}, {}), \
         against {} random sets of each kind; mean margin drops",
        rule(study),
        manner.kind,
        manner.site,
        manner.tokens,
        study.controls.nulls
    )?;
    let header = [
        "layer",
        "set",
        "neurons",
        "prompts",
        "matched",
        "falls in",
        "swapped",
        "least tuned",
        "95 % of random",
        "95 % as active",
        "p corrected",
    ];
    let mut rows = table(&header, &[R, L, R, R, R, R, R, R, R, R, R]);
    for (of, profile) in controlled.iter().zip(profile) {
        let drop =
            |kind| of.mean(kind).map_or("-".to_owned(), |drops| format!("{:.3}", drops.margin));
        let band = |kind| match of.band(kind) {
            Some((low, high)) => format!("{low:.3} to {high:.3}"),
            None => "unavailable".to_owned(),
        };
        rows.add_row([
            of.layer.to_string(),
            of.label.clone(),
            profile.neurons.to_string(),
            profile.prompts.to_string(),
            drop(SetKind::Matched),
            profile.falls.to_string(),
            drop(SetKind::Swapped),
            drop(SetKind::LeastTuned),
            band(SetKind::Random),
            if of.has_alikes() { band(SetKind::RandomActive) } else { "unavailable".to_owned() },
            profile.p_corrected.map_or("-".to_owned(), |p| format!("{p:.4}")),
        ]);
    }
    writeln!(out, "{rows}")?;
    for of in controlled {
        let Controlled { layer, label, .. } = of;
        if let Some(reason) = &of.unavailable {
            writeln!(out, "Control unavailable in layer {layer} for \"{label}\": {reason}.")?;
        } else if let Some(ratio) = of.activity_ratio()
            && !of.has_alikes()
        {
            writeln!(
                out,
                "Control by activity unavailable in layer {layer} for \"{label}\": the nearest \
                 other neurons are {:.0} % as active at the mask.",
                100.0 * ratio
            )?;
        }
    }
    writeln!(out, "\n{}", finding(study, controlled, profile))?;
    Ok(())
}

fn rule(study: &Study) -> String {
    use lesion_eval::SetRule::{Share, Significant, Top};
    if study.lesion.neurons.is_some() {
        return "the given".to_owned();
    }
    let strength = study.lesion.strength;
    match study.lesion.sets {
        Significant => "all significant".to_owned(),
        Top(count) => format!("the {count} strongest (|{strength}|)"),
        Share(share) => {
            format!(
                "equally many, at most {:.0} % of the layer, the strongest (|{strength}|)",
                100.0 * share
            )
        }
    }
}

fn finding(study: &Study, controlled: &[Controlled], profile: &[LayerProfile]) -> String {
    let tested: Vec<&LayerProfile> = profile.iter().filter(|of| of.p_corrected.is_some()).collect();
    let n = tested.len();
    if n == 0 {
        return "Found: no controls could be made, so nothing can be said about other neurons."
            .to_owned();
    }
    let draws = study.controls.nulls;
    if n as f64 / f64::from(1 + draws) > LEVEL {
        return format!(
            "Found: {draws} random sets are too few to tell any of {n} lesions from them at \
             {LEVEL}; --nulls {} would do.",
            (n as f64 / LEVEL).ceil()
        );
    }
    let stands =
        |of: &&&LayerProfile| of.drop.margin > 0.0 && of.p_corrected.is_some_and(|p| p <= LEVEL);
    let beyond: Vec<&&LayerProfile> = tested.iter().filter(stands).collect();
    if beyond.is_empty() {
        return format!(
            "Found: of no matched lesion is it shown that it lowers the right word's margin more \
             than random sets of the same size do (Holm over {n} layers and labels, {LEVEL}). No \
             effect above survives its controls."
        );
    }
    let names: Vec<String> =
        beyond.iter().map(|of| format!("{} ({})", of.layer, of.label)).collect();
    let (falls, prompts) =
        beyond.iter().fold((0, 0), |(falls, prompts), of| (falls + of.falls, prompts + of.prompts));
    let unlike: Vec<String> = beyond
        .iter()
        .filter(|of| !of.has_alikes)
        .map(|of| format!("{} ({})", of.layer, of.label))
        .collect();
    let against = match unlike.len() {
        0 => "as active ones or not".to_owned(),
        _ => format!(
            "as active ones or not; for {} there are no others as active",
            unlike.join(", ")
        ),
    };
    let few = if controlled.iter().all(|of| of.prompts.len() == 1) {
        " Each is one sentence: assets/studies/controlled.toml asks the same of 212 prompts."
    } else {
        ""
    };
    format!(
        "Found: in {} of {n} cases, a layer and a label each, the matched lesion lowers the right \
         word's margin more than random sets of the same size do, {against} (Holm, {LEVEL}): {}. \
         There the margin falls in {falls} of {prompts} prompts ({:.1} %). Of the others it is not \
         shown.{few}",
        beyond.len(),
        names.join(", "),
        100.0 * f64::from(u32::try_from(falls).unwrap_or(u32::MAX)) / prompts.max(1) as f64,
    )
}

pub(crate) fn dissociation(out: &mut impl Write, found: &[Dissociation]) -> Result<()> {
    writeln!(
        out,
        "\n5. Double dissociation: mean margin drop in a label's own prompts less that in the \
         other's, 95 % interval over templates"
    )?;
    if found.is_empty() {
        writeln!(
            out,
            "Unavailable: it takes prompts of both labels and, in some layer, sets of equal size."
        )?;
        return Ok(());
    }
    if found.iter().all(|of| of.interval.is_none()) {
        writeln!(
            out,
            "Unavailable: the prompts come from too few templates for an interval; it takes 10 of \
             each label."
        )?;
        return Ok(());
    }
    let header = ["layer", "set", "neurons", "own", "other", "difference", "interval"];
    let mut rows = table(&header, &[R, L, R, R, R, R, R]);
    for of in found {
        rows.add_row([
            of.layer.to_string(),
            of.label.clone(),
            of.neurons.to_string(),
            format!("{:.3}", of.drop[0].margin),
            format!("{:.3}", of.drop[1].margin),
            format!("{:.3}", of.difference()),
            interval(of.interval),
        ]);
    }
    writeln!(out, "{rows}")?;
    let mut layers: Vec<usize> = found.iter().map(|of| of.layer).collect();
    layers.dedup();
    let double: Vec<String> =
        layers.iter().filter(|&&layer| holds(found, layer)).map(usize::to_string).collect();
    let where_ = match double.len() {
        0 => "in no layer".to_owned(),
        1 => format!("in layer {}", double[0]),
        _ => format!("in layers {}", double.join(", ")),
    };
    writeln!(
        out,
        "Found: the neurons of both labels lower the margin of their own prompts, and more than \
         that of the others', {where_} of {} looked at.",
        layers.len()
    )?;
    Ok(())
}

fn interval(interval: Option<(f64, f64)>) -> String {
    interval.map_or("-".to_owned(), |(low, high)| format!("{low:.3} to {high:.3}"))
}

pub(crate) fn joint(out: &mut impl Write, found: &[Joint]) -> Result<()> {
    writeln!(out, "\n6. Several layers at once, against the sum of each by itself (margin drops)")?;
    let header = [
        "layers",
        "set",
        "neurons",
        "together",
        "sum",
        "synergy",
        "interval",
        "right word clean",
        "lesioned",
    ];
    let mut rows = table(&header, &[L, L, R, R, R, R, R, R, R]);
    for of in found.iter().filter(|of| of.pattern.kind != PatternKind::Single) {
        rows.add_row([
            of.pattern.name(),
            of.label.clone(),
            of.neurons.to_string(),
            format!("{:.3}", of.drop.margin),
            format!("{:.3}", of.sum.margin),
            format!("{:.3}", of.synergy()),
            interval(of.synergy_interval),
            format!("{:.4}", of.prob.0),
            format!("{:.4}", of.prob.1),
        ]);
    }
    if rows.row_count() == 0 {
        writeln!(out, "Unavailable: it takes two layers.")?;
        return Ok(());
    }
    writeln!(out, "{rows}")?;
    let most = |of: &&Joint| of.pattern.layers.len();
    let largest = found.iter().map(|of| most(&of)).max().unwrap_or_default();
    for of in found.iter().filter(|of| most(of) == largest && of.neurons > 0) {
        writeln!(
            out,
            "Found: with {} \"{}\" neurons of the layers {} lesioned together, the right word's mean \
             probability is {:.4}, and {:.4} without.",
            of.neurons,
            of.label,
            of.pattern.name(),
            of.prob.1,
            of.prob.0
        )?;
    }
    Ok(())
}

pub(crate) fn dose(out: &mut impl Write, layer: usize, doses: &[Dose]) -> Result<()> {
    writeln!(
        out,
        "\n7. More and more neurons of layer {layer}, the strongest first (margin drops)"
    )?;
    let mut rows = table(&["neurons", "set", "matched", "swapped", "random"], &[R, L, R, R, R]);
    if doses.is_empty() {
        writeln!(out, "Unavailable: no neuron of the layer carries a label, or no prompt does.")?;
        return Ok(());
    }
    for cell in doses.chunk_by(|a, b| (&a.label, a.neurons) == (&b.label, b.neurons)) {
        let (label, neurons) = (&cell[0].label, cell[0].neurons);
        let mut kinds: BTreeMap<SetKind, Vec<f64>> = BTreeMap::new();
        for dose in cell {
            kinds.entry(dose.kind).or_default().push(dose.drop.margin);
        }
        let mean = |kind| match kinds.get(&kind) {
            Some(drops) => format!("{:.3}", drops.iter().sum::<f64>() / drops.len() as f64),
            None => "-".to_owned(),
        };
        rows.add_row([
            neurons.to_string(),
            label.clone(),
            mean(SetKind::Matched),
            mean(SetKind::Swapped),
            mean(SetKind::Random),
        ]);
    }
    writeln!(out, "{rows}")?;
    Ok(())
}

pub(crate) fn causal(
    out: &mut impl Write,
    prompts: &[MaskedPrompt],
    found: &NeuronEffects,
) -> Result<()> {
    let beside = match (found.exact, found.effects.iter().any(|of| of.direct.is_some())) {
        (_, false) => "",
        (true, _) => ", beside its direct effect (exact)",
        _ => ", beside its direct effect (linearised: LayerNorm scales and the head's GELU frozen)",
    };
    writeln!(out, "\n8. Every labelled neuron of layer {} by itself{beside}", found.layer)?;
    for of_prompt in found.effects.chunk_by(|a, b| a.prompt == b.prompt).take(SHOWN) {
        let prompt = &prompts[of_prompt[0].prompt];
        let drops: Vec<f64> = of_prompt.iter().map(|of| of.drop.margin).collect();
        let direct: Option<Vec<f64>> = of_prompt.iter().map(|of| Some(of.direct?.margin)).collect();
        let correlated = |with: &[f64]| {
            let found = pearson(&drops, with);
            if found.is_finite() { format!("{found:.2}") } else { "no figure".to_owned() }
        };
        let direct = direct.map_or(String::new(), |direct| {
            format!("with the direct effects at {}, ", correlated(&direct))
        });
        let t: Vec<f64> = of_prompt.iter().map(|of| of.test.t.abs()).collect();
        let strongest = of_prompt.iter().max_by(|a, b| a.drop.margin.total_cmp(&b.drop.margin));
        let Some(strongest) = strongest else { continue };
        writeln!(
            out,
            "   prompt {}, \"{}\": {} neurons; the strongest is {} ({}), margin drop {:.3}. The \
             drops correlate {direct}with |t| at {}.",
            prompt.prompt,
            prompt.target(),
            of_prompt.len(),
            strongest.neuron,
            strongest.label,
            strongest.drop.margin,
            correlated(&t),
        )?;
    }
    Ok(())
}

pub(crate) fn dynamic(
    out: &mut impl Write,
    found: &Dynamic,
    sets: &NeuronSets,
    patterns: &[LayerPattern],
    joint: Option<&[Joint]>,
) -> Result<()> {
    let same = (0..sets.layers())
        .filter(|&layer| {
            sets.labels().iter().all(|label| found.sets.set(layer, label) == sets.set(layer, label))
        })
        .count();
    write!(
        out,
        "\n9. Dynamic hooks: one pass that selects and lesions layer by layer found the same \
         neurons as two passes in {same} of {} layers",
        sets.layers()
    )?;
    let mut differences = Vec::new();
    for of in joint.unwrap_or_default() {
        let Some(pattern) = patterns.iter().position(|own| *own == of.pattern) else { continue };
        for (prompt, two) in of.prompts.iter().zip(&of.outcomes) {
            let Some(place) = found.prompts.iter().position(|own| own == prompt) else { continue };
            let one = &found.outcomes[pattern][place];
            differences.push(f64::from((one.lesioned.logits[0] - two.lesioned.logits[0]).abs()));
        }
    }
    let worst = differences.iter().copied().fold(0.0, f64::max);
    match differences.len() {
        0 => writeln!(out, ".")?,
        n if worst == 0.0 => writeln!(out, ", and the same logits in {n} lesions, to the bit.")?,
        n => writeln!(
            out,
            "; the right word's logits in {n} lesions differ by {worst:.1e} at most."
        )?,
    }
    Ok(())
}
