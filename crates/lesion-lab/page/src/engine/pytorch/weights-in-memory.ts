// The program reads safetensors from memory, so PyTorch's weights become safetensors before.

import { EngineError, messageOf } from "../protocol";
import { toSafetensors } from "./pytorch-file";

const PYTORCH = /^pytorch_model(.*)\.bin$/;
const INDEX = "pytorch_model.bin.index.json";

/** The beginning of a pointer that Git LFS left in the place of a file. */
const LFS_POINTER = "version https://git-lfs";

/** Whether a file has weights in PyTorch's own format. */
export function isPytorch(name: string): boolean {
  return PYTORCH.test(name) || name === INDEX;
}

/** The name of a file once it is in memory. */
export function nameInMemory(name: string): string {
  return isPytorch(name) ? renamed(name) : name;
}

function renamed(name: string): string {
  if (name === INDEX) return "model.safetensors.index.json";
  return name.replace(PYTORCH, "model$1.safetensors");
}

/** The bytes of a file once it is in memory. */
export async function toMemory(
  name: string,
  file: Blob,
  onBytes: (done: number, all: number) => void,
): Promise<Uint8Array> {
  const beginning = await file.slice(0, LFS_POINTER.length).text();
  // The program says what a pointer is.
  if (!isPytorch(name) || beginning === LFS_POINTER) {
    return new Uint8Array(await file.arrayBuffer());
  }
  try {
    return name === INDEX ? renamedIndex(await file.text()) : await toSafetensors(file, onBytes);
  } catch (error) {
    throw new EngineError(`${name}: ${messageOf(error)}`);
  }
}

/** The list of the file that each tensor is in. */
function renamedIndex(text: string): Uint8Array {
  const index = JSON.parse(text) as { weight_map?: Record<string, string> };
  const files = Object.entries(index.weight_map ?? {});
  const weights = files.map(([tensor, name]) => [tensor, nameInMemory(name)]);
  const changed = { ...index, weight_map: Object.fromEntries(weights) as Record<string, string> };
  return new TextEncoder().encode(JSON.stringify(changed));
}
