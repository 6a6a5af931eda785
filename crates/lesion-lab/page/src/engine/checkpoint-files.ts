/** The files of a checkpoint that the program reads. */

/** Files that are read besides the weights. */
const DESCRIPTION: readonly string[] = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.txt",
  "vocab.json",
  "merges.txt",
  "bpe.codes",
];

/** Weights in the order in which they are preferred: one file, or an index with its parts. */
const WEIGHTS = [
  { whole: "model.safetensors", part: /^model-.*\.safetensors$/ },
  { whole: "pytorch_model.bin", part: /^pytorch_model-.*\.bin$/ },
];

/** The files of weights that are read, of all files of a checkpoint. */
export function weightFiles(names: readonly string[]): string[] {
  for (const { whole, part } of WEIGHTS) {
    const index = `${whole}.index.json`;
    if (names.includes(whole)) return [whole];
    if (names.includes(index)) return [index, ...names.filter((name) => part.test(name))];
  }
  return [];
}

/** All files that are read, the small ones first. */
export function filesToRead(names: readonly string[]): string[] {
  return [...DESCRIPTION.filter((name) => names.includes(name)), ...weightFiles(names)];
}
