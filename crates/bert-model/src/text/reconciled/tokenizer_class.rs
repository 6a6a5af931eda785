//! The class of a tokenizer, which decides what is read from its files.

use crate::text::{reconciled::option_file::OptionFile, tokenizer_error::TokenizerError};

/// A class of `transformers` that builds a tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenizerClass {
    /// `BertTokenizer`: `WordPiece`.
    Bert,
    /// `RobertaTokenizer`: byte-level BPE.
    Roberta,
    /// `XLMRobertaTokenizer`: unigrams.
    XlmRoberta,
    /// `AlbertTokenizer`: unigrams.
    Albert,
    /// `CamembertTokenizer`: unigrams.
    Camembert,
    /// `PhobertTokenizer` and `BertweetTokenizer`: BPE of words, with merges of fastBPE.
    PhoBert,
    /// `EsmTokenizer`: each token of a list, wherever it stands.
    Esm,
    /// `GPT2Tokenizer`: byte-level BPE without tokens around a text.
    Gpt2,
    /// `GPTNeoXTokenizer`: byte-level BPE of composed characters.
    GptNeox,
    /// `Qwen2Tokenizer`: byte-level BPE of composed characters, with a pattern of its own.
    Qwen2,
    /// `LlamaTokenizer`: BPE with a sign for spaces, and bytes for unknown characters.
    Llama,
    /// `TokenizersBackend`, a class of no model: all of `tokenizer.json`.
    Whole,
}

/// Other names of the classes.
const ALIASES: [(TokenizerClass, &[&str]); 12] = [
    (
        TokenizerClass::Bert,
        &[
            "BertTokenizer",
            "ConvBertTokenizer",
            "DPRContextEncoderTokenizer",
            "DPRQuestionEncoderTokenizer",
            "DPRReaderTokenizer",
            "DistilBertTokenizer",
            "ElectraTokenizer",
            "LxmertTokenizer",
            "MobileBertTokenizer",
            "SqueezeBertTokenizer",
        ],
    ),
    (
        TokenizerClass::Roberta,
        &[
            "RobertaTokenizer",
            "BartTokenizer",
            "LEDTokenizer",
            "LongformerTokenizer",
            "MvpTokenizer",
        ],
    ),
    (TokenizerClass::XlmRoberta, &["XLMRobertaTokenizer"]),
    (TokenizerClass::Albert, &["AlbertTokenizer"]),
    (TokenizerClass::Camembert, &["CamembertTokenizer"]),
    (TokenizerClass::PhoBert, &["PhobertTokenizer", "BertweetTokenizer"]),
    (TokenizerClass::Esm, &["EsmTokenizer"]),
    (TokenizerClass::Gpt2, &["GPT2Tokenizer"]),
    (TokenizerClass::GptNeox, &["GPTNeoXTokenizer"]),
    (TokenizerClass::Qwen2, &["Qwen2Tokenizer"]),
    (TokenizerClass::Llama, &["LlamaTokenizer"]),
    (
        TokenizerClass::Whole,
        &["PreTrainedTokenizer", "TokenizersBackend", "PythonBackend", "BloomTokenizer"],
    ),
];

/// Classes of `transformers` 5.23 that build yet other tokenizers.
#[rustfmt::skip]
const OTHERS: [&str; 83] = [
    "AutoTokenizer", "BarthezTokenizer", "BartphoTokenizer", "BasicTokenizer",
    "BertGenerationTokenizer", "BertJapaneseTokenizer", "BigBirdTokenizer",
    "BioGptTokenizer", "BlenderbotSmallTokenizer", "BlenderbotTokenizer", "ByT5Tokenizer",
    "CLIPTokenizer", "CTRLTokenizer", "CanineTokenizer", "CharacterTokenizer",
    "ClvpTokenizer", "CodeGenTokenizer", "CodeLlamaTokenizer", "CohereTokenizer", "CpmAntTokenizer",
    "CpmTokenizer", "DebertaTokenizer", "DebertaV2Tokenizer", "DiaTokenizer", 
    "EsmcTokenizer", "FNetTokenizer", "FSMTTokenizer", "FastSpeech2ConformerTokenizer",
    "FlaubertTokenizer", "FunnelTokenizer", "GPTNeoXJapaneseTokenizer",
    "GPTSw3Tokenizer", "GemmaTokenizer", "HerbertTokenizer", "LasrTokenizer",
    "LayoutLMv2Tokenizer", "LayoutLMv3Tokenizer", "LayoutXLMTokenizer",
    "LukeTokenizer", "M2M100Tokenizer", "MBart50Tokenizer", "MBartTokenizer", "MLukeTokenizer",
    "MPNetTokenizer", "MarianTokenizer", "MarkupLMTokenizer", "MecabTokenizer", "MgpstrTokenizer",
    "MyT5Tokenizer", "NllbTokenizer", "NougatTokenizer", "OpenAIGPTTokenizer", "PLBartTokenizer",
    "ParakeetTokenizer", "PegasusTokenizer", "PerceiverTokenizer",
    "Pop2PianoTokenizer", "ProphetNetTokenizer", "Qwen3_5Tokenizer",
    "RagTokenizer", "ReformerTokenizer", "RemBertTokenizer", "RoCBertTokenizer",
    "RoFormerTokenizer", "SeamlessM4TTokenizer", "Siglip2Tokenizer", "SiglipTokenizer",
    "Speech2TextTokenizer", "SpeechT5Tokenizer", "SplinterTokenizer", "T5Tokenizer",
    "TapasTokenizer", "Tipsv2Tokenizer", "UdopTokenizer", "VideoPrismTokenizer", "VitsTokenizer",
    "Wav2Vec2CTCTokenizer", "Wav2Vec2PhonemeCTCTokenizer", "WhisperTokenizer", "WordpieceTokenizer",
    "XGLMTokenizer", "XLMTokenizer", "XLNetTokenizer",
];

