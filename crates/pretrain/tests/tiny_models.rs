//! The tiny models in `assets/models/seeds` are those of the recipe, and their card states it.

use std::{fs, path::Path};

use bert_model::Checkpoint;
use grammar::TINY_SEEDS;
use pretrain::{ModelShape, Recipe};

fn seeds() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/seeds"))
}

#[test]
fn each_checkpoint_has_the_shape_of_the_recipe() {
    let config = serde_json::json!(ModelShape::TINY.config().unwrap());
    for number in 1..=TINY_SEEDS.len() {
        let checkpoint = Checkpoint::open(seeds().join(format!("seed-{number}"))).unwrap();
        assert_eq!(serde_json::json!(checkpoint.config), config);
    }
}

/// The settings of the tiny models as a table in Markdown.
fn recipe_table() -> String {
    let ModelShape { layers, hidden, heads } = ModelShape::TINY;
    let seeds: Vec<String> = TINY_SEEDS.iter().map(u64::to_string).collect();
    // Every field is named, so that none is left out of the card.
    let Recipe {
        seed: _,
        deviation,
        pronoun_share,
        word_share,
        rounds,
        sentences_per_round,
        batch_size,
        learning_rate,
    } = Recipe::tiny(TINY_SEEDS[0]);
    let rows = [
        ("layers", layers.to_string()),
        ("hidden size", hidden.to_string()),
        ("neurons in each layer's MLP", (4 * hidden).to_string()),
        ("attention heads", heads.to_string()),
        ("random seeds of `seed-1` to `seed-5`", seeds.join(", ")),
        ("standard deviation of the initial weights", deviation.to_string()),
        ("share of the pronouns that are masked", pronoun_share.to_string()),
        ("share of the other words that are masked", word_share.to_string()),
        ("rounds", rounds.to_string()),
        ("new sentences per round", sentences_per_round.to_string()),
        ("sentences per batch, of one length", batch_size.to_string()),
        ("highest learning rate (AdamW, warm-up, linear decay)", learning_rate.to_string()),
    ];
    let mut table = String::from("| setting | value |\n|---|---|\n");
    for (setting, value) in rows {
        table.extend(["| ", setting, " | ", &value, " |\n"]);
    }
    table
}

#[test]
fn the_card_states_the_recipe() {
    let path = seeds().join("README.md");
    let card = fs::read_to_string(&path).unwrap();
    let start = "<!-- recipe -->\n";
    let (before, rest) = card.split_once(start).unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let table = recipe_table();
    let expected = format!("{before}{start}{table}<!-- end -->{after}");
    if card != expected {
        fs::write(&path, &expected).unwrap();
        panic!("{} was out of date and has been rewritten", path.display());
    }
}
