import { deflateSync, inflateSync, strFromU8, strToU8 } from "fflate";
import type { SettingTexts, StudyTexts } from "../engine/protocol.ts";
import { KINDS, type Experiment, type Kind } from "./experiment.svelte.ts";

/** Everything that a link restores. */
export interface Linked {
  model: string | null;
  texts: StudyTexts | null;
  settings: SettingTexts;
}

/** Writes the state of the page as the part of an address after `#`. */
export function writeLink(experiment: Experiment, linked: Linked): string {
  const parameters = new URLSearchParams();
  const put = (name: string, value: string, unless = "") => {
    if (value !== unless) parameters.set(name, value);
  };
  put("sentence", experiment.sentence);
  put("words", experiment.candidates);
  put("neurons", experiment.neurons);
  put("kind", experiment.kind, "zero");
  if (experiment.needsAmount) put("amount", String(experiment.amount));
  put("site", experiment.site, "post");
  put("at", experiment.at, "target");
  put("sets", String(experiment.sets), "100");
  if (linked.model) put("model", linked.model);
  if (linked.texts) {
    put("study", pack(JSON.stringify({ texts: linked.texts, settings: linked.settings })));
  }
  return parameters.toString();
}

/** Restores what a link says. What it leaves out keeps its default. */
export function readLink(fragment: string, experiment: Experiment): Linked {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ""));
  const linked: Linked = { model: parameters.get("model"), texts: null, settings: {} };
  experiment.sentence = parameters.get("sentence") ?? experiment.sentence;
  experiment.candidates = parameters.get("words") ?? experiment.candidates;
  experiment.neurons = parameters.get("neurons") ?? experiment.neurons;
  experiment.kind = oneOf(KINDS, parameters.get("kind")) ?? "zero";
  experiment.amount = finite(parameters.get("amount")) ?? experiment.amount;
  experiment.site = parameters.get("site") === "pre" ? "pre" : "post";
  experiment.at = parameters.get("at") ?? "target";
  experiment.sets = finite(parameters.get("sets")) ?? experiment.sets;
  const study = parameters.get("study");
  if (study) Object.assign(linked, unpack(study));
  return linked;
}

function oneOf(kinds: readonly Kind[], text: string | null): Kind | undefined {
  return kinds.find((kind) => kind === text);
}

function finite(text: string | null): number | undefined {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** Compresses a text into letters that an address may contain. */
function pack(text: string): string {
  const bytes = deflateSync(strToU8(text), { level: 9 });
  const base64 = btoa(String.fromCodePoint(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The texts and settings of a link; nothing if it was cut or changed. */
function unpack(packed: string): Partial<Linked> {
  try {
    const base64 = packed.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0);
    const study = JSON.parse(strFromU8(inflateSync(bytes))) as Partial<Linked>;
    return { texts: study.texts ?? null, settings: study.settings ?? {} };
  } catch {
    return {};
  }
}
