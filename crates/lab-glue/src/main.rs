//! Writes the JavaScript and the TypeScript declarations around the laboratory's WebAssembly, with the
//! library behind the command-line tool `wasm-bindgen`. The tool itself is not used, because it must be
//! installed with a lock file of its own, whose packages may have left crates.io.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use wasm_bindgen_cli_support::Bindgen;

/// Write the JavaScript around a WebAssembly module, for a page that loads it by `import`.
#[derive(Parser)]
struct Args {
    /// Module that rustc made, without its glue.
    module: PathBuf,
    /// Folder of the module with glue, its JavaScript and its TypeScript declarations.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut bindgen = Bindgen::new();
    bindgen.input_path(args.module).web(true)?.typescript(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    // The JavaScript finds the module beside itself, so that Vite gives both hashed names.
    bindgen.omit_default_module_path(false);
    bindgen.generate(args.out)
}
