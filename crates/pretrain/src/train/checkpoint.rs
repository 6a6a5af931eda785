use std::{fs, path::Path};

use bert_model::{BertForMaskedLm, BertTokenizer};
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};

use super::{TrainError, state::file};

/// Writes a Hugging Face checkpoint folder that `transformers` loads unchanged.
///
/// # Errors
/// Where a file cannot be written.
pub fn write_checkpoint(
    model: &BertForMaskedLm,
    tokenizer: &BertTokenizer,
    vocabulary: &[String],
    dir: &Path,
) -> Result<(), TrainError> {
    let tokenizer_config = serde_json::json!({
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": true,
        "model_max_length": model.config().max_position_embeddings,
        "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]",
        "cls_token": "[CLS]", "mask_token": "[MASK]",
    });
    let weights = weights(model).map_err(|error| TrainError::State {
        path: dir.join("model.safetensors"),
        reason: error.to_string(),
    })?;
    fs::create_dir_all(dir).map_err(file(dir))?;
    for (name, bytes) in [
        ("model.safetensors", weights),
        ("config.json", format!("{:#}\n", serde_json::json!(model.config())).into_bytes()),
        ("tokenizer.json", (tokenizer.to_json()? + "\n").into_bytes()),
        ("vocab.txt", (vocabulary.join("\n") + "\n").into_bytes()),
        ("tokenizer_config.json", format!("{tokenizer_config:#}\n").into_bytes()),
    ] {
        // Beside its place first, so that no half file has its name.
        let partial = dir.join(format!("{name}.partial"));
        fs::write(&partial, bytes).map_err(file(&partial))?;
        fs::rename(&partial, dir.join(name)).map_err(file(&partial))?;
    }
    Ok(())
}

fn weights(model: &BertForMaskedLm) -> Result<Vec<u8>, SafeTensorError> {
    let tensors = model.tensors();
    let views = tensors
        .iter()
        .map(|(name, data)| {
            Ok((name, TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes())?))
        })
        .collect::<Result<Vec<_>, SafeTensorError>>()?;
    // `transformers` asks for the format.
    safetensors::serialize(views, Some([("format".to_owned(), "pt".to_owned())].into()))
}
