/**
 * The contract between the page and the engine: the program's own Rust, compiled to WebAssembly, in a
 * Web Worker.
 *
 * Everything in this folder belongs to the engine. The page imports the types from here, and
 * `openEngine` from `./client`:
 *
 * ```ts
 * const engine = openEngine();
 * const model = await engine.ask("loadBundled", {}, { onProgress });
 * const answer = await engine.ask("predict", { sentence: "She thanked [MASK].", lesion: { neurons: ["4:her"] } });
 * ```
 *
 * - The engine is asked one thing at a time; further questions wait in order.
 * - `onProgress` is called for anything beyond 0.2 s, and `onPart` for each part of a `cloud`.
 * - `signal` cancels: a waiting question never starts, a `cloud` stops after the current sets, and
 *   anything else ends with its worker. A new worker then loads the same model again before the next
 *   question (0.3 s for the bundled model), and selects the same neurons before the next that needs
 *   them; it forgets the open study. So it does if a model cannot be loaded: the one before stays. The
 *   promise is rejected with `EngineError` whose `cancelled` is true.
 * - A user's mistake rejects with `EngineError`; its `message` is the program's one line.
 * - Statistics, random sets and sentences about results come from the engine. The page draws.
 */

/** The model's weights, wasm and glue are fetched from these, relative to the page. Nothing else is. */
export const MODEL_FOLDER = "model/";

/** Every question, with its argument and its answer. */
export interface Calls {
  /** Opens the bundled model. */
  loadBundled: { argument: Record<string, never>; answer: ModelInfo };
  /** Opens a checkpoint from the files of a folder, picked or dropped. Other files are ignored. */
  loadFiles: { argument: { name: string; files: NamedFile[] }; answer: ModelInfo };
  /** Opens a model of the Hugging Face hub, `owner/name` or `owner/name@revision`. Its files are kept in
   *  the browser's cache. The only question that leaves the page's origin. */
  loadHub: { argument: { name: string }; answer: ModelInfo };
  /** Tells how much memory a model will need, from its `config.json` and the sizes of its files. */
  memoryNeeded: { argument: { files: NamedFile[] }; answer: MemoryNeeded };
  /** Tells the same of a model on the hub, before its weights are downloaded. */
  memoryNeededOnHub: { argument: { name: string }; answer: MemoryNeeded };

  /** The contrasts that come with the program, the paper's first. */
  examples: { argument: Record<string, never>; answer: Example[] };
  /** Settings of a study that the page may offer, with their documentation. */
  settings: { argument: Record<string, never>; answer: SettingInfo[] };

  /** A sentence as the model reads it; it may have no mask. */
  tokens: { argument: { sentence: string }; answer: SentenceTokens };
  /** Predicts the masked words, without and with a lesion. The answer is that of `lesion predict --json`. */
  predict: { argument: SentenceQuestion; answer: Prediction };
  /** Lesions each neuron of the lesion by itself: `lesion predict --each`. */
  each: { argument: SentenceQuestion; answer: EachMask[] };
  /** The same lesion against random sets. Parts come through `onPart`, the answer is the last one. */
  cloud: { argument: CloudQuestion; answer: CloudPart };

  /** Checks pairs and prompts for the model, line by line, without running anything. */
  parse: { argument: { texts: StudyTexts; settings?: SettingTexts }; answer: ParsedTexts };
  /** Selects neurons. Their labels are then known to `lesion`, `layer` and `neuron`. Before the first
   *  selection, labels are those that the default study selects on the bundled pairs, as in the program. */
  select: { argument: { texts: StudyTexts; settings?: SettingTexts }; answer: SelectionSummary };
  /** Every neuron of a layer of the selection. */
  layer: { argument: { layer: number }; answer: LayerNeurons };
  /** Numbers of neurons: those that a text such as `4:her` or `0-2:0-99` names, the strongest of a label,
   *  or a random set. */
  choose: { argument: NeuronChoice; answer: LayerSet[] };
  /** One neuron of the selection, in every pair and in a sentence. */
  neuron: { argument: NeuronQuestion; answer: NeuronCard };

