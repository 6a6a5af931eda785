//! The option `--task`: a task of a sweep, given or by the variables of a job array.

use std::fmt;

use crate::job_array::{ArrayTask, JobArrayError, environment, read_number};

/// A task as the option gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskOption {
    /// Its number, from 1.
    Given(usize),
    /// The task of this process in a job array.
    Auto,
}

/// A task that is not one of the sweep, or is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TaskError {
    /// The text is not a task.
    Text(String),
    /// The sweep has fewer tasks.
    Outside { number: usize, count: usize },
    /// A problem of the variables of a job array.
    Array(JobArrayError),
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => {
                write!(f, "`{text}` is not a task; use a number from 1, or `auto` in a job array")
            }
            Self::Outside { number, count } => {
                write!(f, "--task: there is no task {number}; the sweep has {count}")
            }
            Self::Array(error) => write!(f, "--task {error}"),
        }
    }
}

impl std::error::Error for TaskError {}

impl TaskOption {
    /// Reads `3` or `auto`.
    ///
    /// # Errors
    /// If the text is neither.
    pub(crate) fn parse(text: &str) -> Result<Self, TaskError> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let number = read_number(text).filter(|&number| number > 0);
        number.map(Self::Given).ok_or_else(|| TaskError::Text(text.to_owned()))
    }

    /// The number of the task in a sweep of so many, with the environment of this process.
    ///
    /// # Errors
    /// If the sweep has no such task, or this process is not a task of a job array.
    pub(crate) fn number(self, count: usize) -> Result<usize, TaskError> {
        match self {
            Self::Given(number) if number <= count => Ok(number),
            Self::Given(number) => Err(TaskError::Outside { number, count }),
            Self::Auto => {
                let task = ArrayTask::find(&environment).map_err(TaskError::Array)?;
                task.place_in_sweep(count).map_err(TaskError::Array)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_a_number_of_the_sweep_or_that_of_the_job() {
        assert_eq!(TaskOption::parse("3"), Ok(TaskOption::Given(3)));
        assert_eq!(TaskOption::parse("auto"), Ok(TaskOption::Auto));
        for text in ["", "0", "-1", "+2", "1.5", "all", "1/3"] {
            assert_eq!(TaskOption::parse(text), Err(TaskError::Text(text.to_owned())));
        }
        assert_eq!(TaskOption::Given(9).number(9), Ok(9));
        let outside = TaskError::Outside { number: 10, count: 9 };
        assert_eq!(TaskOption::Given(10).number(9), Err(outside));
    }
}