impl TokenizerClass {
    /// The class that a `tokenizer_class` names. A name that `transformers` does not know counts as a
    /// class of no model.
    ///
    /// # Errors
    /// If the class builds a tokenizer that this crate does not have.
    fn named(file: &OptionFile, key: &str, name: &str) -> Result<Self, TokenizerError> {
        let plain = name.strip_suffix("Fast").unwrap_or(name);
        for (class, names) in ALIASES {
            if names.contains(&plain) {
                return Ok(class);
            }
        }
        if OTHERS.contains(&plain) {
            let problem = format!(
                "is {name:?}; supported: BertTokenizer, RobertaTokenizer, XLMRobertaTokenizer, \
                 AlbertTokenizer, CamembertTokenizer, PhobertTokenizer, BertweetTokenizer, EsmTokenizer, \
                 GPT2Tokenizer, GPTNeoXTokenizer, Qwen2Tokenizer, LlamaTokenizer and PreTrainedTokenizerFast"
            );
            return Err(file.error(key, problem));
        }
        Ok(Self::Whole)
    }

    /// The class that a folder names: that of `tokenizer_config.json`, or of `config.json`, or `default`, the
    /// family's.
    ///
    /// # Errors
    /// If the class builds a tokenizer that this crate does not have, or that does not suit a decoder.
    pub(crate) fn choose(
        options: &OptionFile,
        config: &OptionFile,
        default: Self,
        is_decoder: bool,
    ) -> Result<Self, TokenizerError> {
        const KEY: &str = "tokenizer_class";
        for file in [options, config] {
            let Some(name) = file.text(KEY)? else { continue };
            let class = Self::named(file, KEY, name)?;
            if is_decoder && !class.suits_decoder() {
                let problem = format!(
                    "is {name:?}, which puts tokens around a text; supported for a decoder: \
                     GPT2Tokenizer, GPTNeoXTokenizer, Qwen2Tokenizer, LlamaTokenizer and \
                     PreTrainedTokenizerFast"
                );
                return Err(file.error(KEY, problem));
            }
            return Ok(class);
        }
        Ok(default)
    }

    /// True for classes that put no tokens around a text.
    fn suits_decoder(self) -> bool {
        matches!(self, Self::Gpt2 | Self::GptNeox | Self::Qwen2 | Self::Llama | Self::Whole)
    }

    /// True for classes in Python alone, which do not read `tokenizer.json`.
    pub(crate) fn is_python(self) -> bool {
        matches!(self, Self::Esm | Self::PhoBert)
    }

    /// The name of the class in `transformers`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bert => "BertTokenizer",
            Self::Roberta => "RobertaTokenizer",
            Self::XlmRoberta => "XLMRobertaTokenizer",
            Self::Albert => "AlbertTokenizer",
            Self::Camembert => "CamembertTokenizer",
            Self::PhoBert => "PhobertTokenizer",
            Self::Esm => "EsmTokenizer",
            Self::Gpt2 => "GPT2Tokenizer",
            Self::GptNeox => "GPTNeoXTokenizer",
            Self::Qwen2 => "Qwen2Tokenizer",
            Self::Llama => "LlamaTokenizer",
            Self::Whole => "TokenizersBackend",
        }
    }

    /// The files that this class can be built from if there is no `tokenizer.json`.
    pub(crate) fn vocabulary_files(self) -> &'static [&'static str] {
        match self {
            Self::Bert | Self::Esm => &["vocab.txt"],
            Self::Roberta | Self::Gpt2 | Self::GptNeox | Self::Qwen2 => {
                &["vocab.json", "merges.txt"]
            }
            Self::PhoBert => &["vocab.txt", "bpe.codes"],
            Self::XlmRoberta | Self::Albert | Self::Camembert | Self::Llama | Self::Whole => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Expected {
        classes: BTreeMap<String, Option<String>>,
    }

    #[test]
    fn classes_are_those_of_transformers() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tokenizers/expected.json");
        let expected: Expected = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let file = OptionFile::read("tokenizer_config.json", None).unwrap();
        for (name, class) in &expected.classes {
            for name in [name.clone(), format!("{name}Fast")] {
                let found = TokenizerClass::named(&file, "tokenizer_class", &name);
                let found = found.ok().map(|class| class.name().to_owned());
                assert_eq!(found, *class, "{name}");
            }
        }
        for whole in ["PreTrainedTokenizerFast", "MyTokenizer"] {
            let found = TokenizerClass::named(&file, "tokenizer_class", whole);
            assert_eq!(found.unwrap(), TokenizerClass::Whole);
        }
    }
}
