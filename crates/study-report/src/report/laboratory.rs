//! Joint lesions, doses, single neurons, and one pass against two.

use neuron_stats::pearson;

use super::absent;
use crate::{
    ReportError, Study,
    causal::{Single, Singles},
    figures,
    number::{NONE, count, fixed, plural},
    page::{Cell, Section, Table},
    rows::{Dynamic, Joint},
};

/// Neurons in the table of the strongest.
const STRONGEST: usize = 12;

pub(super) fn section(study: &Study) -> Result<Section, ReportError> {
    let mut section = Section::new("laboratory", "Further lesions");
    section.heading("Several layers at once");
    match &study.joint {
        None => absent(&mut section, "joint", "joint.csv"),
        Some(rows) => match figures::joint(study, rows)? {
            None => {
                section.text("Unavailable: it takes neurons in two layers.");
            }
            Some(figure) => {
                section.figure(figure);
                section.table(joint(rows));
            }
        },
    }
    section.heading("More and more neurons");
    match &study.doses {
        None => absent(&mut section, "dose", "dose.csv"),
        Some(rows) => match figures::dose(study, rows)? {
            None => {
                section.text(
                    "Unavailable: no neuron of the layer carries a label, or no prompt does.",
                );
            }
            Some(figure) => {
                section.figure(figure);
            }
        },
    }
    section.heading("Single neurons");
    match &study.singles {
        None => absent(&mut section, "causal", "neurons_causal.csv"),
        Some(found) => singles(&mut section, found),
    }
    section.heading("Selection and lesion in one pass");
    match &study.dynamic {
        None => absent(&mut section, "dynamic", "dynamic.csv"),
        Some(rows) => dynamic(&mut section, study, rows),
    }
    Ok(section)
}

fn joint(rows: &[Joint]) -> Table {
    let columns = [
        "layers",
        "set",
        "#neurons",
        "#together",
        "#sum of single",
        "#synergy",
        "#95 % interval",
        "#right word clean",
        "#lesioned",
    ];
    let mut table = Table::new(
        "joint",
        "Mean margin drops in logits. Synergy is what the layers do together less the sum of \
         each; below 0 they share their effect. The last two columns are mean probabilities of \
         the right word.",
        &columns,
    );
    for of in rows.iter().filter(|of| of.depth() > 1) {
        table.row([
            Cell::text(&of.layers),
            Cell::text(&of.neuron_set),
            Cell::count(of.neurons),
            Cell::number(of.margin_drop, 3),
            Cell::number(of.sum_of_single, 3),
            Cell::number(of.synergy, 3),
            Cell::interval(of.interval()),
            Cell::number(of.prob_clean, 4),
            Cell::number(of.prob_lesioned, 4),
        ]);
    }
    table.from(&["joint.csv"])
}

fn singles(section: &mut Section, found: &Singles) {
    let drops: Vec<f64> = found.neurons.values().map(Single::drop).collect();
    let correlation = |with: Vec<f64>| match pearson(&drops, &with) {
        r if r.is_finite() => fixed(r, 2),
        _ => NONE.to_owned(),
    };
    let direct = match found.exact {
        None => String::new(),
        Some(exact) => format!(
            " Its direct effect is what it writes to the words at the mask, with no later \
             attention or MLP reacting ({}); drops and direct effects correlate at {}.",
            if exact {
                "exact"
            } else {
                "linearised: LayerNorm scales and the head\u{2019}s GELU frozen"
            },
            correlation(found.neurons.values().map(Single::direct).collect())
        ),
    };
    section.text(format!(
        "Every labelled neuron of layer {} by itself, in the prompts of its own label: {}. The \
         mean margin drops correlate with |t| at {}.{direct}",
        found.layer,
        plural(found.neurons.len(), "neuron"),
        correlation(found.neurons.values().map(|of| of.t.abs()).collect()),
    ));
    let mut table = Table::new(
        "singles",
        "The neurons that do most by themselves, in either direction: mean margin drops in logits \
         over the prompts of their label.",
        &["#neuron", "label", "#prompts", "#margin drop", "#direct", "#t"],
    );
    let mut neurons: Vec<_> = found.neurons.iter().collect();
    neurons.sort_by(|a, b| b.1.drop().abs().total_cmp(&a.1.drop().abs()));
    for (neuron, of) in neurons.into_iter().take(STRONGEST) {
        table.row([
            Cell::count(*neuron),
            Cell::text(&of.label),
            Cell::count(of.prompts()),
            Cell::number(of.drop(), 3),
            Cell::number(of.direct(), 3),
            Cell::number(of.t, 2),
        ]);
    }
    section.table(table.from(&["neurons_causal.csv"]));
}

fn dynamic(section: &mut Section, study: &Study, rows: &[Dynamic]) {
    let joint = study.joint.as_deref().unwrap_or_default();
    let prompts: std::collections::BTreeSet<_> =
        rows.iter().map(|of| (of.prompt, of.position)).collect();
    section.text(format!(
        "In each layer the stimuli pass first, unlesioned; the neurons that they select are set \
         to 0 in the prompts, and both go on. {} in {}.",
        plural(rows.len(), "lesion"),
        plural(prompts.len(), "prompt")
    ));
    let means: Vec<(&Joint, f64, bool)> = joint
        .iter()
        .filter_map(|two| {
            let own = |of: &&Dynamic| {
                (&of.pattern, &of.layers, &of.neuron_set)
                    == (&two.pattern, &two.layers, &two.neuron_set)
            };
            let drops: Vec<&Dynamic> = rows.iter().filter(own).collect();
            let first = drops.first()?;
            let mean = crate::number::mean(drops.iter().map(|of| of.margin_drop));
            Some((two, mean, first.neurons == two.neurons))
        })
        .collect();
    if means.is_empty() {
        section.text(
            "The part \u{201c}joint\u{201d} did not run, so there are no two passes to compare \
             with.",
        );
        return;
    }
    let same = means.iter().filter(|of| of.2).count();
    let worst = means.iter().map(|of| (of.1 - of.0.margin_drop).abs()).fold(0.0, f64::max);
    section.text(format!(
        "One pass and the two of joint.csv lesion equally many neurons in {} of {} patterns, and \
         their mean margin drops differ by {worst:.1e} at most.",
        count(same),
        count(means.len())
    ));
}
