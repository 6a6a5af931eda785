//! Tests of the whole program, in one binary so that it links once.

mod architecture;
mod backends;
mod browser;
mod bundled_model;
mod cased_labels;
mod committed_study;
mod documentation;
mod end_to_end;
mod families;
mod foreign_models;
mod ground_truth;
mod hub;
mod kills;
mod laboratory;
mod library;
mod output_folder;
mod planted_worlds;
mod predict;
mod registration;
mod report;
mod stimuli_designs;
mod studies;
mod support;
mod texts;
