//! The laboratory in a browser: its WebAssembly, and the page around it.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::{Workspace, remove_package_variables};

const TARGET: &str = "wasm32-unknown-unknown";

/// The profile of `Cargo.toml`.
const PROFILE: &str = "lab";

/// SIMD for the matrix products, and the browser's random numbers for `getrandom` 0.3.
const RUSTFLAGS: &str = "-C target-feature=+simd128 --cfg getrandom_backend=\"wasm_js\"";

/// Features of WebAssembly that the module uses; every browser of the last years has them.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// The files of the bundled model, beside the page.
const MODEL: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// Builds the laboratory into target/lab; only its engine if `is_engine_alone`.
pub(crate) fn build_lab(workspace: &Workspace, is_engine_alone: bool) -> Result<ExitCode> {
    let root = workspace.root();
    let page = root.join("crates/lesion-lab/page");
    run_npm(&page, &["ci", "--no-audit", "--no-fund"].map(OsStr::new))?;
    let module = build_module(root)?;
    let glue = page.join("src/engine/generated");
    write_glue(workspace, &module, &glue)?;
    optimise(&page, &glue.join("lesion_lab_bg.wasm"))?;
    copy_model(root, &page.join("public/model"))?;
    if is_engine_alone {
        return Ok(ExitCode::SUCCESS);
    }
    let out = root.join("target/lab");
    let flags = ["run", "build", "--", "--emptyOutDir", "--outDir"].map(OsStr::new);
    run_npm(&page, &[&flags[..], &[out.as_os_str()]].concat())?;
    eprintln!("The laboratory is in {}; any static host serves it.", out.display());
    Ok(ExitCode::SUCCESS)
}

fn run_npm(page: &Path, arguments: &[&OsStr]) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(arguments).current_dir(page);
    run(&mut npm, "install Node.js 20.19 or newer, which has npm")
}

/// Builds the WebAssembly in a target folder of its own.
fn build_module(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target/wasm");
    let mut cargo = find_cargo()?;
    cargo.args(["build", "--locked", "--package", "lesion-lab", "--lib", "--profile", PROFILE]);
    cargo.args(["--target", TARGET, "--target-dir"]).arg(&folder);
    cargo.arg("--manifest-path").arg(root.join("Cargo.toml"));
    cargo.env("RUSTFLAGS", RUSTFLAGS);
    run(&mut cargo, "")?;
    Ok(folder.join(TARGET).join(PROFILE).join("lesion_lab.wasm"))
}

/// The cargo of a toolchain for WebAssembly: that of rustup with its target, or else Debian's, which
/// compiles the standard library too.
fn find_cargo() -> Result<Command> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let libraries =
        Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    if let Ok(output) = libraries
        && Path::new(String::from_utf8_lossy(&output.stdout).trim()).exists()
    {
        return Ok(Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into())));
    }
    let debian = ["/usr/bin/cargo", "/usr/bin/rustc", DEBIAN_LINKER, DEBIAN_SOURCES];
    if !debian.iter().all(|path| Path::new(path).exists()) {
        bail!(
            "there is no Rust for WebAssembly; `rustup target add {TARGET}` installs it, or on Debian \
             `apt install rustc-web cargo-web rust-web-src lld-22`"
        );
    }
    let mut cargo = Command::new(debian[0]);
    cargo.env("RUSTC", debian[1]).env("RUSTC_BOOTSTRAP", "1").env_remove("RUSTUP_TOOLCHAIN");
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", debian[2]);
    cargo.args(["-Z", "build-std=std,panic_abort"]);
    Ok(cargo)
}

/// The linker of `lld-22`.
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-22";

/// A file of `rust-web-src`.
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";

/// Writes the JavaScript around the module.
fn write_glue(workspace: &Workspace, module: &Path, folder: &Path) -> Result<()> {
    workspace.build(&["--locked", "--package", "lab-glue"])?;
    let mut glue = Command::new(workspace.program("lab-glue"));
    run(glue.arg(module).arg("--out").arg(folder), "")
}

/// Makes the module smaller. `-O3` is as fast, within what can be measured, and larger; so it is without
/// `--merge-similar-functions`. The program is npm's, because that of Debian 12 exports the wrong table of two.
fn optimise(page: &Path, module: &Path) -> Result<()> {
    let mut optimiser = Command::new(page.join("node_modules/.bin/wasm-opt"));
    optimiser.args(["--merge-similar-functions", "-Oz"]).args(FEATURES);
    optimiser.arg(module).arg("-o").arg(module);
    run(&mut optimiser, "")
}

/// Copies the bundled model into the page's folder.
fn copy_model(root: &Path, folder: &Path) -> Result<()> {
    let write_error = || format!("cannot write into {}", folder.display());
    fs::create_dir_all(folder).with_context(write_error)?;
    for file in MODEL {
        let source = root.join("assets/models/bundled").join(file);
        fs::copy(source, folder.join(file)).with_context(write_error)?;
    }
    Ok(())
}

/// Runs a command. `advice` says how to get the program if it is not there.
fn run(command: &mut Command, advice: &str) -> Result<()> {
    remove_package_variables(command);
    let program = command.get_program().to_owned();
    let status = command.status();
    let status = status.with_context(|| format!("cannot run {}; {advice}", program.display()))?;
    ensure!(status.success(), "`{}` failed", program.display());
    Ok(())
}
