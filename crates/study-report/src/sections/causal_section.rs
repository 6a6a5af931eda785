//! Lesions of single neurons.

use std::collections::BTreeMap;

use neuron_stats::pearson;
use study_record::{
    Directness, Part,
    tables::{CausalRow, PromptRow, Row as _},
};

use super::absent_part::absence;
use crate::{
    document::{
        cell::Cell,
        number_text::{NONE, fixed, mean, plural},
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
    let Some(singles) = Singles::read(study)? else {
        section.text(absence(study, Part::Causal, CausalRow::TABLE));
        return Ok(section);
    };
    let mut neurons: Vec<(&usize, &SingleNeuron)> = singles.neurons.iter().collect();
    neurons.sort_by(|(_, a), (_, b)| b.drop().abs().total_cmp(&a.drop().abs()));
    if neurons.is_empty() {
        section.text("Not computed: no neuron of the layer carries a label, or no prompt does.");
        return Ok(section);
    }
    if let Some(directness) = singles.direct {
        section.explanation(format!(
            "The direct effect of a neuron is the effect of its output on the words at the mask, \
             with no later attention or MLP reacting. It is {}.",
            match directness {
                Directness::Exact => "exact",
                Directness::Linearised => {
                    "linearised: LayerNorm scales and the head\u{2019}s GELU are frozen"
                }
            }
        ));
    }
    section.table(singles_table(&neurons));
    let drops: Vec<f64> = neurons.iter().map(|(_, single)| single.drop()).collect();
    let correlation = |values: Vec<f64>| match pearson(&drops, &values) {
        r if r.is_finite() => fixed(r, 2),
        _ => NONE.to_owned(),
    };
    let direct = if singles.direct.is_some() {
        let direct = neurons.iter().map(|(_, single)| single.direct()).collect();
        format!(" and with the direct effects at {}", correlation(direct))
    } else {
        String::new()
    };
    section.finding(format!(
        "The mean margin drops of {} of layer {} correlate with |t| at {}{direct}.",
        plural(neurons.len(), "labelled neuron"),
        singles.layer,
        correlation(neurons.iter().map(|(_, single)| single.t.abs()).collect())
    ));
    Ok(section)
}

/// A labelled neuron, lesioned by itself in the prompts of its own label.
struct SingleNeuron {
    label: String,
    t: f64,
    drops: Vec<f64>,
    direct: Vec<f64>,
}

impl SingleNeuron {
    /// The mean margin drop.
    fn drop(&self) -> f64 {
        mean(self.drops.iter().copied())
    }

    /// The mean direct margin drop; NaN if there is none.
    fn direct(&self) -> f64 {
        mean(self.direct.iter().copied())
    }
}

/// Every labelled neuron of a layer.
#[derive(Default)]
struct Singles {
    layer: usize,
    direct: Option<Directness>,
    neurons: BTreeMap<usize, SingleNeuron>,
}

impl Singles {
    /// Gathers the neurons row by row: the table may have millions of rows.
    fn read(study: &FinishedStudy<'_>) -> Result<Option<Self>, ReportError> {
        let Some(rows) = study.stream_if_written::<CausalRow>()? else { return Ok(None) };
        let prompts: Vec<PromptRow> = study.rows()?;
        let labels: BTreeMap<(usize, usize), Option<String>> =
            prompts.into_iter().map(|row| ((row.prompt, row.position), row.label)).collect();
        let mut singles = Self::default();
        for row in rows {
            let row = row?;
            let label = labels.get(&(row.prompt, row.position)).and_then(Option::as_ref);
            if label == Some(&row.label) {
                singles.push(row);
            }
        }
        Ok(Some(singles))
    }

    fn push(&mut self, row: CausalRow) {
        self.layer = row.layer;
        self.direct = row.direct;
        let single = self.neurons.entry(row.neuron).or_insert_with(|| SingleNeuron {
            label: row.label,
            t: row.t,
            drops: Vec::new(),
            direct: Vec::new(),
        });
        single.drops.push(row.margin_drop);
        single.direct.extend(row.direct_margin_drop);
    }
}

fn singles_table(neurons: &[(&usize, &SingleNeuron)]) -> Table {
    let caption = "The neurons with the largest effects, in either direction, each lesioned by \
                   itself: mean margin drops in logits over the prompts of its label.";
    let columns = ["neuron", "label", "prompts", "margin drop", "direct", "t"];
    let mut table = Table::new("singles", &[CausalRow::TABLE.file], caption, columns).on_screen();
    for (neuron, single) in neurons.iter().take(STRONGEST) {
        table.row([
            Cell::count(**neuron),
            Cell::text(&single.label),
            Cell::count(single.drops.len()),
            Cell::number(single.drop(), 3),
            Cell::number(single.direct(), 3),
            Cell::number(single.t, 2),
        ]);
    }
    table
}
