import { speak } from "../texts/language.svelte.ts";
import { isLink, readLink } from "./link.ts";
import type { Laboratory } from "./laboratory.svelte.ts";

/** Opens the model, and restores what the address says; without a link, the first example's first sentence. */
export async function openPage(laboratory: Laboratory, fragment: string): Promise<void> {
  const { contrast, experiment } = laboratory;
  const isOpen = await laboratory.openBundled();
  const example = laboratory.examples[0];
  if (!isOpen || !example) return;
  laboratory.takeExample();
  const linked = isLink(fragment) ? readLink(fragment, experiment) : null;
  contrast.take(linked?.contrast ?? example);
  laboratory.isLinkDamaged = linked?.isDamaged ?? false;
  if (linked) {
    if (linked.language) speak(linked.language);
    // A model of the hub is another download, and a folder has to be picked: the user decides.
    laboratory.linkedModel = linked.model;
  }
  // The prediction takes less time, and is seen first.
  await laboratory.predict();
  const layer = linked?.layer ?? laboratory.lesioned[0]?.layer;
  laboratory.lookInto(layer ?? laboratory.layer);
  await laboratory.select();
  const neuron = linked?.neuron ?? null;
  if (neuron !== null) await laboratory.look({ layer: laboratory.layer, neuron });
}
