//! Errors of all statistics.

use thiserror::Error;

use crate::ttest::test_kind::TestKind;

/// Why a statistic could not be computed. Sample and neuron indices count from zero.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum StatsError {
    /// A matrix without samples or without neurons.
    #[error("the matrix is empty: {samples} samples of {neurons} neurons")]
    EmptyMatrix {
        /// Requested number of rows.
        samples: usize,
        /// Requested number of columns.
        neurons: usize,
    },

    /// The slice does not hold `samples * neurons` values.
    #[error("{len} values cannot be {samples} samples of {neurons} neurons")]
    Shape {
        /// Requested number of rows.
        samples: usize,
        /// Requested number of columns.
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

    /// An equivalence margin that is not positive and finite.
    #[error("the margin must be positive and finite, it is {margin}")]
    Margin {
        /// The margin given.
        margin: f64,
    },

    /// The scale of a prior that is not positive and finite.
    #[error("the scale of the prior must be positive and finite, it is {scale}")]
    Scale {
        /// The scale given.
        scale: f64,
    },

    /// A noncentrality that is NaN or larger than can be computed.
    #[error("the noncentrality must be at most {most} in size, it is {noncentrality}")]
    Noncentrality {
        /// The noncentrality.
        noncentrality: f64,
        /// The largest one.
        most: f64,
    },

    /// A power that no effect has.
    #[error("the power must lie strictly between alpha = {alpha} and 1, it is {power}")]
    Power {
        /// The power given.
        power: f64,
        /// The significance level of the test.
        alpha: f64,
    },

    /// A t that is NaN or infinite.
    #[error("t is {value}")]
    Statistic {
        /// The value given.
        value: f64,
    },

    /// Edges that do not bound at least one bin.
    #[error("edges must be two or more, finite and strictly ascending, they are {edges:?}")]
    Edges {
        /// The edges given.
        edges: Vec<f64>,
    },

    /// Zero random draws, although not all possible draws are enumerated.
    #[error("at least one random draw is needed, 0 were requested")]
    NoDraws,

    /// More random draws than [`Resampling::MOST`](crate::Resampling::MOST) or
    /// [`Bootstrap::MOST`](crate::Bootstrap::MOST).
    #[error("{draws} random draws are too many, at most {most} can be made")]
    TooManyDraws {
        /// The requested number of draws.
        draws: usize,
        /// The largest number of draws.
        most: usize,
    },

    /// Fewer than two clusters, or more than [`Bootstrap::MOST`](crate::Bootstrap::MOST).
    #[error("a bootstrap needs 2 to {most} clusters, there are {clusters}")]
    Clusters {
        /// The number of clusters.
        clusters: usize,
        /// The largest number of clusters.
        most: usize,
    },

    /// A statistic that is undefined in too many draws.
    #[error("the statistic is finite in {finite} of {draws} draws, nine in ten are needed")]
    TooFewFiniteDraws {
        /// Draws with a finite statistic.
        finite: usize,
        /// All draws.
        draws: usize,
    },

    /// Sums over clusters that do not belong together.
    #[error("a ratio of sums over clusters needs two per cluster, there are {a} and {b}")]
    ClusterSums {
        /// Number of sums above.
        a: usize,
        /// Number of sums below.
        b: usize,
    },

    /// Estimates and variances that do not belong together.
    #[error("{estimates} estimates need as many variances, there are {variances}")]
    EstimateCounts {
        /// Number of estimates.
        estimates: usize,
        /// Number of variances.
        variances: usize,
    },

    /// Fewer studies than can be pooled.
    #[error("estimates of {needed} studies are needed, there are {got}")]
    TooFewEstimates {
        /// The least number of studies.
        needed: usize,
        /// The number of studies given.
        got: usize,
    },

    /// An estimate that is NaN or infinite.
    #[error("the estimate of study {study} is {value}")]
    Estimate {
        /// Index of the first such study.
        study: usize,
        /// The estimate.
        value: f64,
    },

    /// A variance of an estimate that is not positive and finite.
    #[error("the variance of study {study} must be positive and finite, it is {variance}")]
    Variance {
        /// Index of the first such study.
        study: usize,
        /// The variance given.
        variance: f64,
    },

    /// Values whose squares or weights overflow or vanish beside each other, so that nothing converges.
    #[error("the values and their variances differ by too many orders of magnitude to be pooled")]
    EstimateRange,

    /// The caller stopped the computation.
    #[error("the computation was cancelled")]
    Cancelled,
}
