//! Selection and lesion in one pass.

use std::collections::{BTreeMap, BTreeSet};

use study_record::{
    Part, PatternKind,
    tables::{DynamicRow, JointRow, Row as _},
};

use super::absent_part::absence;
use crate::{
    document::{
        number_text::{count, mean, plural, quoted},
        section::Section,
    },
    error::ReportError,
    finished_study::FinishedStudy,
};

pub(crate) fn dynamic_section(study: &FinishedStudy<'_>) -> Result<Section, ReportError> {
    let mut section = Section::new("dynamic", "Selection and lesion in one pass");
    let Some(rows) = study.rows_if_written::<DynamicRow>()? else {
        section.text(absence(study, Part::Dynamic, DynamicRow::TABLE));
        return Ok(section);
    };
    let prompts: BTreeSet<_> = rows.iter().map(|row| (row.prompt, row.position)).collect();
    section.explanation(format!(
        "The stimuli pass through each layer first, unlesioned. The neurons that they select there \
         are set to 0 in the prompts. Then stimuli and prompts pass on to the next layer. There are \
         {} in {}.",
        plural(rows.len(), "lesion"),
        plural(prompts.len(), "prompt")
    ));
    let Some(joint) = study.rows_if_written::<JointRow>()? else {
        section.text(format!(
            "The part {} did not run, so there are no two passes to compare with.",
            quoted(Part::Joint.name())
        ));
        return Ok(section);
    };
    let comparisons = compare_passes(&rows, &joint);
    let equal = comparisons.iter().filter(|comparison| comparison.same_count).count();
    let largest = comparisons.iter().map(|comparison| comparison.difference).fold(0.0, f64::max);
    section.finding(format!(
        "In {} of {}, one pass lesions as many neurons as the two passes of {}. Their mean margin \
         drops differ by at most {largest:.1e} logits.",
        count(equal),
        plural(comparisons.len(), "pattern"),
        JointRow::TABLE.file
    ));
    Ok(section)
}

/// One pass beside two, for a pattern of layers and a label.
struct Comparison {
    /// Whether both lesion equally many neurons.
    same_count: bool,
    /// The difference of the mean margin drops.
    difference: f64,
}

fn compare_passes(rows: &[DynamicRow], joint: &[JointRow]) -> Vec<Comparison> {
    let mut lesions: BTreeMap<(PatternKind, &str, &str), Vec<&DynamicRow>> = BTreeMap::new();
    for row in rows {
        let label = row.neuron_set.as_deref().unwrap_or_default();
        lesions.entry((row.pattern, &row.layers, label)).or_default().push(row);
    }
    let comparisons = joint.iter().filter_map(|two| {
        let one = lesions.get(&(two.pattern, &two.layers, &two.neuron_set))?;
        let drop = mean(one.iter().map(|row| row.margin_drop));
        Some(Comparison {
            same_count: one[0].neurons == two.neurons,
            difference: (drop - two.margin_drop).abs(),
        })
    });
    comparisons.collect()
}
