//! Would other neurons do the same? Lesions of equal-sized sets at the same mask, beside those of
//! other sets of that size.

use std::{collections::BTreeMap, fmt};

use activation_capture::{Target, TokenCapture};
use bert_model::{Site, TokenBatch};
use rand::{
    RngExt, SeedableRng,
    seq::{IndexedRandom, SliceRandom},
};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::{
    LesionPlan, MaskedPrompt, Selection, StudyError, Subject,
    engine::CleanPass,
    predict::{margin, read_logits},
    subject::BATCH_ROWS,
};

/// How the controls are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ControlPlan {
    /// Where neurons are silenced.
    pub lesion: LesionPlan,
    /// The sets have at most this share of the layer's neurons, so that others are left to draw
    /// from. The neurons with the largest |t| of a label are taken.
    pub share: f64,
    /// Random sets of each kind.
    pub draws: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl ControlPlan {
    /// Checks that sets of this share of a layer leave neurons to draw others from.
    ///
    /// # Errors
    /// [`StudyError::Share`].
    pub fn check_share(share: f64) -> Result<(), StudyError> {
        if share > 0.0 && share < 1.0 { Ok(()) } else { Err(StudyError::Share { share }) }
    }
}

/// Which neurons a controlled lesion silences.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetKind {
    /// Those of the right word's label, the ones with the largest |t|.
    Matched,
    /// As many of the other label.
    Swapped,
    /// As many with the smallest |t| of the layer.
    LeastTuned,
    /// As many at random, of all that are not in the matched set.
    Random,
    /// At random, each in place of a matched neuron that is about as active at the mask.
    RandomActive,
}

impl fmt::Display for SetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Matched => "matched",
            Self::Swapped => "swapped",
            Self::LeastTuned => "least-tuned",
            Self::Random => "random",
            Self::RandomActive => "random-active",
        })
    }
}

/// One lesion of a controlled comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ControlLesion {
    /// Which neurons were silenced.
    pub kind: SetKind,
    /// Which draw of a random kind it is; 0 for the others.
    pub draw: usize,
    /// The fall of the right word's logit.
    pub logit_drop: f64,
    /// The fall of the right word's margin over the strongest other candidate.
    pub margin_drop: f64,
}

/// All lesions of one prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Controlled {
    /// Index of the prompt's template.
    pub prompt: usize,
    /// Position of the mask.
    pub position: usize,
    /// The right word.
    pub target: String,
    /// The label of the matched set.
    pub label: String,
    /// Neurons in each set.
    pub neurons: usize,
    /// The lesions; the matched one is first.
    pub lesions: Vec<ControlLesion>,
}

/// Why a prompt has no controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Index of the prompt's template.
    pub prompt: usize,
    /// The label of the matched set.
    pub label: String,
    /// What is wrong.
    pub reason: String,
}

impl Controlled {
    /// The lesions of one kind, in the order of their draws.
    pub fn of(&self, kind: SetKind) -> impl Iterator<Item = &ControlLesion> {
        self.lesions.iter().filter(move |lesion| lesion.kind == kind)
    }

    /// The mean margin drop of one kind's lesions: of its only one, where it needs no draw.
    #[must_use]
    pub fn margin_drop(&self, kind: SetKind) -> f64 {
        let total: f64 = self.of(kind).map(|lesion| lesion.margin_drop).sum();
        total / self.of(kind).count() as f64
    }

    /// The share of random sets whose lesion lowers the margin at least as much as the matched one,
    /// `(1 + b) / (1 + N)`: the matched set belongs to the sets that could have been drawn.
    #[must_use]
    pub fn p(&self, kind: SetKind) -> f64 {
        let matched = self.margin_drop(SetKind::Matched);
        let draws = self.of(kind).count();
        let reached = self.of(kind).filter(|lesion| lesion.margin_drop >= matched).count();
        (1 + reached) as f64 / (1 + draws) as f64
    }

    /// The margin drops that 95 % of the random sets lie between.
    #[must_use]
    pub fn band(&self, kind: SetKind) -> (f64, f64) {
        let mut drops: Vec<f64> = self.of(kind).map(|lesion| lesion.margin_drop).collect();
        drops.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = whole((share * drops.len().saturating_sub(1) as f64).round());
            drops.get(index).copied().unwrap_or(f64::NAN)
        };
        (at(0.025), at(0.975))
    }
}

/// Lesions the matched set and its controls at the mask of every prompt that has a label.
///
/// # Errors
/// Where the layer does not exist, the model cannot be run, or gives logits that are not finite.
pub fn controls(
    subject: Subject<'_>,
    prompts: &[MaskedPrompt],
    selection: &Selection,
    plan: ControlPlan,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(Vec<Controlled>, Vec<Unavailable>), StudyError> {
    plan.lesion.check(selection.layers)?;
    let (mut controlled, mut unavailable) = (Vec::new(), Vec::new());
    let rankings: BTreeMap<&str, _> = [&selection.contrast.a, &selection.contrast.b]
        .map(|label| (label.as_str(), Ranking::new(selection, plan, label)))
        .into();
    let labelled: Vec<_> =
        prompts.iter().filter_map(|prompt| Some((prompt, prompt.label.as_deref()?))).collect();
    for (done, (prompt, label)) in labelled.iter().enumerate() {
        match &rankings[label] {
            Ok(ranking) => controlled.push(run(subject, prompt, label, ranking, plan, done)?),
            Err(reason) => unavailable.push(Unavailable {
                prompt: prompt.prompt,
                label: (*label).to_owned(),
                reason: reason.clone(),
            }),
        }
        progress(done + 1, labelled.len());
    }
    Ok((controlled, unavailable))
}

/// The whole part of a share of a count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares of what is in memory, never negative"
)]
fn whole(part: f64) -> usize {
    part as usize
}