  /** Runs a study in memory: dose, layers, dissociation, or all of it. */
  run: { argument: StudyQuestion; answer: FinishedStudy };
  /** Opens the files of a finished study, such as a folder that was dropped on the page. */
  openStudy: { argument: { files: NamedFile[] }; answer: FinishedStudy };
  /** A table of the study that was last run or opened. */
  table: { argument: { file: string }; answer: StudyTable };
  /** A file of that study, byte for byte. */
  studyFile: { argument: { file: string }; answer: Uint8Array };
  /** The files of a study that `lesion run study.toml` turns into the same numbers. The page zips them. */
  exportStudy: { argument: StudyQuestion & { lesion?: Lesion }; answer: TextFile[] };
}

export type Call = keyof Calls;

/** The engine, as the page uses it. */
export interface Engine {
  ask<C extends Call>(
    call: C,
    argument: Calls[C]["argument"],
    options?: AskOptions,
  ): Promise<Calls[C]["answer"]>;
  /** Keeps the files of the finished study, so that a new worker can open it again. */
  keepStudy(files: NamedFile[]): void;
  /** Whether a new worker can open the finished study again. */
  readonly keepsStudy: boolean;
  /** Ends the worker. */
  close(): void;
}

export interface AskOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  onPart?: (part: CloudPart) => void;
}

/** How far a question is. `all` is 0 if that is not known. `stage` is one of a few names: `download`,
 *  `load`, `activations`, `selection`, `baseline`, `lesion`, `cloud`, or the name of a part of a study. */
export interface Progress {
  stage: string;
  done: number;
  all: number;
  /** Bytes instead of steps. */
  isBytes: boolean;
}

/** A file that the user picked; it is read where it is needed and never uploaded. `name` is its path in
 *  the folder, such as `model.safetensors` or `figures/profile.svg`. */
export interface NamedFile {
  name: string;
  file: Blob;
}

export interface TextFile {
  name: string;
  text: string;
}

// ---------------------------------------------------------------------------------------- models

export interface ModelInfo {
  /** `bundled`, the name of the folder, or the name and commit on the hub. */
  name: string;
  family: string;
  layers: number;
  neurons: number;
  /** The mask in the model's own writing. `[MASK]` is always understood. */
  mask: string;
  /** Most tokens of a sentence. */
  longest: number;
  /** Whether a word is predicted at the token before it, and nothing after it is read. */
  isDecoder: boolean;
  /** Whether each letter is a word, as in a protein. */
  readsLetters: boolean;
  /** The activation function of the MLP, such as `GELU`, or `GeGLU` with a gate. */
  activation: string;
  /** The program's notes and warnings about the model, in sentences. */
  notes: string[];
}

export interface MemoryNeeded {
  family: string;
  layers: number;
  neurons: number;
  parameters: number;
  /** Bytes while it is loaded, and most bytes on the way there. */
  bytes: number;
  bytesWhileLoading: number;
  /** Whether a page of this kind can address so much at all (4 GiB). */
  fits: boolean;
}

// ------------------------------------------------------------------------------------- sentences

export interface SentenceTokens {
  tokens: SentenceToken[];
  /** Positions at which masked words are predicted: of the masks, or of a decoder's last token. */
  masks: number[];
  /** Words that the model does not know. */
  unknown: string[];
}

export interface SentenceToken {
  text: string;
  /** Whether the model reads its unknown token here. */
  unknown: boolean;
  /** Whether it is one of the model's own, such as `[CLS]`. */
  special: boolean;
}

export interface SentenceQuestion {
  sentence: string;
  /** The words to rate, the right one first; by default the top words of the vocabulary. */
  candidates?: string[];
  /** Number of top words; 10 by default. */
  top?: number;
  lesion?: Lesion;
}

/** A lesion as `lesion predict` takes it. */
export interface Lesion {
  /** Such as `4:her`, `4:12,19`, `all:0-99`; several together. */
  neurons: string[];
  /** `zero`, `mean`, `median`, `resample`, `scale=0.5`, `value=2`; `zero` by default. */
  kind?: string;
  /** `post` by default: after GELU. */
  site?: "pre" | "post";
  /** `target` (the mask), `all`, or offsets such as `-1,0`. */
  at?: string;
  /** A sentence whose activations at its mask replace those of the neurons. The kind is then `patch`. */
  patch?: string;
}

export interface LayerSet {
  layer: number;
  neurons: number[];
}

/** The object of `lesion predict --json`. */
export interface Prediction {
  sentence: string;
  model: string;
  unknown: string[];
  lesion: null | {
    kind: string | Record<string, number>;
    site: "pre" | "post";
    at: unknown;
    layers: LayerSet[];
    patch?: string;
  };
  masks: PredictedMask[];
}

