/// <reference lib="webworker" />

import init, { Engine as Wasm } from "./generated/lesion_lab.js";
import { filesToRead, weightFiles } from "./checkpoint-files";
import { download } from "./download";
import { isPytorch, nameInMemory, toMemory } from "./pytorch/weights-in-memory";
import { openHubModel, type HubModel } from "./hub-model";
import {
  EngineError,
  messageOf,
  MODEL_FOLDER,
  type Call,
  type Calls,
  type CloudKind,
  type CloudPart,
  type FromWorker,
  type LayerNeurons,
  type LineNote,
  type NamedFile,
  type NeuronCard,
  type Progress,
  type ToWorker,
} from "./protocol";

declare const self: DedicatedWorkerGlobalScope;

/** Milliseconds before progress is told, and between two reports. */
const PATIENCE = 200;
const BETWEEN = 80;

/** Milliseconds that one step of a cloud takes, about: a cancel is heard between two steps. */
const STEP = 150;

/** Files of the bundled model. */
const BUNDLED_FILES = ["config.json", "tokenizer.json", "model.safetensors"];

let wasm: Wasm | null = null;
/** The question that is answered now. */
let current = { id: 0, started: 0, reported: 0, isCancelled: false };

/** The program calls this. */
Object.assign(self, {
  reportProgress: (stage: string, done: number, all: number) => {
    report({ stage, done, all, isBytes: false });
  },
});

self.addEventListener("message", (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.type === "cancel") {
    if (message.id === current.id) current.isCancelled = true;
    return;
  }
  void answer(message);
});

async function answer({ id, call, argument, page }: ToWorker & { type: "ask" }): Promise<void> {
  current = { id, started: performance.now(), reported: 0, isCancelled: false };
  try {
    wasm ??= await start();
    const found = await find(wasm, call, argument, page);
    post({ type: "answer", id, answer: found }, buffersOf(found));
  } catch (error) {
    const { message, cancelled, lines, isFatal } = describe(error);
    post({ type: "error", id, message, cancelled, lines, isFatal });
  }
}

async function start(): Promise<Wasm> {
  await init();
  return new Wasm();
}

function describe(error: unknown): {
  message: string;
  cancelled: boolean;
  lines: LineNote[];
  isFatal: boolean;
} {
  if (error instanceof EngineError) {
    const { message, cancelled, lines } = error;
    return { message, cancelled, lines, isFatal: false };
  }
  const message = messageOf(error);
  // The module cannot be used after a trap, nor without memory.
  const isFatal = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
  const line = isFatal ? `the engine failed, perhaps for lack of memory: ${message}` : message;
  return { message: line, cancelled: false, lines: [], isFatal };
}

function post(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}

function report(progress: Progress): void {
  const now = performance.now();
  if (now - current.started < PATIENCE || now - current.reported < BETWEEN) return;
  current.reported = now;
  post({ type: "progress", id: current.id, progress });
}

function reportBytes(stage: string): (done: number, all: number) => void {
  return (done, all) => {
    report({ stage, done, all, isBytes: true });
  };
}

/** Asks the program. Its errors are JSON. */
function ask(engine: Wasm, call: string, argument: object): unknown {
  try {
    return JSON.parse(engine.ask(JSON.stringify({ call, ...argument })));
  } catch (error) {
    if (typeof error !== "string") throw error;
    const { message, cancelled, lines } = JSON.parse(error) as EngineError;
    throw new EngineError(message, cancelled, lines);
  }
}

async function find(engine: Wasm, call: Call, argument: unknown, page: string): Promise<unknown> {
  switch (call) {
    case "loadBundled":
      return loadBundled(engine, new URL(MODEL_FOLDER, page));
    case "loadFiles": {
      const { name, files } = argument as Calls["loadFiles"]["argument"];
      return loadFiles(engine, name, files);
    }
    case "loadHub": {
      const { name } = argument as Calls["loadHub"]["argument"];
      return loadHub(engine, await openHubModel(name));
    }
    case "memoryNeeded": {
      const { files } = argument as Calls["memoryNeeded"]["argument"];
      return memoryNeeded(engine, files);
    }
    case "memoryNeededOnHub": {
      const { name } = argument as Calls["memoryNeededOnHub"]["argument"];
      const model = await openHubModel(name);
      engine.addFile("config.json", await model.read("config.json", reportBytes("download")));
      return ask(engine, "memoryNeeded", { sizes: model.weightSizes });
    }
    case "layer":
      return layer(engine, argument as Calls["layer"]["argument"]);
    case "neuron":
      return neuron(engine, argument as Calls["neuron"]["argument"]);
    case "cloud":
      return cloud(engine, argument as Calls["cloud"]["argument"]);
    case "openStudy": {
      const { files } = argument as Calls["openStudy"]["argument"];
      for (const { name, file } of files) engine.addFile(name, await bytesOf(file));
      return ask(engine, call, {});
    }
    case "studyFile": {
      const { file } = argument as Calls["studyFile"]["argument"];
      return engine.studyFile(file);
    }
    default:
      return ask(engine, call, argument as object);
  }
}

