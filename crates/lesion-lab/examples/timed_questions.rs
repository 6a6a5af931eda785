//! The engine as a program: answers questions from the standard input, one in JSON per line, and prints
//! the milliseconds of each. `speed.mjs` asks a browser the same ones.
//!
//! The argument is the folder of a checkpoint, which is opened first.

use std::{
    env, fs,
    io::{self, BufRead as _},
    time::Instant,
};

use lesion_lab::Engine;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::args().nth(1).ok_or("the folder of a checkpoint is missing")?;
    let mut engine = Engine::new();
    let started = Instant::now();
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        engine.add_file(name.to_owned(), fs::read(format!("{folder}/{name}"))?);
    }
    engine.ask(r#"{"call": "loadFiles", "name": "bundled"}"#)?;
    println!("{}", started.elapsed().as_secs_f64() * 1e3);
    for question in io::stdin().lock().lines() {
        let question = question?;
        let started = Instant::now();
        engine.ask(&question)?;
        println!("{}", started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(())
}
