//! A cloud of random sets, as far as it is known.

use lesion_eval::{RandomCloud, RandomGroup};
use serde::Serialize;
use study_record::{LEVEL, SetKind, smallest_p};

use crate::answer_json::Columns;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CloudPart<'a> {
    position: usize,
    word: &'a str,
    others: Vec<&'a str>,
    margin: f64,
    margin_drop: f64,
    logit_drop: f64,
    sets: usize,
    /// The largest p of the kinds.
    p: Option<f64>,
    /// The smallest p that the sets so far admit.
    least_p: Option<f64>,
    /// True if the lesion differs from the sets of every kind, at the level of a study.
    is_shown: bool,
    kinds: Vec<CloudKind>,
    is_complete: bool,
}

#[derive(Serialize)]
struct CloudKind {
    kind: SetKind,
    p: Option<f64>,
    range: Option<(f64, f64)>,
    reason: Option<&'static str>,
}

/// The reason why there are no random sets.
const WHOLE_LAYER: &str =
    "The lesion takes every neuron of its layers, so no other set has its size.";

impl<'a> CloudPart<'a> {
    /// Describes a cloud. The drops of each kind are columns.
    pub(crate) fn new(cloud: &'a RandomCloud, columns: &mut Columns) -> Self {
        let mut words = cloud.words();
        let word = words.next().unwrap_or_default();
        let others = words.collect();
        let groups = cloud.groups();
        for group in groups {
            add_drops(group, columns);
        }
        let mut kinds = Vec::new();
        for group in groups {
            let reason = if group.count() == 0 { Some(WHOLE_LAYER) } else { None };
            let p = cloud.p(group);
            kinds.push(CloudKind { kind: group.kind, p, range: group.range(), reason });
        }
        let p = kinds.iter().filter_map(|kind| kind.p).reduce(f64::max);
        let lesioned = groups.iter().map(|group| group.drops().len());
        let fewest = lesioned.filter(|&sets| sets > 0).min();
        Self {
            position: cloud.position(),
            word,
            others,
            margin: cloud.margin(),
            margin_drop: cloud.drops().margin,
            logit_drop: cloud.drops().logit,
            sets: groups.iter().map(RandomGroup::count).max().unwrap_or_default(),
            p,
            least_p: fewest.map(|sets| smallest_p(1, sets)),
            is_shown: p.is_some_and(|p| p <= LEVEL),
            kinds,
            is_complete: groups.iter().all(|group| group.drops().len() == group.count()),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "differences of f32 logits, to be drawn")]
fn add_drops(group: &RandomGroup, columns: &mut Columns) {
    let drops = group.drops();
    let margins = drops.iter().map(|drops| drops.margin as f32).collect();
    let logits = drops.iter().map(|drops| drops.logit as f32).collect();
    columns.insert(format!("{} margin", group.kind), margins);
    columns.insert(format!("{} logit", group.kind), logits);
}