async function loadBundled(engine: Wasm, folder: URL): Promise<unknown> {
  for (const name of BUNDLED_FILES) {
    const bytes = await download(new URL(name, folder), undefined, reportBytes("download"));
    engine.addFile(name, bytes);
  }
  return ask(engine, "loadFiles", { name: "bundled" });
}

async function loadFiles(engine: Wasm, name: string, files: NamedFile[]): Promise<unknown> {
  const read = filesToRead(files.map((file) => file.name));
  const all = files.reduce((sum, { name, file }) => sum + (read.includes(name) ? file.size : 0), 0);
  let done = 0;
  for (const { name: path, file } of files) {
    if (!read.includes(path)) {
      // The names of other files explain why a folder is not a checkpoint.
      engine.addFile(path, new Uint8Array());
      continue;
    }
    const before = done;
    const onBytes = (part: number) => {
      reportBytes("load")(before + part, Math.max(all, before + part));
    };
    engine.addFile(nameInMemory(path), await toMemory(path, file, onBytes));
    done += file.size;
    onBytes(file.size);
  }
  return ask(engine, "loadFiles", { name });
}

async function loadHub(engine: Wasm, model: HubModel): Promise<unknown> {
  const read = filesToRead(model.names);
  for (const path of model.names) {
    if (read.includes(path)) {
      const bytes = await model.read(path, reportBytes("download"));
      const file = isPytorch(path) ? new Blob([bytes as BlobPart]) : null;
      const kept = file ? await toMemory(path, file, reportBytes("load")) : bytes;
      engine.addFile(nameInMemory(path), kept);
    } else if (!path.includes("/")) {
      engine.addFile(path, new Uint8Array());
    }
  }
  return ask(engine, "loadFiles", { name: model.name });
}

async function memoryNeeded(engine: Wasm, files: NamedFile[]): Promise<unknown> {
  const weights = weightFiles(files.map((file) => file.name));
  const sizes: Record<string, number> = {};
  for (const { name, file } of files) {
    if (name === "config.json") engine.addFile(name, await bytesOf(file));
    if (weights.includes(name)) sizes[name] = file.size;
  }
  return ask(engine, "memoryNeeded", { sizes });
}

async function bytesOf(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

function layer(engine: Wasm, argument: Calls["layer"]["argument"]): LayerNeurons {
  const info = ask(engine, "layer", argument) as Pick<LayerNeurons, "layer" | "labels">;
  const column = (name: string) => engine.takeColumn(name);
  return {
    ...info,
    t: column("t"),
    p: column("p"),
    q: column("q"),
    minusLogQ: column("minusLogQ"),
    meanDifference: column("meanDifference"),
    effect: column("effect"),
    label: Uint8Array.from(column("label")),
  };
}

function neuron(engine: Wasm, argument: Calls["neuron"]["argument"]): NeuronCard {
  const card = ask(engine, "neuron", argument) as NeuronCard;
  const names = ["a", "b"] as const;
  for (const [place, name] of names.entries()) {
    const side = card.sides[place === 0 ? 0 : 1];
    side.pre = engine.takeColumn(`pre ${name}`);
    side.post = engine.takeColumn(`post ${name}`);
  }
  return card;
}

/** Lesions random sets in steps, between which a cancel is heard. */
async function cloud(engine: Wasm, argument: Calls["cloud"]["argument"]): Promise<CloudPart> {
  let part = cloudPart(engine, ask(engine, "cloud", argument));
  let sets = 2;
  while (!part.isComplete) {
    post({ type: "part", id: current.id, part });
    await messages();
    if (current.isCancelled) throw new EngineError("cancelled", true);
    const started = performance.now();
    part = cloudPart(engine, ask(engine, "extendCloud", { sets }));
    const milliseconds = Math.max(performance.now() - started, 1);
    sets = Math.min(Math.max(Math.round((sets * STEP) / milliseconds), 1), 32);
    const done = part.kinds[0]?.marginDrops.length ?? 0;
    report({ stage: "cloud", done, all: part.sets, isBytes: false });
  }
  post({ type: "part", id: current.id, part });
  return part;
}

function cloudPart(engine: Wasm, answered: unknown): CloudPart {
  const part = answered as CloudPart;
  const withDrops = (kind: CloudKind): CloudKind => ({
    ...kind,
    marginDrops: engine.takeColumn(`${kind.kind} margin`),
    logitDrops: engine.takeColumn(`${kind.kind} logit`),
  });
  return { ...part, kinds: part.kinds.map(withDrops) };
}

/** Lets messages in. */
function messages(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
}

/** The memory of an answer's arrays, which is handed over instead of copied. */
function buffersOf(value: unknown): Transferable[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(buffersOf);
}