export interface PredictedMask {
  position: number;
  /** Whether the lesion changed any logit of the vocabulary. */
  changed: boolean;
  candidates: Rating[];
}

export interface Rating {
  candidate: string;
  logit: number;
  prob: number;
  rank: number;
  /** With the lesion, if there is one. */
  logit_lesioned?: number;
  prob_lesioned?: number;
  rank_lesioned?: number;
  logit_drop?: number;
}

/** Single lesions at one mask. */
export interface EachMask {
  position: number;
  word: string;
  others: string[];
  /** The margin without a lesion: the word's logit less the strongest other's. */
  margin: number;
  neurons: EachNeuron[];
}

export interface EachNeuron {
  layer: number;
  neuron: number;
  /** Activations at the mask before and after GELU. */
  pre: number;
  post: number;
  logit_drop: number;
  margin_drop: number;
  /** How the direct effect is computed: `exact`, `linearised`; null if the lesion is not zero at the mask. */
  direct: string | null;
  direct_logit_drop: number | null;
  direct_margin_drop: number | null;
}

export interface CloudQuestion {
  sentence: string;
  /** The right word first. Without candidates, the model's top word against its second. */
  candidates?: string[];
  lesion: Lesion;
  /** Random sets of each kind; 100 by default. The same sets as those of a study with this seed. */
  sets?: number;
  /** 0 by default. */
  seed?: number;
}

/** What is known so far. Arrays grow from part to part; each part contains all of them. */
export interface CloudPart {
  /** Position of the mask; the first one of the sentence. */
  position: number;
  word: string;
  others: string[];
  /** The margin without a lesion, and its fall under the lesion itself. */
  margin: number;
  marginDrop: number;
  logitDrop: number;
  sets: number;
  /** The largest p of the kinds, and the smallest that the sets so far admit; null before the first set. */
  p: number | null;
  leastP: number | null;
  /** Whether the lesion differs from the sets of every kind, at the level of a study. */
  isShown: boolean;
  kinds: CloudKind[];
  isComplete: boolean;
}

export interface CloudKind {
  /** `random`: as many neurons of the same layers. `random-active`: as active as the lesioned ones. */
  kind: "random" | "random-active";
  marginDrops: Float32Array;
  logitDrops: Float32Array;
  /** The two-sided p of the lesion's margin drop among these sets; null before the first. */
  p: number | null;
  /** The range of 95 % of the margin drops; null before the first set. */
  range: [number, number] | null;
  /** A sentence if there can be no such sets, because the set is its whole layer. */
  reason: string | null;
}

// -------------------------------------------------------------------------------------- contrasts

/** Texts as in the files that `lesion run` reads. Empty or missing ones are the bundled texts. */
export interface StudyTexts {
  pairs?: string;
  prompts?: string;
}

/** Settings by key, as texts of the program's options: `{ "selection.at": "masked", seed: "1" }`. */
export type SettingTexts = Record<string, string>;

export interface SettingInfo {
  /** Such as `selection.correction`. */
  key: string;
  text: string;
  default: string;
  /** The values, if these are few. */
  choices: string[];
}

export interface Example {
  /** `him,her`, ... */
  name: string;
  texts: Required<StudyTexts>;
  settings: SettingTexts;
  /** Sentences with a mask to try, and words to rate, the right one first. */
  sentences: { sentence: string; candidates: string[] }[];
}

export interface ParsedTexts {
  labels: [string, string];
  stimuli: { groups: number; sentences: [number, number] };
  prompts: number;
  /** Invalid lines; with one of them, `select` and `run` fail. */
  errors: LineNote[];
  /** Doubts, in sentences. */
  warnings: string[];
}

export interface LineNote {
  text: "pairs" | "prompts";
  /** Counted from 1. */
  line: number;
  /** The program's message, without file and line. */
  message: string;
}

export interface SelectionSummary {
  labels: [string, string];
  /** The tests that were made, in the program's words: `paired`, `student`, `welch`. */
  test: string;
  correction: string;
  alpha: number;
  groups: number;
  layers: number;
  neurons: number;
  /** Significant neurons of each label in each layer. */
  counts: [number, number][];
  /** Selected neurons tested again on the stimuli that were held out, if any were. */
  heldOut: HeldOutLayer[] | null;
  warnings: string[];
}

