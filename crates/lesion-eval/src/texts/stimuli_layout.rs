//! The sides and the groups of stimuli.

use std::collections::HashMap;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use study_record::StimuliCounts;

use crate::{
    error::{StimuliUnit, StudyError},
    random::{Purpose, stream},
    share::round_share,
};

/// The fewest observations of a side that a t-test takes.
pub(crate) const FEWEST_OBSERVATIONS: usize = 2;

/// The sides and the groups of the lines of a stimuli file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StimuliLayout {
    /// Whether each line is a pair, with a sentence of either side; otherwise it is one sentence.
    pub(crate) paired: bool,
    /// The line of each side's sentences, counted from 0, ascending.
    pub(crate) lines: [Vec<usize>; 2],
    /// The group of each of these sentences, numbered from 0 in the order of the lines. The groups
    /// of the two sides of pairs are the same; otherwise each side has its own.
    pub(crate) groups: [Vec<usize>; 2],
}

/// Observations of both sides that are held out, and those that are kept, ascending.
pub(crate) struct Split {
    pub(crate) held_out: [Vec<usize>; 2],
    pub(crate) kept: [Vec<usize>; 2],
}

impl StimuliLayout {
    /// The layout of pairs; `names` are those of their groups.
    pub(crate) fn of_pairs(names: &[Option<&str>]) -> Self {
        let lines: Vec<usize> = (0..names.len()).collect();
        let groups = number_groups(names);
        Self { paired: true, lines: [lines.clone(), lines], groups: [groups.clone(), groups] }
    }

    /// The layout of single sentences; `sides` are theirs and `names` those of their groups.
    pub(crate) fn of_sentences(sides: &[usize], names: &[Option<&str>]) -> Self {
        let lines = [0, 1].map(|side| -> Vec<usize> {
            (0..sides.len()).filter(|&line| sides[line] == side).collect()
        });
        let groups = lines.each_ref().map(|lines| {
            let names: Vec<Option<&str>> = lines.iter().map(|&line| names[line]).collect();
            number_groups(&names)
        });
        Self { paired: false, lines, groups }
    }

    /// The numbers of sentences and groups.
    pub(crate) fn counts(&self) -> StimuliCounts {
        StimuliCounts {
            paired: self.paired,
            sentences: self.lines.each_ref().map(Vec::len),
            groups: self.groups.each_ref().map(|groups| count_groups(groups)),
        }
    }

    /// The numbers of sentences and groups among some groups of each side.
    pub(crate) fn counts_of(&self, groups: &[Vec<usize>; 2]) -> StimuliCounts {
        let sentences = [0, 1].map(|side| {
            let sizes = self.group_sizes(side);
            groups[side].iter().map(|&group| sizes[group]).sum()
        });
        StimuliCounts { paired: self.paired, sentences, groups: groups.each_ref().map(Vec::len) }
    }

    /// The number of sentences in each group of a side.
    pub(crate) fn group_sizes(&self, side: usize) -> Vec<usize> {
        let mut sizes = vec![0; count_groups(&self.groups[side])];
        for &group in &self.groups[side] {
            sizes[group] += 1;
        }
        sizes
    }

    /// Splits the groups at random into a share that is held out and those that are kept.
    ///
    /// # Errors
    /// [`StudyError::HeldOut`] if either part would have fewer than 2 groups of a side.
    pub(crate) fn split(&self, share: f64, seed: u64) -> Result<Split, StudyError> {
        let counts = self.counts();
        let mut rng = stream(seed, Purpose::Split, 0, 0);
        let [a, b] = counts.groups;
        let (held_out_a, kept_a) = split_side(&counts, a, share, &mut rng)?;
        if self.paired {
            let held_out = [held_out_a.clone(), held_out_a];
            return Ok(Split { held_out, kept: [kept_a.clone(), kept_a] });
        }
        let (held_out_b, kept_b) = split_side(&counts, b, share, &mut rng)?;
        Ok(Split { held_out: [held_out_a, held_out_b], kept: [kept_a, kept_b] })
    }

