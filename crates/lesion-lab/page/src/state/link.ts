import { deflateSync, inflateSync, strFromU8, strToU8 } from "fflate";
import type { SettingTexts, StudyTexts } from "../engine/protocol.ts";
import { languageOf, type Language } from "../texts/language.svelte.ts";
import { DEFAULT_AMOUNT, KINDS, SET_COUNTS, type Experiment } from "./experiment.svelte.ts";

/** What a link restores besides the experiment. */
export interface Linked {
  /** The name of the model on the hub, or of its folder; null for the bundled one. */
  model: string | null;
  /** Texts and settings of the contrast; null for the first example. */
  contrast: { texts: Required<StudyTexts>; settings: SettingTexts } | null;
  /** The layer, and a neuron of it, to look at. */
  layer: number | null;
  neuron: number | null;
  language: Language | null;
}

/** What a link says when it is read. */
interface Read extends Linked {
  /** Whether its contrast cannot be read, because it was cut or changed. */
  isDamaged: boolean;
}

/** Parameters of a link, one of which is a sign that it is one. */
const SIGNS = ["sentence", "words", "neurons", "model", "study", "layer", "lang"];

/** Whether the part of an address after `#` restores a state, rather than names a section. */
export function isLink(fragment: string): boolean {
  const parameters = parametersOf(fragment);
  return SIGNS.some((name) => parameters.has(name));
}

function parametersOf(fragment: string): URLSearchParams {
  return new URLSearchParams(fragment.replace(/^#/, ""));
}

/** Writes the state of the page as the part of an address after `#`. */
export function writeLink(experiment: Experiment, linked: Linked): string {
  const parameters = new URLSearchParams();
  const put = (name: string, value: string | number | null, unless: string | number = "") => {
    if (value !== null && value !== unless) parameters.set(name, String(value));
  };
  // Also if it is empty, so that a link always contains a sign that it is one.
  parameters.set("sentence", experiment.sentence);
  put("words", experiment.candidates);
  put("neurons", experiment.neurons);
  put("kind", experiment.kind, "zero");
  if (experiment.needsAmount) put("amount", experiment.amount);
  put("site", experiment.site, "post");
  put("at", experiment.at, "target");
  put("sets", experiment.sets, SET_COUNTS[0]);
  put("model", linked.model);
  put("layer", linked.layer);
  put("neuron", linked.neuron);
  put("lang", linked.language);
  if (linked.contrast) put("study", pack(JSON.stringify(linked.contrast)));
  return parameters.toString();
}

/** Restores the experiment of a link. What the link leaves out has its default; a link without a sentence is
 *  about the one that is there. */
export function readLink(fragment: string, experiment: Experiment): Read {
  const parameters = parametersOf(fragment);
  const sentence = parameters.get("sentence");
  if (sentence !== null) {
    experiment.sentence = sentence;
    experiment.candidates = "";
  }
  experiment.candidates = parameters.get("words") ?? experiment.candidates;
  experiment.neurons = parameters.get("neurons") ?? "";
  experiment.kind = KINDS.find((kind) => kind === parameters.get("kind")) ?? "zero";
  experiment.amount = finite(parameters.get("amount")) ?? DEFAULT_AMOUNT;
  experiment.site = parameters.get("site") === "pre" ? "pre" : "post";
  experiment.at = parameters.get("at") ?? "target";
  const sets = finite(parameters.get("sets"));
  experiment.sets = SET_COUNTS.find((count) => count === sets) ?? SET_COUNTS[0];
  const study = parameters.get("study");
  const contrast = study === null ? null : unpack(study);
  return {
    model: parameters.get("model"),
    contrast,
    isDamaged: study !== null && contrast === null,
    layer: finite(parameters.get("layer")),
    neuron: finite(parameters.get("neuron")),
    language: languageOf(parameters.get("lang") ?? ""),
  };
}

function finite(text: string | null): number | null {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) ? value : null;
}

/** Compresses a text into letters that an address may contain. */
function pack(text: string): string {
  const bytes = deflateSync(strToU8(text), { level: 9 });
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The texts and settings of a link; null if it was cut or changed. */
function unpack(packed: string): Linked["contrast"] {
  try {
    const base64 = packed.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const { texts, settings } = JSON.parse(strFromU8(inflateSync(bytes))) as Record<
      string,
      unknown
    >;
    const { pairs, prompts } = stringsOf(texts);
    if (pairs === undefined || prompts === undefined) return null;
    return { texts: { pairs, prompts }, settings: stringsOf(settings) };
  } catch {
    return null;
  }
}

/** The entries of an object that are texts. */
function stringsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(value ?? {}).filter(([, text]) => typeof text === "string");
  return Object.fromEntries(entries) as Record<string, string>;
}
