import { speak } from "../texts/language.svelte.ts";
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
  const linked = isLink(fragment) ? readLink(fragment, experiment) : null;
  contrast.take(linked?.contrast ?? example);
  if (linked) {
    if (linked.language) speak(linked.language);
    // A model of the hub is another download, and a folder has to be picked: the user decides.
    laboratory.linkedModel = linked.model;
  } else {
    laboratory.takeExample();
  }
  // The prediction takes less time, and is seen first.
  await laboratory.predict();
  const layer = linked?.layer ?? laboratory.lesioned[0]?.layer;
  laboratory.lookInto(layer ?? laboratory.layer);
  await laboratory.select();
  const neuron = linked?.neuron ?? null;
  if (neuron !== null) await laboratory.look({ layer: laboratory.layer, neuron });
}
