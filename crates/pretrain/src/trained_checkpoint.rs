//! The trained model as a checkpoint folder.

use std::{fs, path::Path};

use bert_model::{BertTokenizer, LanguageModel};

use crate::train_error::{TrainError, file_error};

/// Writes a Hugging Face checkpoint folder that `transformers` loads unchanged. The weights are f16.
///
/// # Errors
///
/// If a file cannot be written.
pub fn write_checkpoint(
    model: &LanguageModel,
    tokenizer: &BertTokenizer,
    vocabulary: &[String],
    dir: &Path,
) -> Result<(), TrainError> {
    let config = serde_json::json!(model.config());
    let tokenizer_config = serde_json::json!({
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": true,
        "model_max_length": model.config().max_position_embeddings,
        "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]",
        "cls_token": "[CLS]", "mask_token": "[MASK]",
    });
    fs::create_dir_all(dir).map_err(file_error(dir))?;
    for (name, bytes) in [
        ("model.safetensors", model.to_f16_safetensors()?),
        ("config.json", format!("{config:#}\n").into_bytes()),
        ("tokenizer.json", (tokenizer.to_json()? + "\n").into_bytes()),
        ("vocab.txt", (vocabulary.join("\n") + "\n").into_bytes()),
        ("tokenizer_config.json", format!("{tokenizer_config:#}\n").into_bytes()),
    ] {
        // Written under another name first, so that an incomplete file never has the final name.
        let partial = dir.join(format!("{name}.partial"));
        fs::write(&partial, bytes).map_err(file_error(&partial))?;
        fs::rename(&partial, dir.join(name)).map_err(file_error(&partial))?;
    }
    Ok(())
}
