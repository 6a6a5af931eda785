// The pickles in PyTorch's files of weights. A pickle is a program for a machine with a stack; this machine
// builds lists, dictionaries and tensors from it, and calls nothing that the pickle names.

/** A run of numbers in the file, which tensors are views of. */
export interface Storage {
  /** Such as `FloatStorage`. */
  type: string;
  key: string;
}

/** A tensor: where its numbers begin in a storage, and how far apart they are along each side. */
export class StoredTensor {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
  ) {}
}

/** Something that the pickle names, a function or a class. */
class Named {
  constructor(readonly name: string) {}
}

/** The object of a pickle, and the place in the file after it. */
export interface Unpickled {
  value: unknown;
  end: number;
}

/** Reads a pickle that begins at a place of a file. */
export function unpickle(bytes: Uint8Array, start = 0): Unpickled {
  const machine = new Machine(bytes, start);
  while (!machine.isDone) machine.step();
  return { value: machine.pop(), end: machine.place };
}

const MARK = Symbol("mark");

class Machine {
  isDone = false;
  private readonly view: DataView;
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(
    private readonly bytes: Uint8Array,
    public place: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  step(): void {
    const code = this.uint(1);
    const operation = OPERATIONS[code];
    if (!operation) throw new Error(`the pickle has the unknown operation ${String(code)}`);
    operation(this);
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) throw new Error("the pickle takes more than it has put down");
    return this.stack.pop();
  }

  top(): unknown {
    const value = this.pop();
    this.push(value);
    return value;
  }

  /** Everything above the last mark. */
  popToMark(): unknown[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw new Error("the pickle lacks a mark");
    return this.stack.splice(mark).slice(1);
  }

  popSome(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  remember(index = this.memo.size): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    this.push(this.memo.get(index));
  }

  uint(size: 1 | 2 | 4): number {
    const place = this.skip(size);
    if (size === 1) return this.view.getUint8(place);
    return size === 2 ? this.view.getUint16(place, true) : this.view.getUint32(place, true);
  }

  int32(): number {
    return this.view.getInt32(this.skip(4), true);
  }

  float(): number {
    return this.view.getFloat64(this.skip(8));
  }

  /** A signed number of any length, its least byte first. Larger ones than a float holds are rounded. */
  long(length: number): number {
    const bytes = this.slice(length);
    let value = 0n;
    for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
    return Number(BigInt.asIntN(8 * length, value));
  }

  text(length: number): string {
    return new TextDecoder().decode(this.slice(length));
  }

  line(): string {
    const end = this.bytes.indexOf(10, this.place);
    const line = this.text(end - this.place);
    this.place += 1;
    return line;
  }

  slice(length: number): Uint8Array {
    const place = this.skip(length);
    return this.bytes.subarray(place, place + length);
  }

  private skip(length: number): number {
    const place = this.place;
    this.place += length;
    if (length < 0 || this.place > this.bytes.length) throw new Error("the pickle is cut off");
    return place;
  }
}

type Operation = (machine: Machine) => void;

