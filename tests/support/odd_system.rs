//! Systems that are not this one, for the program: file systems without locks, read-only ones, a faster clock.

use std::{path::PathBuf, process::Command};

use tempfile::TempDir;

/// A C library that stands before the real one.
pub(crate) struct OddSystem {
    _dir: TempDir,
    library: PathBuf,
}

impl OddSystem {
    /// Compiles the library. The linker of Rust is a compiler of C.
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let library = dir.path().join("odd_system.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/odd_system.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&library);
        assert!(compiler.arg(source).arg("-ldl").status().unwrap().success());
        Self { _dir: dir, library }
    }

    /// The command on a system without locks on files.
    pub(crate) fn without_locks<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        self.with(command, "ODD_NO_LOCKS", "1")
    }

    /// The command on a system where a folder cannot be written into.
    pub(crate) fn read_only<'c>(&self, command: &'c mut Command, folder: &str) -> &'c mut Command {
        self.with(command, "ODD_READ_ONLY", folder)
    }

    /// The command with a clock that is so many times as fast.
    pub(crate) fn with_faster_clock<'c>(
        &self,
        command: &'c mut Command,
        factor: u32,
    ) -> &'c mut Command {
        self.with(command, "ODD_CLOCK", &factor.to_string())
    }

    fn with<'c>(&self, command: &'c mut Command, name: &str, value: &str) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library).env(name, value)
    }
}
