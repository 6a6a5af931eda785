// PyTorch's files of weights, turned into safetensors, which the program reads from memory. Only the parts of
// a file are read that are needed at a time.

import { StoredTensor, unpickle, type Storage } from "./unpickle";
import { writeSafetensors, type Tensor } from "./safetensors";

/** Names of number formats in safetensors, and the bytes of a number. */
const FORMATS: Partial<Record<string, { name: string; size: number }>> = {
  DoubleStorage: { name: "F64", size: 8 },
  FloatStorage: { name: "F32", size: 4 },
  HalfStorage: { name: "F16", size: 2 },
  BFloat16Storage: { name: "BF16", size: 2 },
  LongStorage: { name: "I64", size: 8 },
  IntStorage: { name: "I32", size: 4 },
  ShortStorage: { name: "I16", size: 2 },
  CharStorage: { name: "I8", size: 1 },
  ByteStorage: { name: "U8", size: 1 },
  BoolStorage: { name: "BOOL", size: 1 },
};

/** A file that was opened: its tensors, and where each storage begins and ends. */
interface Opened {
  state: unknown;
  storages: Map<string, { start: number; end: number }>;
}

/** Turns a file into safetensors. */
export async function toSafetensors(
  file: Blob,
  onBytes: (done: number, all: number) => void,
): Promise<Uint8Array> {
  const start = await read(file, 0, 4);
  const isArchive = new TextDecoder().decode(start) === "PK\u0003\u0004";
  const { state, storages } = isArchive ? await openArchive(file) : await openLegacy(file);
  const tensors = tensorsOf(state);
  if (tensors.size === 0) throw new Error("it has no tensors");
  const found: Tensor[] = Array.from(tensors, ([name, tensor]) => {
    const { format, range } = placeOf(name, tensor, storages);
    return {
      name,
      format: format.name,
      shape: tensor.shape,
      size: format.size * tensor.shape.reduce((product, side) => product * side, 1),
      read: () => readTensor(file, tensor, format.size, range),
    };
  });
  return writeSafetensors(found, file.size, onBytes);
}

async function read(file: Blob, start: number, end: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(start, end).arrayBuffer());
}

/** All tensors of a dictionary by their names; those of a dictionary in it are named after both. */
function tensorsOf(state: unknown, before = ""): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  if (!(state instanceof Map)) return tensors;
  for (const [key, value] of state as Map<unknown, unknown>) {
    const name = before + String(key);
    if (value instanceof StoredTensor) tensors.set(name, value);
    for (const [inner, tensor] of tensorsOf(value, `${name}.`)) tensors.set(inner, tensor);
  }
  return tensors;
}

function placeOf(name: string, { storage }: StoredTensor, storages: Opened["storages"]) {
  const format = FORMATS[storage.type];
  if (!format) throw new Error(`tensor \`${name}\` has numbers of the type ${storage.type}`);
  const range = storages.get(storage.key);
  if (!range) throw new Error(`the numbers of tensor \`${name}\` are missing`);
  return { format, range };
}

/** The numbers of a tensor in the order of its shape. */
async function readTensor(
  file: Blob,
  { offset, shape, strides }: StoredTensor,
  size: number,
  range: { start: number; end: number },
): Promise<Uint8Array> {
  const count = shape.reduce((product, side) => product * side, 1);
  if (count === 0) return new Uint8Array();
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * (strides[axis] ?? 0), 0);
  const start = range.start + size * offset;
  const end = start + size * (last + 1);
  if (end > range.end) throw new Error("a tensor is larger than its storage");
  const stored = await read(file, start, end);
  return isInOrder(shape, strides) ? stored : reordered(stored, shape, strides, size);
}

/** Whether numbers beside each other in the tensor are beside each other in the file. */
function isInOrder(shape: number[], strides: number[]): boolean {
  let next = 1;
  return shape
    .map((side, axis) => ({ side, stride: strides[axis] }))
    .reverse()
    .every(({ side, stride }) => {
      const isNext = side === 1 || stride === next;
      next *= side;
      return isNext;
    });
}

function reordered(
  stored: Uint8Array,
  shape: number[],
  strides: number[],
  size: number,
): Uint8Array {
  const count = shape.reduce((product, side) => product * side, 1);
  // One number may stand for many, so that a small file could ask for all memory.
  if (count * size > stored.length) throw new Error("a tensor is larger than its storage");
  const numbers = new Uint8Array(count * size);
  for (let index = 0; index < count; index += 1) {
    let [rest, place] = [index, 0];
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const side = shape[axis] ?? 1;
      place += (rest % side) * (strides[axis] ?? 0);
      rest = Math.floor(rest / side);
    }
    numbers.set(stored.subarray(place * size, (place + 1) * size), index * size);
  }
  return numbers;
}

