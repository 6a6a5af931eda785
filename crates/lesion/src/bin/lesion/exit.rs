//! The exit codes, and the one line that goes with each.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, set_hook},
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use hub::HubError;
use lesion::LesionError;

use crate::terminal::tell;

/// The way in which a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command did what it was asked for.
    Success,
    /// A mistake in the program.
    Bug,
    /// A mistake of the user, or something on this machine that only its user can change.
    User,
    /// The hub cannot be reached, or does not answer as a hub. The same command may succeed later.
    HubUnreachable,
    /// A signal or the time limit stopped the command. The same command resumes a study.
    Stopped,
}

impl Exit {
    /// The exit code; docs/reliability.md lists them. 69 and 75 are `EX_UNAVAILABLE` and `EX_TEMPFAIL` of
    /// `sysexits.h`.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Bug => 1,
            Self::User => 2,
            Self::HubUnreachable => 69,
            Self::Stopped => 75,
        }
    }

    /// The way in which a command ends that fails with an error.
    pub(crate) fn of_error(error: &anyhow::Error) -> Self {
        match error.downcast_ref().map(LesionError::innermost) {
            Some(error) if LesionError::is_cancelled(error) => Self::Stopped,
            Some(LesionError::Hub { source, .. }) if is_unreachable(source) => Self::HubUnreachable,
            _ => Self::User,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// True if a hub may answer the same question later.
fn is_unreachable(error: &HubError) -> bool {
    /// The server asks for a pause.
    const TOO_MANY_REQUESTS: u16 = 429;
    /// This status and those above are faults of the server.
    const SERVER_ERROR: u16 = 500;
    match *error {
        HubError::Unreachable { .. } | HubError::CutOff { .. } => true,
        HubError::Status { status, .. } => status == TOO_MANY_REQUESTS || status >= SERVER_ERROR,
        _ => false,
    }
}

/// Lets the first panic write one line to stderr that asks for a report. Panics behind a fence write none.
pub(crate) fn report_panics() {
    static REPORTED: AtomicBool = AtomicBool::new(false);
    set_hook(Box::new(|panic| {
        // Threads that wait for one another's work may all panic.
        if !REPORTED.swap(true, Ordering::Relaxed) {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tell(&bug_line(panic.payload(), &place));
        }
    }));
}

/// Runs a program. A panic in it is a bug.
pub(crate) fn catch_bugs(program: impl FnOnce() -> Exit) -> Exit {
    catch_unwind(AssertUnwindSafe(program)).unwrap_or(Exit::Bug)
}

/// A line about a panic at a place of the source code.
fn bug_line(payload: &(dyn Any + Send), place: &str) -> String {
    let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message.as_str(),
        _ => "no message",
    };
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "error: a bug in lesion {version} at {place}: {message}; please report it with this line and \
         the command"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_with_a_line_that_asks_for_a_report() {
        assert_eq!(catch_bugs(|| panic!("index {} out of range", 7)).code(), 1);
        assert_eq!(catch_bugs(|| Exit::Success).code(), 0);
        let panic = catch_unwind(|| panic!("index {} out of range", 7)).unwrap_err();
        let line = bug_line(&*panic, "src/x.rs:1:2");
        for part in ["src/x.rs:1:2", "index 7 out of range", "please report"] {
            assert!(line.contains(part) && line.lines().count() == 1, "{line}");
        }
    }

    #[test]
    fn only_a_hub_that_may_answer_later_is_unreachable() {
        let url = "http://hub".to_owned();
        for (status, expected) in [(429, true), (503, true), (404, false), (418, false)] {
            let status = HubError::Status { url: url.clone(), status, retry_after: None };
            assert_eq!(is_unreachable(&status), expected);
        }
        assert!(!is_unreachable(&HubError::NoHome));
    }
}
