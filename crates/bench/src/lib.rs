//! Benchmarks of the library crates, each in `benches/` and run by `cargo bench -p bench`.