/// The sets of one label that need no draw.
struct Ranking {
    matched: Vec<usize>,
    swapped: Vec<usize>,
    least_tuned: Vec<usize>,
    /// Every neuron outside the matched set.
    others: Vec<usize>,
}

impl Ranking {
    fn new(selection: &Selection, plan: ControlPlan, label: &str) -> Result<Self, String> {
        let layer = plan.lesion.layer;
        let tests = &selection.tests[selection.columns(layer)];
        // A neuron without variance has no t: it is the least tuned of all.
        let tuning =
            |neuron: usize| if tests[neuron].defined { tests[neuron].t.abs() } else { 0.0 };
        let strongest = |mut neurons: Vec<usize>, count: usize| {
            neurons.sort_by(|&a, &b| tuning(b).total_cmp(&tuning(a)).then(a.cmp(&b)));
            neurons.truncate(count);
            neurons
        };
        let contrast = &selection.contrast;
        let other = if label == contrast.a { &contrast.b } else { &contrast.a };
        let (own, other) = (selection.set(layer, label), selection.set(layer, other));
        let most = whole(plan.share * selection.neurons as f64);
        let count = own.neurons.len().min(other.neurons.len()).min(most);
        if count == 0 {
            return Err(format!(
                "layer {layer} has {} \"{}\" and {} \"{}\" neurons, and a set may have {most}",
                own.neurons.len(),
                own.label,
                other.neurons.len(),
                other.label
            ));
        }
        let matched = strongest(own.neurons, count);
        let others: Vec<usize> =
            (0..selection.neurons).filter(|neuron| !matched.contains(neuron)).collect();
        if others.len() < 2 * count {
            return Err(format!(
                "{} neurons outside a set of {count} are too few to draw other sets from",
                others.len()
            ));
        }
        let mut by_tuning: Vec<usize> = (0..selection.neurons).collect();
        by_tuning.sort_by(|&a, &b| tuning(a).total_cmp(&tuning(b)).then(a.cmp(&b)));
        by_tuning.truncate(count);
        Ok(Self {
            swapped: strongest(other.neurons, count),
            least_tuned: by_tuning,
            matched,
            others,
        })
    }

    /// The neurons outside the matched set, by rising `activity`.
    fn others_by(&self, activity: &[f32]) -> Vec<usize> {
        let mut others = self.others.clone();
        others.sort_by(|&a, &b| activity[a].total_cmp(&activity[b]));
        others
    }

    /// A set of kind [`SetKind::Random`].
    fn draw_any(&self, mut rng: ChaCha8Rng) -> Vec<usize> {
        self.others.sample(&mut rng, self.matched.len()).copied().collect()
    }

    /// A set of kind [`SetKind::RandomActive`]. `activity` is each neuron's |activation| at the
    /// mask, `pool` the neurons to draw from, in its order.
    fn draw_alike(
        &self,
        activity: &[f32],
        mut pool: Vec<usize>,
        mut rng: ChaCha8Rng,
    ) -> Vec<usize> {
        let mut wanted = self.matched.clone();
        wanted.shuffle(&mut rng);
        wanted
            .into_iter()
            .map(|neuron| {
                let place = pool.partition_point(|&other| activity[other] < activity[neuron]);
                let first = place.saturating_sub(ALIKE / 2).min(pool.len().saturating_sub(ALIKE));
                let last = (first + ALIKE).min(pool.len());
                pool.remove(rng.random_range(first..last))
            })
            .collect()
    }
}

/// A neuron's likes are this many others with the nearest activity.
const ALIKE: usize = 16;

fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

