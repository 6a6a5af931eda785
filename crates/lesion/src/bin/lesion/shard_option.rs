//! The option `--shard`: a share of a study's batches, given or by the variables of a job array.

use std::fmt;

use lesion_eval::BatchShare;

/// The most shares of a study.
const MOST_SHARES: usize = 100_000;

/// A share as the option gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShardOption {
    /// `3/8`.
    Given(BatchShare),
    /// `auto`, or `auto/8` with the number of shares.
    Auto(Option<usize>),
}

/// A share that cannot be one, or is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ShardError {
    /// The text is not a share.
    Text(String),
    /// No variable of a job array is set.
    NoArray,
    /// The variable has no number.
    NotANumber { variable: &'static str, value: String },
    /// The scheduler does not say how many tasks the array has.
    NoCount { variable: &'static str },
    /// The task is not one of so many.
    Outside { variable: &'static str, value: String, first: usize, count: usize },
}

impl fmt::Display for ShardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(
                f,
                "`{text}` is not a share; use `3/8` for the third of eight, from 1/N to N/N with at most \
                 {MOST_SHARES} shares, or `auto` or `auto/8` in a job array"
            ),
            Self::NoArray => write!(
                f,
                "--shard auto: this is not a task of a job array: none of {} is set; use `--shard 3/8`",
                ARRAYS.map(|array| array.task).join(", ")
            ),
            Self::NotANumber { variable, value } => {
                write!(f, "--shard auto: {variable} is `{value}`, which is not a number")
            }
            Self::NoCount { variable } => write!(
                f,
                "--shard auto: {variable} is set, but not the number of tasks; use `--shard auto/8` with \
                 that number"
            ),
            Self::Outside { variable, value, first, count } => write!(
                f,
                "--shard auto: {variable} is {value}, which is not one of {count} tasks from {first} on"
            ),
        }
    }
}

impl std::error::Error for ShardError {}

/// The variables of a scheduler's job arrays.
#[derive(Clone, Copy)]
struct JobArray {
    /// Number of this task.
    task: &'static str,
    /// Number of the first task: a variable, or the number by itself where the scheduler has none.
    first: Result<&'static str, usize>,
    /// Number of the last task.
    last: Option<&'static str>,
    /// Difference between the numbers of two tasks.
    step: Option<&'static str>,
}

const ARRAYS: [JobArray; 4] = [
    JobArray {
        task: "SLURM_ARRAY_TASK_ID",
        first: Ok("SLURM_ARRAY_TASK_MIN"),
        last: Some("SLURM_ARRAY_TASK_MAX"),
        step: Some("SLURM_ARRAY_TASK_STEP"),
    },
    JobArray { task: "JOB_COMPLETION_INDEX", first: Err(0), last: None, step: None },
    JobArray { task: "PBS_ARRAY_INDEX", first: Err(1), last: None, step: None },
    JobArray {
        task: "SGE_TASK_ID",
        first: Ok("SGE_TASK_FIRST"),
        last: Some("SGE_TASK_LAST"),
        step: Some("SGE_TASK_STEPSIZE"),
    },
];
/// The number of tasks of a Slurm array. It counts the tasks of arrays with gaps, such as `1,3,7`, too,
/// which the first and the last number do not.
const SLURM_COUNT: &str = "SLURM_ARRAY_TASK_COUNT";

/// A function that gives the value of an environment variable.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl ShardOption {
    /// Reads `3/8`, `auto` or `auto/8`.
    ///
    /// # Errors
    /// If the text is none of these.
    pub(crate) fn parse(text: &str) -> Result<Self, ShardError> {
        let invalid = || ShardError::Text(text.to_owned());
        if text == "auto" {
            return Ok(Self::Auto(None));
        }
        let (number, count) = text.split_once('/').ok_or_else(invalid)?;
        let count = read_number(count).filter(|count| (1..=MOST_SHARES).contains(count));
        let count = count.ok_or_else(invalid)?;
        if number == "auto" {
            return Ok(Self::Auto(Some(count)));
        }
        let share = read_number(number).and_then(|number| BatchShare::new(number, count));
        share.map(Self::Given).ok_or_else(invalid)
    }

    /// The share, with the environment of this process.
    ///
    /// # Errors
    /// If it is that of a job array, and this process is not a task of one or the number of tasks is
    /// unknown.
    pub(crate) fn share(self) -> Result<BatchShare, ShardError> {
        match self {
            Self::Given(share) => Ok(share),
            Self::Auto(count) => share_of_task(count, &|name| std::env::var(name).ok()),
        }
    }
}