const OPERATIONS: Partial<Record<number, Operation>> = {
  // Numbers, texts and constants.
  0x4a: (machine) => machine.push(machine.int32()),
  0x4b: (machine) => machine.push(machine.uint(1)),
  0x4d: (machine) => machine.push(machine.uint(2)),
  0x8a: (machine) => machine.push(machine.long(machine.uint(1))),
  0x47: (machine) => machine.push(machine.float()),
  0x4e: (machine) => machine.push(null),
  0x88: (machine) => machine.push(true),
  0x89: (machine) => machine.push(false),
  0x55: (machine) => machine.push(machine.text(machine.uint(1))),
  0x54: (machine) => machine.push(machine.text(machine.uint(4))),
  0x58: (machine) => machine.push(machine.text(machine.uint(4))),
  0x8c: (machine) => machine.push(machine.text(machine.uint(1))),
  0x42: (machine) => machine.push(machine.slice(machine.uint(4))),
  0x43: (machine) => machine.push(machine.slice(machine.uint(1))),
  // Lists, tuples, sets and dictionaries.
  0x28: (machine) => machine.push(MARK),
  0x5d: (machine) => machine.push([]),
  0x6c: (machine) => machine.push(machine.popToMark()),
  0x61: (machine) => {
    const [list, item] = machine.popSome(2);
    machine.push([...itemsOf(list), item]);
  },
  0x65: (machine) => {
    const items = machine.popToMark();
    itemsOf(machine.top()).push(...items);
  },
  0x29: (machine) => machine.push([]),
  0x74: (machine) => machine.push(machine.popToMark()),
  0x85: (machine) => machine.push(machine.popSome(1)),
  0x86: (machine) => machine.push(machine.popSome(2)),
  0x87: (machine) => machine.push(machine.popSome(3)),
  0x7d: (machine) => machine.push(new Map()),
  0x64: (machine) => {
    const items = machine.popToMark();
    const map = new Map();
    putAll(map, items);
    machine.push(map);
  },
  0x73: (machine) => {
    const item = machine.popSome(2);
    putAll(machine.top(), item);
  },
  0x75: (machine) => {
    const items = machine.popToMark();
    putAll(machine.top(), items);
  },
  // The stack and the memo.
  0x30: (machine) => void machine.pop(),
  0x32: (machine) => machine.push(machine.top()),
  0x71: (machine) => machine.remember(machine.uint(1)),
  0x72: (machine) => machine.remember(machine.uint(4)),
  0x94: (machine) => machine.remember(),
  0x68: (machine) => machine.recall(machine.uint(1)),
  0x6a: (machine) => machine.recall(machine.uint(4)),
  // Names, and what is built from them.
  0x63: (machine) => machine.push(new Named(`${machine.line()}.${machine.line()}`)),
  0x93: (machine) => {
    const [module, name] = machine.popSome(2);
    machine.push(new Named(`${String(module)}.${String(name)}`));
  },
  0x51: (machine) => machine.push(storageOf(machine.pop())),
  0x52: build,
  0x81: build,
  // The state of an object, such as the versions of a model's parts.
  0x62: (machine) => void machine.pop(),
  // Frames and the protocol mean nothing here.
  0x80: (machine) => void machine.uint(1),
  0x95: (machine) => void machine.slice(8),
  0x2e: (machine) => {
    machine.isDone = true;
  },
};

function itemsOf(list: unknown): unknown[] {
  if (!Array.isArray(list))
    throw new Error("the pickle adds an item to something else than a list");
  return list as unknown[];
}

function putAll(map: unknown, items: unknown[]): void {
  // An object of an unknown class has items that nobody needs.
  if (!(map instanceof Map)) return;
  for (let index = 0; index + 1 < items.length; index += 2) map.set(items[index], items[index + 1]);
}

/** A persistent name: `("storage", type, key, device, length)`. */
function storageOf(name: unknown): Storage {
  const [, type, key] = itemsOf(name);
  if (!(type instanceof Named)) throw new Error("the pickle has a storage without a type");
  return { type: type.name.replace(/^torch\./, ""), key: String(key) };
}

/** Builds an object from a name and its arguments. */
function build(machine: Machine): void {
  const [callable, given] = machine.popSome(2);
  const name = callable instanceof Named ? callable.name : "";
  const values = itemsOf(given);
  if (name === "collections.OrderedDict") machine.push(new Map());
  else if (/^torch\._utils\._rebuild_tensor(_v2)?$/.test(name)) machine.push(tensorOf(values));
  else if (/^torch\._utils\._rebuild_parameter/.test(name)) machine.push(values[0]);
  else machine.push(new Named(name));
}

function tensorOf([storage, offset, shape, strides]: unknown[]): StoredTensor {
  const place = wholeNumbers([offset])[0] ?? 0;
  return new StoredTensor(storage as Storage, place, wholeNumbers(shape), wholeNumbers(strides));
}

function wholeNumbers(list: unknown): number[] {
  const numbers = itemsOf(list).map(Number);
  if (numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return numbers;
  throw new Error("the pickle has a tensor whose shape is not one of whole numbers");
}
