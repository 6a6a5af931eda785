//! The keys of rotary positions, as decoders have them.

use crate::{
    config::{
        config_error::ConfigError,
        json_keys::{JsonKeys, unsupported},
    },
    error::BertModelError,
    ops::rotary::{Llama3, RotaryPositions, RotaryScaling, Yarn},
};

/// The names of a family's keys, and its defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RotaryKeys {
    /// The key of the base in older files.
    pub(crate) base: &'static str,
    /// The key of the share of turned values in older files, and its default.
    pub(crate) share: Option<(&'static str, f64)>,
}

/// The base by default.
const BASE: f64 = 10_000.0;

/// The key of the share of turned values.
const SHARE: &str = "partial_rotary_factor";

impl RotaryKeys {
    /// Reads rotary positions that are the same in every layer: `rope_scaling`, `rope_parameters` or older keys.
    ///
    /// # Errors
    /// If the frequencies are changed in another way than those of [`RotaryScaling`], or a value is out of range.
    pub(crate) fn read(self, keys: JsonKeys<'_>) -> Result<RotaryPositions, BertModelError> {
        let mut parameters = None;
        for key in ["rope_scaling", "rope_parameters"] {
            let found = keys.object(key)?.filter(|found| !found.0.is_empty());
            parameters = parameters.or(found);
        }
        let number = |key: &'static str| match parameters {
            Some(parameters) => parameters.number(key),
            None => Ok(None),
        };
        let mut base = number("rope_theta")?;
        if base.is_none() {
            base = keys.number(self.base)?;
        }
        let base = base.unwrap_or(BASE);
        if base < 1.0 {
            let error = ConfigError::RotaryBase { key: self.base, base };
            return Err(BertModelError::Config(error));
        }
        let scaling = match parameters {
            Some(parameters) => read_scaling(parameters, keys, base)?,
            None => None,
        };
        let (share_key, default) = self.share.unwrap_or((SHARE, 1.0));
        let mut share = number(SHARE)?;
        if share.is_none() {
            share = keys.number(share_key)?;
        }
        let mut share = check_share(share_key, share.unwrap_or(default))?;
        if self.share.is_none() && share < 1.0 {
            // `transformers` fails with it if frequencies are scaled, and otherwise never reads it.
            if scaling.is_some() {
                return Err(unsupported(SHARE, share, "1"));
            }
            share = 1.0;
        }
        Ok(RotaryPositions { base, share, scaling })
    }
}

fn check_share(key: &'static str, share: f64) -> Result<f64, BertModelError> {
    if share > 0.0 && share <= 1.0 {
        return Ok(share);
    }
    Err(unsupported(key, share, "a number above 0 and at most 1"))
}

/// The change of the frequencies.
fn read_scaling(
    parameters: JsonKeys<'_>,
    keys: JsonKeys<'_>,
    base: f64,
) -> Result<Option<RotaryScaling>, BertModelError> {
    let mut kind = parameters.text("rope_type")?;
    if kind.is_none() {
        kind = parameters.text("type")?;
    }
    let kind = kind.unwrap_or("default");
    if kind == "default" {
        return Ok(None);
    }
    let positive = |key: &'static str| {
        let value = positive_if_any(parameters, key)?;
        value.ok_or(BertModelError::Config(ConfigError::MissingKey { key }))
    };
    match kind {
        // It changes texts that are longer than `max_position_embeddings`, which are not read.
        "dynamic" => positive("factor").map(|_| None),
        "linear" => Ok(Some(RotaryScaling::Linear { factor: positive("factor")? })),
        "llama3" => {
            let [low, high] = [positive("low_freq_factor")?, positive("high_freq_factor")?];
            if high <= low {
                let supported = "a number above `low_freq_factor`";
                return Err(unsupported("high_freq_factor", high, supported));
            }
            let factor = positive("factor")?;
            let trained = trained_length(parameters, keys)?;
            Ok(Some(RotaryScaling::Llama3(Llama3 { factor, low, high, trained })))
        }
        "yarn" => {
            if base <= 1.0 {
                return Err(unsupported("rope_theta", base, "a number above 1 with \"yarn\""));
            }
            let factor = positive("factor")?;
            Ok(Some(RotaryScaling::Yarn(Yarn {
                factor,
                low: turns(parameters, "beta_slow")?.unwrap_or(1.0),
                high: turns(parameters, "beta_fast")?.unwrap_or(32.0),
                trained: trained_length(parameters, keys)?,
                rounded: parameters.flag("truncate")?.unwrap_or(true),
                amplitude: amplitude(parameters, factor)?,
            })))
        }
        other => {
            let supported = "\"default\", \"linear\", \"dynamic\", \"llama3\" and \"yarn\"";
            Err(unsupported("rope_type", other, supported))
        }
    }
}

fn positive_if_any(
    parameters: JsonKeys<'_>,
    key: &'static str,
) -> Result<Option<f64>, BertModelError> {
    match parameters.number(key)? {
        Some(value) if value <= 0.0 => Err(unsupported(key, value, "a number above 0")),
        value => Ok(value),
    }
}

/// A number of turns, for which 0 stands for the default.
fn turns(parameters: JsonKeys<'_>, key: &'static str) -> Result<Option<f64>, BertModelError> {
    match parameters.number(key)? {
        Some(0.0) => Ok(None),
        _ => positive_if_any(parameters, key),
    }
}