/// The share of this task of a job array.
fn share_of_task(
    given_count: Option<usize>,
    variables: Variables<'_>,
) -> Result<BatchShare, ShardError> {
    // SGE sets its variable to `undefined` outside of arrays.
    let task = |array: &JobArray| variables(array.task).filter(|value| value != "undefined");
    let array = ARRAYS.iter().find(|array| task(array).is_some()).ok_or(ShardError::NoArray)?;
    let value = task(array).unwrap_or_default();
    let first = match array.first {
        Ok(variable) => read_variable(variable, variables)?,
        Err(first) => Some(first),
    };
    let number = read_number(&value)
        .ok_or_else(|| ShardError::NotANumber { variable: array.task, value: value.clone() })?;
    let step = read_optional(array.step, variables)?.unwrap_or(1).max(1);
    // A scheduler that does not say where the array begins is taken to begin at 1.
    let first = first.unwrap_or(1);
    let last = read_optional(array.last, variables)?;
    let count = match given_count {
        Some(count) => Some(count),
        None => count_tasks(array, first, last, step, variables)?,
    };
    let count = count.ok_or(ShardError::NoCount { variable: array.task })?;
    let outside =
        || ShardError::Outside { variable: array.task, value: value.clone(), first, count };
    let distance = number.checked_sub(first).ok_or_else(outside)?;
    if distance % step != 0 {
        return Err(outside());
    }
    BatchShare::new(distance / step + 1, count).ok_or_else(outside)
}

/// The number of tasks, if the scheduler says it.
fn count_tasks(
    array: &JobArray,
    first: usize,
    last: Option<usize>,
    step: usize,
    variables: Variables<'_>,
) -> Result<Option<usize>, ShardError> {
    if array.task.starts_with("SLURM")
        && let Some(count) = read_variable(SLURM_COUNT, variables)?
    {
        return Ok(Some(count));
    }
    Ok(last.and_then(|last| last.checked_sub(first)).map(|distance| distance / step + 1))
}

fn read_optional(
    variable: Option<&'static str>,
    variables: Variables<'_>,
) -> Result<Option<usize>, ShardError> {
    match variable {
        Some(variable) => read_variable(variable, variables),
        None => Ok(None),
    }
}

/// The number in a variable; none if it is not set.
fn read_variable(
    variable: &'static str,
    variables: Variables<'_>,
) -> Result<Option<usize>, ShardError> {
    let Some(value) = variables(variable).filter(|value| value != "undefined") else {
        return Ok(None);
    };
    let number = read_number(&value);
    number.map(Some).ok_or(ShardError::NotANumber { variable, value })
}

/// A number of at most nine digits, without a sign.
fn read_number(text: &str) -> Option<usize> {
    const MOST_DIGITS: usize = 9;
    let is_number = text.len() <= MOST_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variables, the number of shares that is given, and the result.
    type Case<'a, T> = (&'a [(&'a str, &'a str)], Option<usize>, T);

    fn share(number: usize, count: usize) -> BatchShare {
        BatchShare::new(number, count).unwrap()
    }

    #[test]
    fn a_share_is_read_as_it_is_written() {
        assert_eq!(ShardOption::parse("3/8"), Ok(ShardOption::Given(share(3, 8))));
        assert_eq!(ShardOption::parse("auto"), Ok(ShardOption::Auto(None)));
        assert_eq!(ShardOption::parse("auto/16"), Ok(ShardOption::Auto(Some(16))));
        for text in ["", "0/8", "9/8", "3", "3/", "/8", "3/0", "-1/8", "+1/8", "1/100001", "a/b"] {
            assert_eq!(ShardOption::parse(text), Err(ShardError::Text(text.to_owned())));
        }
    }

    #[test]
    fn a_task_of_any_scheduler_finds_its_share() {
        let slurm = [("SLURM_ARRAY_TASK_ID", "7"), ("SLURM_ARRAY_TASK_MIN", "5")];
        let counted = [&slurm[..], &[("SLURM_ARRAY_TASK_COUNT", "8")]].concat();
        let stepped =
            [&slurm[..], &[("SLURM_ARRAY_TASK_COUNT", "3"), ("SLURM_ARRAY_TASK_STEP", "2")]]
                .concat();
        let sge = [
            ("SGE_TASK_ID", "4"),
            ("SGE_TASK_FIRST", "2"),
            ("SGE_TASK_LAST", "8"),
            ("SGE_TASK_STEPSIZE", "2"),
        ];
        let cases: [Case<'_, BatchShare>; 6] = [
            (&counted, None, share(3, 8)),
            (&stepped, None, share(2, 3)),
            (&slurm, Some(9), share(3, 9)),
            (&[("JOB_COMPLETION_INDEX", "0")], Some(4), share(1, 4)),
            (&[("PBS_ARRAY_INDEX", "4")], Some(4), share(4, 4)),
            (&sge, None, share(2, 4)),
        ];
        for (variables, count, expected) in cases {
            let find = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(share_of_task(count, &find), Ok(expected), "{variables:?}");
        }
    }

    #[test]
    fn a_share_that_is_not_known_is_an_error_that_says_why() {
        let cases: [Case<'_, &str>; 6] = [
            (&[], Some(4), "not a task of a job array"),
            (&[("SGE_TASK_ID", "undefined")], Some(4), "not a task of a job array"),
            (&[("JOB_COMPLETION_INDEX", "0")], None, "not the number of tasks"),
            (&[("JOB_COMPLETION_INDEX", "4")], Some(4), "not one of 4 tasks from 0 on"),
            (&[("PBS_ARRAY_INDEX", "0")], Some(4), "not one of 4 tasks from 1 on"),
            (&[("SLURM_ARRAY_TASK_ID", "x")], Some(4), "is `x`, which is not a number"),
        ];
        for (variables, count, expected) in cases {
            let find = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let error = share_of_task(count, &find).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