export interface HeldOutLayer {
  layer: number;
  label: string;
  neurons: number;
  same_direction: number;
  replicated: number;
}

/** One value for each neuron. The arrays are transferred. */
export interface LayerNeurons {
  layer: number;
  labels: [string, string];
  t: Float32Array;
  p: Float32Array;
  q: Float32Array;
  /** -log10 of q, for the vertical axis; finite. */
  minusLogQ: Float32Array;
  /** Mean of the first label's side less that of the second. */
  meanDifference: Float32Array;
  effect: Float32Array;
  /** 0: none, 1: the first label, 2: the second. */
  label: Uint8Array;
}

export type NeuronChoice =
  | { kind: "named"; neurons: string[] }
  | { kind: "strongest"; layer: number; count: number; label?: string }
  | { kind: "random"; layer: number; count: number; number: number; seed?: number };

export interface NeuronQuestion {
  layer: number;
  neuron: number;
  /** Without a sentence, only the pairs. */
  sentence?: string;
  candidates?: string[];
}

export interface NeuronCard {
  layer: number;
  neuron: number;
  t: number;
  p: number;
  q: number;
  effect: number;
  effectRange: [number, number];
  means: [number, number];
  label: string | null;
  /** The sentences of both sides, and this neuron's activation at each target. */
  sides: [NeuronSide, NeuronSide];
  /** Whether sentence i of one side is paired with sentence i of the other. */
  isPaired: boolean;
  sentence: null | {
    tokens: string[];
    masks: number[];
    /** Activations at each token. */
    pre: number[];
    post: number[];
    /** What it writes to the logits at each mask. */
    written: WrittenWords[];
    /** The words that its weights favour in any sentence. */
    weights: WrittenWords;
    /** Its lesion by itself at each mask, with its direct effect. */
    alone: EachMask[];
  };
}

export interface NeuronSide {
  label: string;
  sentences: string[];
  pre: Float32Array;
  post: Float32Array;
}

export interface WrittenWords {
  raised: { word: string; amount: number }[];
  lowered: { word: string; amount: number }[];
}

// ---------------------------------------------------------------------------------------- studies

export interface StudyQuestion {
  texts: StudyTexts;
  settings?: SettingTexts;
  /** Parts of the study: `controls` (layers and dissociation), `joint`, `dose`, ...; none for all. */
  parts?: string[];
}

export interface FinishedStudy {
  labels: [string, string];
  model: string;
  /** The result in one or two sentences, as at the top of the report. */
  summary: string;
  warnings: string[];
  /** The report as one HTML file, for a frame. */
  page: string;
  figures: { name: string; svg: string }[];
  tables: { file: string; row: string; rows: number }[];
  /** All files, for the download. */
  files: string[];
  /** Wall-clock seconds of each stage. */
  seconds: Record<string, number>;
  /** The study as TOML, and its texts if they were given. */
  study: string;
}

export interface StudyTable {
  file: string;
  /** What a row is. */
  row: string;
  columns: { name: string; text: string; kind: "flag" | "integer" | "number" | "text" }[];
  /** A cell is null where the table is empty. */
  rows: (string | number | boolean | null)[][];
}

// ----------------------------------------------------------------------------------------- errors

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error in one line, as the program prints it after `error:`. */
export class EngineError extends Error {
  constructor(
    message: string,
    /** Whether the question was cancelled, rather than failed. */
    readonly cancelled = false,
    /** Invalid lines of the texts, if that is the error. */
    readonly lines: LineNote[] = [],
  ) {
    super(message);
    this.name = "EngineError";
  }
}

// --------------------------------------------------------------------- messages to and from the worker

/** Only `client.ts` and `worker.ts` use these. `page` is the page's address. */
export type ToWorker =
  | { type: "ask"; id: number; call: Call; argument: unknown; page: string }
  | { type: "cancel"; id: number };

export type FromWorker =
  | { type: "progress"; id: number; progress: Progress }
  | { type: "part"; id: number; part: CloudPart }
  | { type: "answer"; id: number; answer: unknown }
  | {
      type: "error";
      id: number;
      message: string;
      cancelled: boolean;
      lines: LineNote[];
      /** Whether the worker cannot go on. */
      isFatal: boolean;
    };
