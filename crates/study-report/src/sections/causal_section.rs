//! Lesions of single neurons.

use std::collections::BTreeMap;

use neuron_stats::{clustered_mean_interval, pearson};
use study_record::{
    Directness, FEWEST_TEMPLATES, LEVEL, Manifest, Part, PredictedAt, Range,
    tables::{CausalRow, PromptRow, Row as _},
};

use super::{
    absent_part::absence,
    looked_at::{count_looked_at, describe_choice, describe_drop},
};
use crate::{
    document::{
        cell::Cell,
        number_text::{NONE, fixed, mean, plural, quoted},
        report_table::Table,
        section::Section,
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

/// Neurons in the table of the strongest.
const STRONGEST: usize = 12;

pub(crate) fn causal_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("causal", "Single neurons");
    let Some(singles) = read_singles(study)? else {
        section.text(absence(study, Part::Causal, CausalRow::TABLE));
        return Ok(section);
    };
    let mut strongest: Vec<&SingleNeuron> = singles.iter().collect();
    strongest.sort_by(|a, b| b.drop().abs().total_cmp(&a.drop().abs()));
    let Some(first) = strongest.first() else {
        section.text("Not computed: no neuron of the layer carries a label, or no prompt does.");
        return Ok(section);
    };
    if let Some(explanation) = explain_direct_effects(&singles, study.manifest().prediction_place())
    {
        section.explanation(explanation);
    }
    section.table(singles_table(study.manifest(), &strongest));
    let layers: Vec<&[SingleNeuron]> = singles.chunk_by(|a, b| a.layer == b.layer).collect();
    let looked_at = study.manifest().causal_layers();
    if looked_at == 1 {
        section.finding(describe_correlations(&singles));
        return Ok(section);
    }
    section.table(layers_table(&layers));
    section.finding(describe_largest(first, singles.len(), looked_at));
    Ok(section)
}

/// A labelled neuron, lesioned by itself in the prompts of its own label.
struct SingleNeuron {
    layer: usize,
    neuron: usize,
    label: String,
    t: f64,
    directness: Option<Directness>,
    /// The margin drops, by the first template of each group.
    drops: BTreeMap<usize, Vec<f64>>,
    direct: Vec<f64>,
}

impl SingleNeuron {
    /// Number of prompts.
    fn prompts(&self) -> usize {
        self.drops.values().map(Vec::len).sum()
    }

    /// The mean margin drop.
    fn drop(&self) -> f64 {
        mean(self.drops.values().flatten().copied())
    }

    /// The mean direct margin drop; NaN if there is none.
    fn direct(&self) -> f64 {
        mean(self.direct.iter().copied())
    }

    /// The interval of the mean margin drop over templates, one of `intervals` that hold together; none
    /// with too few templates.
    fn interval(&self, intervals: usize) -> Option<Range> {
        if self.drops.len() < FEWEST_TEMPLATES {
            return None;
        }
        let clusters: Vec<Vec<f64>> = self.drops.values().cloned().collect();
        clustered_mean_interval(&clusters, 1.0 - LEVEL / intervals as f64).ok()
    }
}

/// A prompt's label, and the first template of its group.
type LabelAndCluster = (Option<String>, usize);

/// Reads the labelled neurons, by layer and number. They are gathered row by row: the table may have
/// millions of rows.
fn read_singles(study: &FinishedStudy<'_>) -> Result<Option<Vec<SingleNeuron>>, ReportError> {
    let Some(rows) = study.stream_if_written::<CausalRow>()? else { return Ok(None) };
    let prompts = read_prompts(study)?;
    let mut singles: BTreeMap<(usize, usize), SingleNeuron> = BTreeMap::new();
    for row in rows {
        let row = row?;
        let Some((label, cluster)) = prompts.get(&(row.prompt, row.position)) else { continue };
        if label.as_ref() != Some(&row.label) {
            continue;
        }
        let single = singles.entry((row.layer, row.neuron)).or_insert_with(|| SingleNeuron {
            layer: row.layer,
            neuron: row.neuron,
            label: row.label,
            t: row.t,
            directness: row.direct,
            drops: BTreeMap::new(),
            direct: Vec::new(),
        });
        single.drops.entry(*cluster).or_default().push(row.margin_drop);
        single.direct.extend(row.direct_margin_drop);
    }
    Ok(Some(singles.into_values().collect()))
}

/// The prompts by template and position.
fn read_prompts(
    study: &FinishedStudy<'_>,
) -> Result<BTreeMap<(usize, usize), LabelAndCluster>, ReportError> {
    let mut first_of_group: BTreeMap<String, usize> = BTreeMap::new();
    let mut prompts = BTreeMap::new();
    for row in study.rows::<PromptRow>()? {
        let cluster = match row.group {
            Some(group) => *first_of_group.entry(group).or_insert(row.prompt),
            None => row.prompt,
        };
        prompts.insert((row.prompt, row.position), (row.label, cluster));
    }
    Ok(prompts)
}

/// The meaning of direct effects, if there are any.
fn explain_direct_effects(singles: &[SingleNeuron], place: PredictedAt) -> Option<String> {
    let linearised =
        "linearised: LayerNorm scales and any activation function of the head are frozen";
    let is_any = |directness| singles.iter().any(|single| single.directness == Some(directness));
    let how = match (is_any(Directness::Exact), is_any(Directness::Linearised)) {
        (false, false) => return None,
        (true, false) => "exact".to_owned(),
        (false, true) => linearised.to_owned(),
        (true, true) => format!("exact in the last layer, and below it {linearised}"),
    };
    Some(format!(
        "The direct effect of a neuron is the effect of its output on the words at {}, with no \
         later attention or MLP reacting. It is {how}.",
        place.token()
    ))
}

/// The correlations of the neurons' mean margin drops with |t| and with their direct effects; none of
/// the latter without direct effects.
fn correlations(singles: &[SingleNeuron]) -> (String, Option<String>) {
    let drops: Vec<f64> = singles.iter().map(SingleNeuron::drop).collect();
    let correlation = |values: Vec<f64>| match pearson(&drops, &values) {
        r if r.is_finite() => fixed(r, 2),
        _ => NONE.to_owned(),
    };
    let with_t = correlation(singles.iter().map(|single| single.t.abs()).collect());
    let has_direct = singles.iter().any(|single| single.directness.is_some());
    let with_direct =
        has_direct.then(|| correlation(singles.iter().map(SingleNeuron::direct).collect()));
    (with_t, with_direct)
}

fn describe_correlations(singles: &[SingleNeuron]) -> String {
    let (with_t, with_direct) = correlations(singles);
    let direct = match with_direct {
        Some(r) => format!(" and with the direct effects at {r}"),
        None => String::new(),
    };
    format!(
        "The mean margin drops of {} of layer {} correlate with |t| at {with_t}{direct}.",
        plural(singles.len(), "labelled neuron"),
        singles[0].layer
    )
}

/// The largest of the effects of `neurons` neurons in several layers.
fn describe_largest(single: &SingleNeuron, neurons: usize, layers: usize) -> String {
    let interval = single.interval(neurons);
    format!(
        "Of {} in {}, neuron {} of layer {} ({}) has the largest effect: {}.{}",
        plural(neurons, "labelled neuron"),
        count_looked_at(layers, "layer"),
        single.neuron,
        single.layer,
        quoted(&single.label),
        describe_drop(single.drop(), interval, neurons),
        describe_choice(interval)
    )
}

/// The neurons of each layer: the largest effect, and how effects correlate with t and direct effects.
fn layers_table(layers: &[&[SingleNeuron]]) -> Table {
    let caption = "The neurons of each layer: the largest mean margin drop, in either direction, and \
                   the correlations of all drops with |t| and with the direct effects.";
    let columns =
        ["layer", "neurons", "largest drop", "of neuron", "label", "r with |t|", "r with direct"];
    let mut table =
        Table::new("singles-layers", &[CausalRow::TABLE.file], caption, columns).on_screen();
    for singles in layers {
        let largest = singles.iter().max_by(|a, b| a.drop().abs().total_cmp(&b.drop().abs()));
        let Some(largest) = largest else { continue };
        let (with_t, with_direct) = correlations(singles);
        table.row([
            Cell::count(largest.layer),
            Cell::count(singles.len()),
            Cell::number(largest.drop(), 3),
            Cell::count(largest.neuron),
            Cell::text(&largest.label),
            Cell::text(with_t),
            Cell::text(with_direct.unwrap_or_else(|| NONE.to_owned())),
        ]);
    }
    table
}

fn singles_table(manifest: &Manifest, strongest: &[&SingleNeuron]) -> Table {
    let caption = format!(
        "The neurons with the largest effects, in either direction, each lesioned by itself: mean margin \
         drops in {} over the prompts of its label.",
        manifest.study.score.unit()
    );
    let columns = ["layer", "neuron", "label", "prompts", "margin drop", "direct", "t"];
    let mut table = Table::new("singles", &[CausalRow::TABLE.file], caption, columns).on_screen();
    for single in strongest.iter().take(STRONGEST) {
        table.row([
            Cell::count(single.layer),
            Cell::count(single.neuron),
            Cell::text(&single.label),
            Cell::count(single.prompts()),
            Cell::number(single.drop(), 3),
            Cell::number(single.direct(), 3),
            Cell::number(single.t, 2),
        ]);
    }
    table
}
