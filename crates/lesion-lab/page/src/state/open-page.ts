import { readLink } from "./link.ts";
import type { Laboratory } from "./laboratory.svelte.ts";

/** Whether the part of an address after `#` restores a state, rather than names a section. */
export function isLink(fragment: string): boolean {
  return fragment.includes("=");
}

/** Opens the model, and restores what the address says; without a link, the first example's first sentence. */
export async function openPage(laboratory: Laboratory, fragment: string): Promise<void> {
  const { contrast, experiment } = laboratory;
  const isOpen = await laboratory.openBundled();
  const example = laboratory.examples[0];
  if (!isOpen || !example) return;
  contrast.take(example);
  const first = example.sentences[0];
  if (isLink(fragment)) {
    const linked = readLink(fragment, experiment);
    if (linked.texts) {
      contrast.pairs = linked.texts.pairs ?? "";
      contrast.prompts = linked.texts.prompts ?? "";
      contrast.settings = linked.settings;
    }
    // A model of the hub is another download: the user decides.
    laboratory.linkedModel = linked.model;
  } else if (first) {
    experiment.sentence = first.sentence;
    experiment.candidates = first.candidates.join(",");
  }
  // The prediction takes less time, and is seen first.
  await laboratory.predict();
  laboratory.layer = laboratory.lesioned[0]?.layer ?? laboratory.layer;
  await laboratory.select();
}
