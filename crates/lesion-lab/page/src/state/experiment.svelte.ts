import type { CloudQuestion, Lesion, ModelInfo, SentenceQuestion } from "../engine/protocol.ts";

/** Kinds of lesion; the last two need a number. */
export const KINDS = ["zero", "mean", "median", "scale", "value"] as const;
export type Kind = (typeof KINDS)[number];

/** The first factor or value of the kinds that need one. */
export const DEFAULT_AMOUNT = 0.5;

/** Numbers of random sets that the page offers. */
export const SET_COUNTS = [100, 200, 500] as const;

/** The masked word in a sentence of any model. */
export const MASK = "[MASK]";

/** A sequence for models of proteins. */
const PROTEIN = `MKTAYIAKQRQISFVKSHFSRQ${MASK}EERLGLIEVQ`;

/** One lesion of one sentence, as the user specifies it. */
export class Experiment {
  sentence = $state("");
  /** Words to rate, separated by commas; empty for the top words. */
  candidates = $state("");
  /** Neurons, such as `4:her 5:12,19`, separated by spaces. */
  neurons = $state("");
  kind: Kind = $state("zero");
  /** The factor or value of the kinds that need one; null if its field is empty. */
  amount: number | null = $state(DEFAULT_AMOUNT);
  site: "pre" | "post" = $state("post");
  /** Tokens: `target`, `all` or offsets such as `-1,0`. */
  at = $state("target");
  /** Random sets of each kind. */
  sets = $state(100);
  /** The sentence before its rest was taken off for a decoder. */
  #whole = "";

  /** Makes the sentence one that a model can read. */
  adaptTo(model: ModelInfo): void {
    if (withoutRest(this.#whole) === this.sentence) this.sentence = this.#whole;
    if (model.isDecoder) {
      this.#whole = this.sentence;
      this.sentence = withoutRest(this.sentence);
    }
    if (!model.readsLetters || !this.sentence.trim().includes(" ")) return;
    this.sentence = PROTEIN;
    this.candidates = "";
  }

  get words(): string[] {
    const words = this.candidates.split(",").map((word) => word.trim());
    return words.filter((word) => word !== "");
  }

  /** The sets of neurons, or none. Spaces beside a colon, a comma or a hyphen separate no sets. */
  get sources(): string[] {
    const neurons = this.neurons.replace(/\s*([:,-])\s*/g, "$1");
    return neurons.split(/[\s;]+/).filter((text) => text !== "");
  }

  get needsAmount(): boolean {
    return this.kind === "scale" || this.kind === "value";
  }

  get lesion(): Lesion {
    const kind = this.needsAmount ? `${this.kind}=${this.amount ?? ""}` : this.kind;
    return { neurons: this.sources, kind, site: this.site, at: this.at.trim() };
  }

  get question(): SentenceQuestion {
    const question: SentenceQuestion = { sentence: this.sentence };
    if (this.words.length > 0) question.candidates = this.words;
    if (this.sources.length > 0) question.lesion = this.lesion;
    return question;
  }

  get cloudQuestion(): CloudQuestion {
    return { ...this.question, lesion: this.lesion, sets: this.sets };
  }
}

/** A sentence up to its masked word. */
function withoutRest(sentence: string): string {
  const place = sentence.indexOf(MASK);
  return place < 0 ? sentence : sentence.slice(0, place + MASK.length);
}