// ------------------------------------------------------------- the format since PyTorch 1.6, a ZIP archive

/** Signatures and sizes in a ZIP archive. */
const END = { signature: 0x06054b50, size: 22, comment: 0xffff };
const ENTRY = { signature: 0x02014b50, size: 46 };
const LOCAL_SIZE = 30;

interface Entry {
  name: string;
  start: number;
  end: number;
}

async function openArchive(file: Blob): Promise<Opened> {
  const entries = await entriesOf(file);
  const pickle = entries.find(({ name }) => name.endsWith("/data.pkl"));
  if (!pickle) throw new Error("it is a ZIP archive without data.pkl");
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const { value } = unpickle(await read(file, pickle.start, pickle.end));
  const order = entries.find(({ name }) => name === `${folder}byteorder`);
  if (order && new TextDecoder().decode(await read(file, order.start, order.end)) !== "little") {
    throw new Error("its numbers have their largest byte first");
  }
  const inFolder = entries.filter(({ name }) => name.startsWith(`${folder}data/`));
  const storages = inFolder.map(
    ({ name, start, end }) => [name.slice(`${folder}data/`.length), { start, end }] as const,
  );
  return { state: value, storages: new Map(storages) };
}

/** The entries of an archive, which are not compressed. */
async function entriesOf(file: Blob): Promise<Entry[]> {
  const tailStart = Math.max(0, file.size - END.size - END.comment);
  const tail = new DataView((await read(file, tailStart, file.size)).buffer as ArrayBuffer);
  let end = tail.byteLength - END.size;
  while (end >= 0 && tail.getUint32(end, true) !== END.signature) end -= 1;
  if (end < 0) throw new Error("the ZIP archive is cut off");
  const count = tail.getUint16(end + 10, true);
  const [size, start] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  const directory = new DataView((await read(file, start, start + size)).buffer as ArrayBuffer);
  const entries: Entry[] = [];
  let place = 0;
  for (let index = 0; index < count; index += 1) {
    if (place + ENTRY.size > size || directory.getUint32(place, true) !== ENTRY.signature) {
      throw new Error("the ZIP archive is damaged");
    }
    const nameLength = directory.getUint16(place + 28, true);
    const others = directory.getUint16(place + 30, true) + directory.getUint16(place + 32, true);
    const name = new Uint8Array(directory.buffer, place + ENTRY.size, nameLength);
    const header = directory.getUint32(place + 42, true);
    const bytes = directory.getUint32(place + 20, true);
    if (directory.getUint16(place + 10, true) !== 0) throw new Error("its numbers are compressed");
    const first = await startOf(file, header);
    entries.push({ name: new TextDecoder().decode(name), start: first, end: first + bytes });
    place += ENTRY.size + nameLength + others;
  }
  return entries;
}

/** Where the content of an entry begins, after its own header. */
async function startOf(file: Blob, header: number): Promise<number> {
  const bytes = await read(file, header, header + LOCAL_SIZE);
  if (bytes.length < LOCAL_SIZE) throw new Error("the ZIP archive is cut off");
  const view = new DataView(bytes.buffer);
  return header + LOCAL_SIZE + view.getUint16(26, true) + view.getUint16(28, true);
}

// --------------------------------------------- the format before PyTorch 1.6: pickles, and then the numbers

/** Pickles before that of the weights: a magic number, a version, and facts about the machine. */
const BEFORE = 3;

async function openLegacy(file: Blob): Promise<Opened> {
  const bytes = await read(file, 0, file.size);
  const view = new DataView(bytes.buffer);
  let place = 0;
  for (let index = 0; index < BEFORE; index += 1) place = unpickle(bytes, place).end;
  const state = unpickle(bytes, place);
  const keys = unpickle(bytes, state.end);
  const types = new Map(
    Array.from(tensorsOf(state.value).values(), ({ storage }) => [storage.key, storage.type]),
  );
  const storages: Opened["storages"] = new Map();
  place = keys.end;
  for (const key of keys.value as string[]) {
    if (place + 8 > bytes.length) throw new Error("the file is cut off");
    const count = Number(view.getBigInt64(place, true));
    const start = place + 8;
    place = start + count * sizeOf({ key, type: types.get(key) ?? "" });
    storages.set(key, { start, end: place });
  }
  if (place > bytes.length) throw new Error("the file is cut off");
  return { state: state.value, storages };
}

function sizeOf({ key, type }: Storage): number {
  const format = FORMATS[type];
  if (!format) throw new Error(`storage ${key} has numbers of an unknown type`);
  return format.size;
}
