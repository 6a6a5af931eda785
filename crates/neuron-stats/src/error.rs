//! Everything that can be wrong with an input.

use thiserror::Error;

use crate::t_test::test_kind::TestKind;

/// Why a statistic could not be computed. Sample and neuron indices count from zero.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StatsError {
    /// A matrix without samples or without neurons.
    #[error("the matrix is empty: {samples} samples of {neurons} neurons")]
    EmptyMatrix {
        /// Rows asked for.
        samples: usize,
        /// Columns asked for.
        neurons: usize,
    },

    /// The slice does not hold `samples * neurons` values.
    #[error("{len} values cannot be {samples} samples of {neurons} neurons")]
    Shape {
        /// Rows asked for.
        samples: usize,
        /// Columns asked for.
        neurons: usize,
        /// Length of the slice.
        len: usize,
    },

    /// A NaN or an infinity among the measurements.
    #[error("sample {sample} of neuron {neuron} is {value}")]
    NotFinite {
        /// Row of the first such value.
        sample: usize,
        /// Column of the first such value.
        neuron: usize,
        /// The value itself.
        value: f64,
    },

    /// The two sides measure different numbers of neurons.
    #[error("side a has {a} neurons, side b has {b}")]
    NeuronCounts {
        /// Neurons of side a.
        a: usize,
        /// Neurons of side b.
        b: usize,
    },

    /// Two accumulators of different tests.
    #[error("a {b} test cannot be merged into a {a} test")]
    TestKinds {
        /// The test merged into.
        a: TestKind,
        /// The test to be merged.
        b: TestKind,
    },

    /// A paired statistic over unequal numbers of samples.
    #[error("pairs need equal sample counts: side a has {a}, side b has {b}")]
    UnequalPairs {
        /// Samples of side a.
        a: usize,
        /// Samples of side b.
        b: usize,
    },

    /// Fewer samples than the statistic is defined for.
    #[error("{needed} samples are needed, there are {got}")]
    TooFewSamples {
        /// The least number of samples.
        needed: usize,
        /// The number of samples given.
        got: usize,
    },

    /// A significance level outside `(0, 1)`.
    #[error("alpha must lie strictly between 0 and 1, it is {alpha}")]
    Alpha {
        /// The level given.
        alpha: f64,
    },

    /// A confidence level outside `(0, 1)`.
    #[error("the confidence level must lie strictly between 0 and 1, it is {level}")]
    Level {
        /// The level given.
        level: f64,
    },

    /// Degrees of freedom that are not positive and finite.
    #[error("the degrees of freedom must be positive and finite, they are {df}")]
    DegreesOfFreedom {
        /// The degrees of freedom given.
        df: f64,
    },

    /// A p-value outside `[0, 1]`.
    #[error("p-value {index} is {value}, outside [0, 1]")]
    NotAProbability {
        /// Position of the first such value.
        index: usize,
        /// The value itself.
        value: f64,
    },

    /// A family without tests, or no family at all.
    #[error("family {index} is empty")]
    EmptyFamily {
        /// Position of the first such family.
        index: usize,
    },

    /// The families do not cover the tests.
    #[error("the families have {families} tests, there are {tests}")]
    FamilyTotal {
        /// Tests of all families together.
        families: usize,
        /// Tests given.
        tests: usize,
    },

    /// A threshold that is not positive and finite.
    #[error("the threshold must be positive and finite, it is {threshold}")]
    Threshold {
        /// The threshold given.
        threshold: f64,
    },

    /// Edges that do not bound at least one bin.
    #[error("edges must be two or more, finite and strictly ascending, they are {edges:?}")]
    Edges {
        /// The edges given.
        edges: Vec<f64>,
    },

    /// Zero random draws, where not all that could be drawn is gone through.
    #[error("one random draw or more is needed, none is to be made")]
    NoDraws,

    /// More random draws than [`Resampling::MOST`](crate::Resampling::MOST) or
    /// [`Bootstrap::MOST`](crate::Bootstrap::MOST).
    #[error("{draws} random draws are too many, {most} are the most")]
    TooManyDraws {
        /// Draws to be made.
        draws: usize,
        /// The largest number there may be.
        most: usize,
    },

    /// Fewer than two clusters, or more than [`Bootstrap::MOST`](crate::Bootstrap::MOST).
    #[error("a bootstrap takes 2 to {most} clusters, there are {clusters}")]
    Clusters {
        /// The number of clusters given.
        clusters: usize,
        /// The largest number there may be.
        most: usize,
    },

    /// A statistic that too many draws leave undefined.
    #[error("the statistic is finite in {finite} of {draws} draws, nine in ten are needed")]
    TooFewFiniteDraws {
        /// Draws with a finite statistic.
        finite: usize,
        /// All draws.
        draws: usize,
    },

    /// A name that stands for no member of the enumeration.
    #[error("`{name}` is no {what}; it is one of {expected}")]
    UnknownName {
        /// What the name should have named.
        what: &'static str,
        /// The name given.
        name: String,
        /// The names there are.
        expected: &'static str,
    },
}
