//! Tasks of job arrays, from the variables of their schedulers.

use std::fmt;

/// A problem of the variables of a job array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobArrayError {
    /// No variable of a job array is set.
    NoArray,
    /// The variable has no number.
    NotANumber { variable: &'static str, value: String },
    /// The scheduler does not say how many tasks the array has.
    NoCount { variable: &'static str },
    /// The task is not one of so many.
    Outside { variable: &'static str, value: String, first: usize, count: usize },
    /// The array has another number of tasks than the sweep.
    OtherCount { array: usize, sweep: usize },
}

impl fmt::Display for JobArrayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoArray => write!(
                f,
                "auto: this is not a task of a job array: none of {} is set; give the number itself, \
                 `--task 3` or `--shard 3/8`",
                ARRAYS.map(|array| array.task).join(", ")
            ),
            Self::NotANumber { variable, value } => {
                write!(f, "auto: {variable} is `{value}`, which is not a number")
            }
            Self::NoCount { variable } => write!(
                f,
                "auto: {variable} is set, but not the number of tasks; use `--shard auto/8` with that \
                 number"
            ),
            Self::Outside { variable, value, first, count } => write!(
                f,
                "auto: {variable} is {value}, which is not one of {count} tasks from {first} on"
            ),
            Self::OtherCount { array, sweep } => write!(
                f,
                "auto: the job array has {array} tasks and the sweep has {sweep}; give the number \
                 itself, such as `--task 3`"
            ),
        }
    }
}

impl std::error::Error for JobArrayError {}

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
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The variables of this process.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A task of a job array.
pub(crate) struct ArrayTask {
    variable: &'static str,
    value: String,
    first: usize,
    /// Its place among the tasks, from 1; none if it is not one of them.
    place: Option<usize>,
    /// Number of tasks, if the scheduler says it.
    count: Option<usize>,
}

impl ArrayTask {
    /// The task that this process is.
    ///
    /// # Errors
    /// If it is not a task of a job array, or a variable has no number.
    pub(crate) fn find(variables: Variables<'_>) -> Result<Self, JobArrayError> {
        // SGE sets its variable to `undefined` outside of arrays.
        let task = |array: &JobArray| variables(array.task).filter(|value| value != "undefined");
        let array =
            ARRAYS.iter().find(|array| task(array).is_some()).ok_or(JobArrayError::NoArray)?;
        let variable = array.task;
        let value = task(array).unwrap_or_default();
        let first = match array.first {
            Ok(variable) => read_variable(variable, variables)?,
            Err(first) => Some(first),
        };
        let number = read_number(&value)
            .ok_or_else(|| JobArrayError::NotANumber { variable, value: value.clone() })?;
        let step = read_optional(array.step, variables)?.unwrap_or(1).max(1);
        // A scheduler that does not say where the array begins is taken to begin at 1.
        let first = first.unwrap_or(1);
        let last = read_optional(array.last, variables)?;
        let count = count_tasks(array, first, last, step, variables)?;
        let distance = number.checked_sub(first).filter(|distance| distance % step == 0);
        let place = distance.map(|distance| distance / step + 1);
        Ok(Self { variable, value, first, place, count })
    }

    /// Its place, from 1, among so many tasks, or among those that the scheduler says.
    ///
    /// # Errors
    /// If it is not one of them, or their number is unknown.
    pub(crate) fn place_among(
        &self,
        count: Option<usize>,
    ) -> Result<(usize, usize), JobArrayError> {
        let variable = self.variable;
        let count = count.or(self.count).ok_or(JobArrayError::NoCount { variable })?;
        match self.place {
            Some(place) if place <= count => Ok((place, count)),
            _ => {
                let (value, first) = (self.value.clone(), self.first);
                Err(JobArrayError::Outside { variable, value, first, count })
            }
        }
    }