/// The number that `YaRN` multiplies turned values by.
fn amplitude(parameters: JsonKeys<'_>, factor: f64) -> Result<f64, BertModelError> {
    const AMPLITUDE: &str = "attention_factor";
    if let Some(amplitude) = positive_if_any(parameters, AMPLITUDE)? {
        return Ok(amplitude);
    }
    let growth = |scale: f64| 0.1 * scale * factor.max(1.0).ln() + 1.0;
    let scale =
        |key| Ok::<_, BertModelError>(parameters.number(key)?.filter(|&scale| scale != 0.0));
    let amplitude = match (scale("mscale")?, scale("mscale_all_dim")?) {
        (Some(scale), Some(of_all)) => growth(scale) / growth(of_all),
        _ => growth(1.0),
    };
    if amplitude > 0.0 && amplitude.is_finite() {
        return Ok(amplitude);
    }
    Err(unsupported(AMPLITUDE, amplitude, "a number above 0"))
}

/// Length of the texts that the model was trained on.
fn trained_length(parameters: JsonKeys<'_>, keys: JsonKeys<'_>) -> Result<f64, BertModelError> {
    const LENGTH: &str = "original_max_position_embeddings";
    let candidates =
        [keys.size(LENGTH)?, parameters.size(LENGTH)?, keys.size("max_position_embeddings")?];
    let length = candidates.into_iter().flatten().next();
    let missing = BertModelError::Config(ConfigError::MissingKey { key: LENGTH });
    Ok(length.ok_or(missing)? as f64)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    const KEYS: RotaryKeys = RotaryKeys { base: "rope_theta", share: Some(("rotary_pct", 0.25)) };

    fn read(keys: &Value) -> Result<RotaryPositions, BertModelError> {
        KEYS.read(JsonKeys(keys.as_object().unwrap()))
    }

    #[test]
    fn older_keys_and_newer_ones_mean_the_same() {
        let scaling = json!({"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192});
        let mut older =
            json!({"rope_theta": 5e5, "rotary_pct": 0.5, "rope_scaling": scaling.clone()});
        older["rope_scaling"]["type"] = json!("llama3");
        let mut newer = json!({"rope_parameters": scaling});
        newer["rope_parameters"]["rope_type"] = json!("llama3");
        newer["rope_parameters"]["rope_theta"] = json!(5e5);
        newer["rope_parameters"]["partial_rotary_factor"] = json!(0.5);
        assert_eq!(read(&older).unwrap(), read(&newer).unwrap());
        let trained = 8192.0;
        let llama3 = Llama3 { factor: 8.0, low: 1.0, high: 4.0, trained };
        let scaling = Some(RotaryScaling::Llama3(llama3));
        assert_eq!(read(&newer).unwrap(), RotaryPositions { base: 5e5, share: 0.5, scaling });
        let default = RotaryPositions { share: 0.25, ..RotaryPositions::with_base(1e4) };
        assert_eq!(read(&json!({})).unwrap(), default);
    }

    #[derive(Deserialize)]
    struct Expected {
        keys: Value,
        size: usize,
        frequencies: Vec<f32>,
        amplitude: f32,
    }

    #[test]
    fn frequencies_are_those_of_transformers_to_the_last_bit() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/parity/frequencies.json");
        let all: Vec<Expected> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        assert!(!all.is_empty());
        for Expected { keys, size, frequencies, amplitude } in all {
            let neox = RotaryKeys { base: "rotary_emb_base", ..KEYS };
            let positions = neox.read(JsonKeys(keys.as_object().unwrap())).unwrap();
            let found = positions.frequencies(size);
            assert_eq!(positions.turned(size), 2 * frequencies.len(), "{keys}");
            assert_eq!(found.len(), frequencies.len(), "{keys}");
            assert_eq!(positions.amplitude().to_bits(), amplitude.to_bits(), "{keys}");
            for (found, expected) in found.into_iter().zip(frequencies) {
                // PyTorch's power may be the neighbour of the nearest number.
                let distance = found.to_bits().abs_diff(expected.to_bits());
                assert!(distance <= 1, "{keys}: {found} is not {expected}");
            }
        }
    }

    #[test]
    fn other_positions_are_refused_by_name() {
        for (keys, expected) in [
            (json!({"rope_scaling": {"type": "longrope", "factor": 2.0}}), "rope_type"),
            (json!({"rope_scaling": {"type": "dynamic"}}), "factor"),
            (json!({"rope_scaling": {"type": "yarn"}}), "factor"),
            (
                json!({"rope_scaling": {"type": "yarn", "factor": 2.0}}),
                "original_max_position_embeddings",
            ),
            (
                json!({"rope_scaling": {"type": "yarn", "factor": 2.0, "beta_fast": -1}}),
                "beta_fast",
            ),
            (
                json!({"rope_scaling": {"type": "yarn", "factor": 2.0, "mscale": -40, "mscale_all_dim": 1},
                    "max_position_embeddings": 64}),
                "attention_factor",
            ),
            (
                json!({"rope_theta": 1, "rope_scaling": {"type": "yarn", "factor": 2.0}}),
                "rope_theta",
            ),
            (json!({"rope_scaling": {"type": "linear"}}), "factor"),
            (json!({"rope_scaling": {"type": "linear", "factor": 0.0}}), "factor"),
            (json!({"rope_theta": 0.5}), "rope_theta"),
            (json!({"rotary_pct": 1.5}), "rotary_pct"),
            (json!({"rotary_pct": 0.0}), "rotary_pct"),
        ] {
            let error = read(&keys).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
        let whole = RotaryKeys { share: None, ..KEYS };
        let mut keys = json!({"partial_rotary_factor": 0.5});
        let plain = whole.read(JsonKeys(keys.as_object().unwrap())).unwrap();
        assert_eq!(plain.share.to_bits(), 1.0_f64.to_bits());
        keys["rope_scaling"] = json!({"type": "linear", "factor": 2.0});
        let error = whole.read(JsonKeys(keys.as_object().unwrap())).unwrap_err().to_string();
        assert!(error.contains("`partial_rotary_factor` is 0.5"), "{error}");
    }
}
