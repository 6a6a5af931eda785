// Times the engine in Chromium beside the same engine in the program, and the page until its first
// prediction. docs/performance.md has the results.
//
//   cargo xtask lab
//   cargo build --release --package lesion-lab --example timed_questions
//   node crates/lesion-lab/speed.mjs [RUNS]

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { serve } from "./page/tests/static-host.js";
import { Visitor } from "./page/tests/visitor.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const model = join(root, "assets/models/bundled");
const program = join(root, "target/release/examples/timed_questions");
const engine = join(root, "crates/lesion-lab/page/src/engine/generated");
const lab = join(root, "target/lab");
const runs = Number(process.argv[2] ?? 5);

const SENTENCE = "Robert helped Lucy with [MASK] project and she thanked him for his hard work.";
const PREDICTION = { call: "predict", sentence: SENTENCE, candidates: ["his", "her"] };
const LESION = { lesion: { neurons: ["4:her"] } };

/** The questions, each with its name. A cloud is extended until it is complete. */
const QUESTIONS = [
  ["first prediction", PREDICTION],
  ["second prediction", PREDICTION],
  ["selection from 54 pairs in all layers", { call: "select" }],
  ["lesion of 4:her", { ...PREDICTION, ...LESION }],
  ["lesion of all:her at all tokens", { ...PREDICTION, lesion: { neurons: ["all:her"], at: "all" } }],
  ["100 random sets of both kinds: begin", { ...PREDICTION, ...LESION, call: "cloud", sets: 100 }],
  ["100 random sets of both kinds: lesions", { call: "extendCloud", sets: 100 }],
];
const NAMES = ["loading the bundled model", ...QUESTIONS.map(([name]) => name)];

/** Milliseconds of each question in the program. */
function askProgram() {
  const input = QUESTIONS.map(([, question]) => JSON.stringify(question)).join("\n");
  return execFileSync(program, [model], { input, encoding: "utf8" }).trim().split("\n").map(Number);
}

/** Runs in a worker of the browser: the same as `timed_questions.rs`. */
const WORKER = `
  self.onmessage = async ({ data: { engine, model, questions } }) => {
    self.reportProgress = () => {};
    const { default: init, Engine } = await import(engine + "lesion_lab.js");
    await init();
    const files = [];
    for (const name of ["config.json", "tokenizer.json", "model.safetensors"]) {
      const bytes = await (await fetch(model + name)).arrayBuffer();
      files.push([name, new Uint8Array(bytes)]);
    }
    const lab = new Engine();
    const times = [];
    let started = performance.now();
    for (const [name, bytes] of files) lab.addFile(name, bytes);
    lab.ask('{"call": "loadFiles", "name": "bundled"}');
    times.push(performance.now() - started);
    for (const question of questions) {
      started = performance.now();
      lab.ask(JSON.stringify(question));
      times.push(performance.now() - started);
    }
    self.postMessage(times);
  };
`;

/** Milliseconds of each question in a fresh worker. */
function askBrowser(page, addresses) {
  const questions = QUESTIONS.map(([, question]) => question);
  return page.evaluate(
    ([source, data]) => {
      const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const worker = new Worker(address, { type: "module" });
      return new Promise((resolve, reject) => {
        worker.onerror = (event) => reject(new Error(event.message));
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage(data);
      }).finally(() => worker.terminate());
    },
    [WORKER, { ...addresses, questions }],
  );
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Bytes of all files in a folder, as they are and compressed. */
function sizesOf(folder) {
  const sizes = { files: 0, compressed: 0 };
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const bytes = readFileSync(join(file.parentPath, file.name));
    sizes.files += bytes.length;
    sizes.compressed += gzipSync(bytes).length;
  }
  return sizes;
}

const closing = [];
const host = await serve(lab);
// One host for both folders, as a worker may only read from its own.
const files = await serve(root);
const visitor = await Visitor.arrive({ after: (close) => closing.push(close) }, host.address);

const firsts = [];
for (let run = 0; run < runs; run++) {
  const started = performance.now();
  await visitor.page.reload();
  await visitor.page.waitForSelector("#sentence table");
  firsts.push(performance.now() - started);
}

const page = await visitor.context.newPage();
await page.goto(`${files.address}assets/models/bundled/config.json`);
const addresses = {
  engine: `${files.address}${engine.slice(root.length + 1)}/`,
  model: `${files.address}assets/models/bundled/`,
};
const times = { program: [], browser: [] };
for (let run = 0; run < runs; run++) {
  times.program.push(askProgram());
  times.browser.push(await askBrowser(page, addresses));
}
console.log(`| medians of ${runs} alternating runs, milliseconds | program | browser | ratio |`);
console.log("|---|---|---|---|");
for (const [place, name] of NAMES.entries()) {
  const [ours, theirs] = [times.program, times.browser].map((all) => median(all.map((run) => run[place])));
  console.log(`| ${name} | ${ours.toFixed(1)} | ${theirs.toFixed(1)} | ${(theirs / ours).toFixed(1)} |`);
}
const { files: bytes, compressed } = sizesOf(lab);
const [wasm] = readdirSync(join(lab, "assets")).filter((name) => name.endsWith(".wasm"));
const module = readFileSync(join(lab, "assets", wasm));
console.log(`page to first prediction, warm cache: ${Math.round(median(firsts))} ms (of ${firsts.map(Math.round)})`);
console.log(`page: ${bytes} bytes, ${compressed} with gzip`);
console.log(`WebAssembly: ${module.length} bytes, ${gzipSync(module).length} with gzip`);
await page.close();
for (const close of closing) await close();
await host.close();
await files.close();