    /// Its place, from 1, among the tasks of a sweep. An array of another size may be a part of the tasks,
    /// whose numbers are not its places.
    ///
    /// # Errors
    /// If the array has another number of tasks, or does not have this one.
    pub(crate) fn place_in_sweep(&self, sweep: usize) -> Result<usize, JobArrayError> {
        if let Some(array) = self.count
            && array != sweep
        {
            return Err(JobArrayError::OtherCount { array, sweep });
        }
        self.place_among(Some(sweep)).map(|(place, _)| place)
    }
}

/// The number of tasks, if the scheduler says it.
fn count_tasks(
    array: &JobArray,
    first: usize,
    last: Option<usize>,
    step: usize,
    variables: Variables<'_>,
) -> Result<Option<usize>, JobArrayError> {
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
) -> Result<Option<usize>, JobArrayError> {
    match variable {
        Some(variable) => read_variable(variable, variables),
        None => Ok(None),
    }
}

/// The number in a variable; none if it is not set.
fn read_variable(
    variable: &'static str,
    variables: Variables<'_>,
) -> Result<Option<usize>, JobArrayError> {
    let Some(value) = variables(variable).filter(|value| value != "undefined") else {
        return Ok(None);
    };
    let number = read_number(&value);
    number.map(Some).ok_or(JobArrayError::NotANumber { variable, value })
}

/// A number of at most nine digits, without a sign.
pub(crate) fn read_number(text: &str) -> Option<usize> {
    const MOST_DIGITS: usize = 9;
    let is_number = text.len() <= MOST_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variables, the number of tasks that is given, and the result.
    type Case<'a, T> = (&'a [(&'a str, &'a str)], Option<usize>, T);

    fn place(
        variables: &[(&str, &str)],
        count: Option<usize>,
    ) -> Result<(usize, usize), JobArrayError> {
        let find = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        ArrayTask::find(&find)?.place_among(count)
    }

    #[test]
    fn a_task_of_any_scheduler_finds_its_place() {
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
        let cases: [Case<'_, (usize, usize)>; 6] = [
            (&counted, None, (3, 8)),
            (&stepped, None, (2, 3)),
            (&slurm, Some(9), (3, 9)),
            (&[("JOB_COMPLETION_INDEX", "0")], Some(4), (1, 4)),
            (&[("PBS_ARRAY_INDEX", "4")], Some(4), (4, 4)),
            (&sge, None, (2, 4)),
        ];
        for (variables, count, expected) in cases {
            assert_eq!(place(variables, count), Ok(expected), "{variables:?}");
        }
    }

    #[test]
    fn a_task_that_is_not_known_is_an_error_that_says_why() {
        let cases: [Case<'_, &str>; 6] = [
            (&[], Some(4), "not a task of a job array"),
            (&[("SGE_TASK_ID", "undefined")], Some(4), "not a task of a job array"),
            (&[("JOB_COMPLETION_INDEX", "0")], None, "not the number of tasks"),
            (&[("JOB_COMPLETION_INDEX", "4")], Some(4), "not one of 4 tasks from 0 on"),
            (&[("PBS_ARRAY_INDEX", "0")], Some(4), "not one of 4 tasks from 1 on"),
            (&[("SLURM_ARRAY_TASK_ID", "x")], Some(4), "is `x`, which is not a number"),
        ];
        for (variables, count, expected) in cases {
            let error = place(variables, count).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_part_of_an_array_is_not_taken_for_the_sweep() {
        let task = |count: usize| {
            let find = |name: &str| match name {
                "SLURM_ARRAY_TASK_ID" => Some("7".to_owned()),
                "SLURM_ARRAY_TASK_MIN" => Some("4".to_owned()),
                "SLURM_ARRAY_TASK_COUNT" => Some(count.to_string()),
                _ => None,
            };
            ArrayTask::find(&find)?.place_in_sweep(9)
        };
        assert_eq!(task(9), Ok(4));
        assert_eq!(task(2), Err(JobArrayError::OtherCount { array: 2, sweep: 9 }));
    }
}
