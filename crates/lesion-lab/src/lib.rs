//! The laboratory in a browser: the library `lesion` in a Web Worker.
//!
//! An [`Engine`] answers questions in JSON, those of `page/src/engine/protocol.ts`:
//!
//! ```
//! use lesion_lab::Engine;
//!
//! let mut engine = Engine::new();
//! let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/bundled");
//! for name in ["config.json", "tokenizer.json", "model.safetensors"] {
//!     engine.add_file(name.to_owned(), std::fs::read(format!("{folder}/{name}")).unwrap());
//! }
//! let model = engine.ask(r#"{"call": "loadFiles", "name": "bundled"}"#).unwrap();
//! assert!(model.contains(r#""layers":6"#));
//! let question = r#"{"call": "predict", "sentence": "She thanked [MASK].", "candidates": ["her", "him"]}"#;
//! assert!(engine.ask(question).unwrap().contains(r#""candidate":"her""#));
//! ```
//!
//! All numbers, notes and errors are those of the library. Nothing is computed twice, and there are no
//! statistics in the page.
//!
//! A browser runs one question at a time, and hears nothing meanwhile. So a cloud of random sets comes in
//! parts, each with a question of its own, and the page ends the whole worker to cancel anything else.

mod answer_json;
mod choice_answers;
mod cloud_part;
mod contrast_answers;
mod lab_engine;
mod lab_question;
mod model_answers;
mod neuron_card;
mod one_line;
mod page_watch;
mod panic_line;
mod study_answers;

pub use lab_engine::Engine;
