// Files of weights in the format safetensors: a length, a header in JSON, and the numbers.

export interface Tensor {
  name: string;
  /** The name of its number format, such as `F32`. */
  format: string;
  shape: number[];
  /** Its bytes. */
  size: number;
  read: () => Promise<Uint8Array>;
}

/** Bytes of the length before the header, and the multiple that the header's length is of. */
const ALIGNMENT = 8;

/** Writes tensors into a file, of at most as many bytes of numbers as `most` times two. */
export async function writeSafetensors(
  tensors: Tensor[],
  most: number,
  onBytes: (done: number, all: number) => void,
): Promise<Uint8Array> {
  const all = tensors.reduce((sum, { size }) => sum + size, 0);
  // Tensors may share numbers, but not many times.
  if (all > 2 * most) throw new Error("its tensors are larger than the file");
  const header = headerOf(tensors);
  const file = new Uint8Array(ALIGNMENT + header.length + all);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, ALIGNMENT);
  let place = ALIGNMENT + header.length;
  for (const { size, read } of tensors) {
    file.set(await read(), place);
    place += size;
    onBytes(place - ALIGNMENT - header.length, all);
  }
  return file;
}

function headerOf(tensors: Tensor[]): Uint8Array {
  const places: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }> = {};
  let place = 0;
  for (const { name, format, shape, size } of tensors) {
    places[name] = { dtype: format, shape, data_offsets: [place, place + size] };
    place += size;
  }
  const text = new TextEncoder().encode(JSON.stringify(places));
  const header = new Uint8Array(Math.ceil(text.length / ALIGNMENT) * ALIGNMENT).fill(32);
  header.set(text);
  return header;
}