fn run(
    subject: Subject<'_>,
    prompt: &MaskedPrompt,
    label: &str,
    ranking: &Ranking,
    plan: ControlPlan,
    index: usize,
) -> Result<Controlled, StudyError> {
    let LesionPlan { layer, site } = plan.lesion;
    let batch = TokenBatch::new(vec![prompt.masked.clone()])?;
    let pass = CleanPass::run(subject, &batch)?;
    let mut capture = TokenCapture::new(&[Site::Post], &batch, &[prompt.position])?;
    pass.watch(layer, &mut capture)?;
    let activity: Vec<f32> =
        capture.layers(Site::Post)?.concat().iter().map(|value| value.abs()).collect();

    let mut sets = vec![
        (SetKind::Matched, 0, ranking.matched.clone()),
        (SetKind::Swapped, 0, ranking.swapped.clone()),
        (SetKind::LeastTuned, 0, ranking.least_tuned.clone()),
    ];
    // Prompts and kinds have streams of their own.
    let rng =
        |kind: u64, draw: usize| stream(plan.seed, ((2 * index as u64 + kind) << 32) + draw as u64);
    let draws = || (0..plan.draws).into_par_iter();
    let any = |draw| (SetKind::Random, draw, ranking.draw_any(rng(1, draw)));
    sets.par_extend(draws().map(any));
    let pool = ranking.others_by(&activity);
    let alike = |draw| {
        let neurons = ranking.draw_alike(&activity, pool.clone(), rng(0, draw));
        (SetKind::RandomActive, draw, neurons)
    };
    sets.par_extend(draws().map(alike));

    let mut lesions = Vec::with_capacity(sets.len());
    for chunk in sets.chunks(BATCH_ROWS - 1) {
        // Row 0 is without a lesion: what the others are compared with went through the same batch.
        let rows = vec![0; chunk.len() + 1];
        let targets: Vec<Target<'_>> = (1..)
            .zip(chunk)
            .map(|(row, (_, _, neurons))| Target { row, position: prompt.position, neurons })
            .collect();
        let hidden = pass.lesioned(&rows, layer, site, &targets)?;
        let places: Vec<_> = (0..rows.len()).map(|row| (row, prompt.position)).collect();
        let logits = read_logits(subject, hidden, &places, |_| prompt.prompt)?;
        let right = prompt.candidates[0].id as usize;
        let (clean, lesioned) = logits.split_at(1);
        lesions.extend(chunk.iter().zip(lesioned).map(|(&(kind, draw, _), logits)| {
            ControlLesion {
                kind,
                draw,
                logit_drop: f64::from(clean[0][right]) - f64::from(logits[right]),
                margin_drop: margin_of(prompt, &clean[0]) - margin_of(prompt, logits),
            }
        }));
    }
    Ok(Controlled {
        prompt: prompt.prompt,
        position: prompt.position,
        target: prompt.target().to_owned(),
        label: label.to_owned(),
        neurons: ranking.matched.len(),
        lesions,
    })
}

fn margin_of(prompt: &MaskedPrompt, logits: &[f32]) -> f64 {
    margin(prompt.candidates.iter().map(|candidate| logits[candidate.id as usize]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking() -> Ranking {
        let (matched, others) = ((0..20).collect(), (20..200).collect());
        Ranking { matched, swapped: vec![], least_tuned: vec![], others }
    }

    fn draw(kind: SetKind, activity: &[f32], index: u64) -> Vec<usize> {
        let (ranking, rng) = (ranking(), stream(3, index));
        match kind {
            SetKind::Random => ranking.draw_any(rng),
            _ => ranking.draw_alike(activity, ranking.others_by(activity), rng),
        }
    }

    #[test]
    fn a_random_set_has_the_size_and_none_of_the_matched_neurons() {
        let activity: Vec<f32> = (0..200).map(|n| ((n * 37) % 101) as f32).collect();
        for kind in [SetKind::Random, SetKind::RandomActive] {
            for stream in 0..50 {
                let mut set = draw(kind, &activity, stream);
                assert_eq!(set, draw(kind, &activity, stream));
                set.sort_unstable();
                set.dedup();
                assert_eq!(set.len(), 20);
                assert!(set.iter().all(|neuron| (20..200).contains(neuron)));
            }
        }
    }

    #[test]
    fn likes_are_about_as_active_as_the_matched_neurons() {
        // The matched neurons are among the most active ones; others are so all over the range.
        let activity: Vec<f32> = (0..200)
            .map(|n| if n < 20 { 80.0 + n as f32 } else { (n - 20) as f32 / 1.8 })
            .collect();
        let mean = |set: &[usize]| set.iter().map(|&n| activity[n]).sum::<f32>() / set.len() as f32;
        let own = mean(&ranking().matched);
        for stream in 0..50 {
            let alike = mean(&draw(SetKind::RandomActive, &activity, stream));
            let any = mean(&draw(SetKind::Random, &activity, stream));
            assert!((alike - own).abs() < 8.0, "{alike} {own}");
            assert!((any - own).abs() > 15.0, "{any} {own}");
        }
    }

    #[test]
    fn p_counts_the_matched_set_among_the_draws() {
        let lesion =
            |kind, margin_drop| ControlLesion { kind, draw: 0, logit_drop: 0.0, margin_drop };
        let controlled = Controlled {
            prompt: 0,
            position: 1,
            target: "him".into(),
            label: "him".into(),
            neurons: 2,
            lesions: vec![
                lesion(SetKind::Matched, 0.5),
                lesion(SetKind::Random, 0.1),
                lesion(SetKind::Random, 0.5),
                lesion(SetKind::Random, 0.2),
            ],
        };
        assert!((controlled.p(SetKind::Random) - 2.0 / 4.0).abs() < f64::EPSILON);
        assert!((controlled.p(SetKind::RandomActive) - 1.0).abs() < f64::EPSILON);
    }
}
