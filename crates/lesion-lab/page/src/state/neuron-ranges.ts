import type { LayerSet } from "../engine/protocol.ts";

/** Neurons as the program reads them: `4:0-3,7`. */
export function writeNeurons({ layer, neurons }: LayerSet): string {
  const sorted = [...new Set(neurons)].sort((one, other) => one - other);
  const ranges: string[] = [];
  let first = sorted[0];
  let last = first;
  for (const neuron of [...sorted.slice(1), undefined]) {
    if (first === undefined || last === undefined) break;
    if (neuron === last + 1) {
      last = neuron;
      continue;
    }
    ranges.push(first === last ? `${first}` : `${first}-${last}`);
    first = neuron;
    last = neuron;
  }
  return `${layer}:${ranges.join(",")}`;
}

/** Several layers' neurons, without layers that have none. */
export function writeLayerSets(sets: LayerSet[]): string {
  return sets
    .filter((set) => set.neurons.length > 0)
    .map(writeNeurons)
    .join(" ");
}