    /// The lines of the groups that are held out, ascending; none if the share is 0.
    ///
    /// # Errors
    /// [`StudyError::HeldOut`] if either part would have fewer than 2 groups of a side.
    pub(crate) fn held_out_lines(&self, share: f64, seed: u64) -> Result<Vec<usize>, StudyError> {
        let mut held_out = Vec::new();
        if share == 0.0 {
            return Ok(held_out);
        }
        let split = self.split(share, seed)?;
        for side in [0, 1] {
            for (&line, group) in self.lines[side].iter().zip(&self.groups[side]) {
                if split.held_out[side].binary_search(group).is_ok() {
                    held_out.push(line);
                }
            }
        }
        held_out.sort_unstable();
        held_out.dedup();
        Ok(held_out)
    }
}

/// A number for each group, from 0 in the order of the lines; a line without a name is a group by
/// itself.
fn number_groups(names: &[Option<&str>]) -> Vec<usize> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut next = 0;
    let mut groups = Vec::with_capacity(names.len());
    for name in names {
        let group = match name {
            Some(name) => *known.entry(name).or_insert(next),
            None => next,
        };
        next = next.max(group + 1);
        groups.push(group);
    }
    groups
}

fn count_groups(groups: &[usize]) -> usize {
    groups.iter().max().map_or(0, |&last| last + 1)
}

/// The groups of a side that are held out, and those that are kept.
fn split_side(
    counts: &StimuliCounts,
    groups: usize,
    share: f64,
    rng: &mut ChaCha8Rng,
) -> Result<(Vec<usize>, Vec<usize>), StudyError> {
    let count = round_share(share, groups);
    if count < FEWEST_OBSERVATIONS || groups < count + FEWEST_OBSERVATIONS {
        return Err(StudyError::HeldOut { share, count: groups, unit: StimuliUnit::of(counts) });
    }
    let mut held_out: Vec<usize> = (0..groups).collect();
    held_out.shuffle(rng);
    let mut kept = held_out.split_off(count);
    held_out.sort_unstable();
    kept.sort_unstable();
    Ok((held_out, kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_without_a_group_are_groups_by_themselves() {
        let names = [None, Some("x"), None, Some("y"), Some("x")];
        let layout = StimuliLayout::of_pairs(&names);
        assert_eq!(layout.groups, [vec![0, 1, 2, 3, 1], vec![0, 1, 2, 3, 1]]);
        assert_eq!(layout.counts().in_words(), "5 pairs in 4 groups");
        assert_eq!(layout.group_sizes(0), [1, 2, 1, 1]);
        // The same name under the other label is another group.
        let layout = StimuliLayout::of_sentences(&[0, 1, 1, 0, 1], &names);
        assert_eq!(layout.lines, [vec![0, 3], vec![1, 2, 4]]);
        assert_eq!(layout.groups, [vec![0, 1], vec![0, 1, 0]]);
        assert_eq!(layout.counts().in_words(), "2 and 3 sentences in 2 and 2 groups");
    }

    #[test]
    fn a_share_of_each_sides_groups_is_held_out_as_a_whole() {
        let sides: Vec<usize> = (0..30).map(|line| usize::from(line % 3 > 0)).collect();
        let names: Vec<String> = (0..30).map(|line| format!("{}", line / 6)).collect();
        let names: Vec<Option<&str>> = names.iter().map(|name| Some(name.as_str())).collect();
        let layout = StimuliLayout::of_sentences(&sides, &names);
        let split = layout.split(0.4, 1).unwrap();
        assert_eq!(split.held_out.each_ref().map(Vec::len), [2, 2]);
        assert_eq!(split.kept.each_ref().map(Vec::len), [3, 3]);
        // Two groups of two sentences of side a, and two of four of side b.
        let lines = layout.held_out_lines(0.4, 1).unwrap();
        assert_eq!(lines.iter().filter(|&&line| sides[line] == 0).count(), 4);
        assert_eq!(lines.len(), 12);
        let error = layout.split(0.1, 1).err().unwrap().to_string();
        assert!(error.contains("5 groups of one label"), "{error}");
    }
}
