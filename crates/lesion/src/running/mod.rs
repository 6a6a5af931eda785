//! Runs of a study: preparation, progress, output and journal.

pub(crate) mod check_study;
pub(crate) mod file_journal;
pub(crate) mod folder;
pub(crate) mod journal_lines;
pub(crate) mod memo;
pub(crate) mod memory;
pub(crate) mod new_files;
pub(crate) mod place;
pub(crate) mod prepared_study;
pub(crate) mod registration_file;
pub(crate) mod results;
pub(crate) mod run;
pub(crate) mod run_share;
pub(crate) mod shared_work;
pub(crate) mod stages;
pub(crate) mod starter;
pub(crate) mod watch;
