// The engine in Node, without a browser, beside the program: the same numbers, sets, tables and errors.
//
// `cargo xtask lab --engine` builds it, `cargo build --release` the program; then
// `node --test crates/lesion-lab/tests`.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Engine, initSync } from "../page/src/engine/generated/lesion_lab.js";

const root = new URL("../../../", import.meta.url).pathname;
const program = process.env.LESION ?? join(root, "target/release/lesion");
const bundled = join(root, "assets/models/bundled");
const fixtures = join(root, "tests/fixtures/parity");
const folder = mkdtempSync(join(tmpdir(), "lesion-lab-"));
after(() => rmSync(folder, { recursive: true }));

/** The stages that the engine reported. */
const stages = new Set();
globalThis.reportProgress = (stage) => stages.add(stage);
const wasm = new URL("../page/src/engine/generated/lesion_lab_bg.wasm", import.meta.url);
initSync({ module: readFileSync(wasm) });

function run(...args) {
  return execFileSync(program, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

/** The program's error, as the page shows it. */
function programError(...args) {
  const { stderr, status } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  assert.equal(status, 2, stderr);
  return stderr.trim().replace(/^error: /, "").replace(/ \(option --[^)]*\)$/, "");
}

function ask(engine, call, argument = {}) {
  return JSON.parse(engine.ask(JSON.stringify({ call, ...argument })));
}

function errorOf(engine, call, argument = {}) {
  try {
    engine.ask(JSON.stringify({ call, ...argument }));
  } catch (error) {
    return JSON.parse(error);
  }
  return assert.fail(`${call} has no error`);
}

/** An engine with the checkpoint in a folder. */
function open(path, name) {
  const engine = new Engine();
  for (const file of readdirSync(path)) engine.addFile(file, readFileSync(join(path, file)));
  ask(engine, "loadFiles", { name });
  return engine;
}

function openBundled() {
  const engine = new Engine();
  for (const file of ["config.json", "tokenizer.json", "model.safetensors"]) {
    engine.addFile(file, readFileSync(join(bundled, file)));
  }
  assert.equal(ask(engine, "loadFiles", { name: "bundled" }).name, "bundled");
  return engine;
}

/** Compares two values: numbers to within `tolerance`, anything else exactly. */
function assertClose(found, expected, tolerance, place = "") {
  if (typeof expected === "number" && typeof found === "number") {
    const bound = tolerance * Math.max(1, Math.abs(expected));
    assert.ok(Math.abs(found - expected) <= bound, `${place}: ${found}, not ${expected}`);
  } else if (expected !== null && typeof expected === "object") {
    assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort(), place);
    for (const key of Object.keys(expected)) {
      assertClose(found[key], expected[key], tolerance, `${place}.${key}`);
    }
  } else {
    assert.equal(found, expected, place);
  }
}

/** A CSV file without quotes: its cells, numbers as such. */
function cells(text) {
  const cell = (value) => (value !== "" && Number.isFinite(Number(value)) ? Number(value) : value);
  return text.trim().split("\n").map((line) => line.split(",").map(cell));
}

const SENTENCES = [
  "Robert helped Lucy with [MASK] project and she thanked him for his hard work.",
  "The king smiled when we met [MASK].",
  "The queen smiled when we met [MASK].",
  "[MASK] is my sister, and she likes [MASK] new house.",
  "My uncle lost the keys, so we helped [MASK].",
];

const LESIONS = [
  { neurons: ["4:her"] },
  { neurons: ["all:him"], kind: "scale=0.5", at: "all" },
  { neurons: ["2:0-99", "5:12,19"], site: "pre", kind: "value=1.5" },
  { neurons: ["3-5:her"], kind: "mean", at: "-1,0" },
  { neurons: ["4:him"], patch: "The woman smiled when we met [MASK]." },
];

function options({ neurons, kind, site, at, patch }) {
  const options = neurons.flatMap((text) => ["--lesion", text]);
  if (kind !== undefined) options.push("--kind", kind);
  if (site !== undefined) options.push("--site", site);
  if (at !== undefined) options.push(`--at=${at}`);
  if (patch !== undefined) options.push("--patch", patch);
  return options;
}

test("sentences and lesions have the numbers and neurons of the program", () => {
  const engine = openBundled();
  for (const sentence of SENTENCES) {
    for (const lesion of LESIONS) {
      const found = ask(engine, "predict", { sentence, candidates: ["him", "her", "his"], lesion });
      const flags = ["--candidates", "him,her,his", ...options(lesion), "--json"];
      assertClose(found, JSON.parse(run("predict", sentence, ...flags)), 1e-4, sentence);
    }
  }
  const top = ask(engine, "predict", { sentence: SENTENCES[1], top: 5 });
  assertClose(top, JSON.parse(run("predict", SENTENCES[1], "--top", "5", "--json")), 1e-4);
});

test("neurons by themselves have the effects that the program states", () => {
  const engine = openBundled();
  const [sentence] = SENTENCES;
  const lesion = { neurons: ["4:0-30"] };
  const found = ask(engine, "each", { sentence, lesion, candidates: ["his", "her"] });
  const flags = ["--candidates", "his,her", "--each", "4:0-30", "--json"];
  const expected = JSON.parse(run("predict", sentence, ...flags)).each.masks;
  const byNumber = (mask) => ({ ...mask, neurons: mask.neurons.sort((a, b) => a.neuron - b.neuron) });
  assertClose(found.map(byNumber), expected.map(byNumber), 1e-4);
});

test("a selection has the neurons of the program, and cards of each", () => {
  const engine = openBundled();
  const summary = ask(engine, "select");
  assert.deepEqual(summary.labels, ["him", "her"]);
  const labelled = JSON.parse(run("predict", SENTENCES[1], "--lesion", "all:her", "--json")).lesion.layers;
  assert.deepEqual(ask(engine, "choose", { kind: "named", neurons: ["all:her"] }), labelled);
  assert.deepEqual(summary.counts.map(([, her]) => her), labelled.map(({ neurons }) => neurons.length));
  const layer = ask(engine, "layer", { layer: 4 });
  assert.deepEqual(layer.labels, ["him", "her"]);
  const [t, label] = [engine.takeColumn("t"), engine.takeColumn("label")];
  assert.equal(t.length, 768);
  assert.equal(label.filter((value) => value === 2).length, summary.counts[4][1]);
  const neuron = labelled[4].neurons[0];
  const card = ask(engine, "neuron", { layer: 4, neuron, sentence: SENTENCES[1] });
  assert.equal(card.label, "her");
  assertClose(card.t, t[neuron], 1e-6);
  assert.equal(card.sides[0].sentences.length, engine.takeColumn("post a").length);
  assert.equal(card.sentence.alone[0].neurons[0].neuron, neuron);
});

test("other texts select other neurons, and invalid lines have their numbers", () => {
  const engine = openBundled();
  const examples = ask(engine, "examples");
  const { texts, settings } = examples.find(({ name }) => name === "is,are");
  const parsed = ask(engine, "parse", { texts, settings });
  assert.deepEqual([parsed.labels, parsed.errors], [["is", "are"], []]);
  const summary = ask(engine, "select", { texts, settings });
  assert.deepEqual(summary.labels, ["is", "are"]);
  assert.ok(ask(engine, "choose", { kind: "named", neurons: ["all:are"] }).length > 0);
  assert.match(errorOf(engine, "choose", { kind: "named", neurons: ["4:her"] }).message, /her/);
  const broken = { ...texts, pairs: `${texts.pairs}\nThis line has no braces.\n` };
  const lines = broken.pairs.split("\n").length - 1;
  const { errors } = ask(engine, "parse", { texts: broken, settings });
  assert.deepEqual(errors.map(({ text, line }) => [text, line]), [["pairs", lines]]);
  assert.equal(errorOf(engine, "select", { texts: broken, settings }).lines[0].line, lines);
  const unknown = errorOf(engine, "select", { settings: { "selection.test": "anova" } });
  assert.match(unknown.message, /`anova` is not a t-test/);
});

test("random sets are those of a study, and a cloud comes in parts", () => {
  const engine = openBundled();
  run("reproduce", "--out", "out", "--parts", "controls", "--layers", "4", "--nulls", "20", "--save-sets", "--seed", "3");
  const rows = readFileSync(join(folder, "out/random_sets.csv"), "utf8").trim().split("\n");
  const first = rows.map((row) => row.split(",")).find((row) => row[3] === "random" && row[4] === "7");
  const neurons = first[5].split(" ").map(Number);
  const choice = { kind: "random", layer: 4, count: neurons.length, number: 7, seed: 3 };
  assert.deepEqual(ask(engine, "choose", choice), [{ layer: 4, neurons }]);
  const sentence = "The king smiled when we met [MASK].";
  const lesion = { neurons: ["4:him"] };
  const asked = { sentence, candidates: ["him", "her"], lesion, sets: 20 };
  let part = ask(engine, "cloud", asked);
  assert.ok(!part.isComplete && part.kinds[0].p === null);
  const predicted = ask(engine, "predict", asked).masks[0].candidates;
  const margin = (key) => predicted[0][key] - predicted[1][key];
  const drop = margin("logit") - margin("logit_lesioned");
  while (!part.isComplete) part = ask(engine, "extendCloud", { sets: 6 }) ?? part;
  assertClose(part.marginDrop, drop, 1e-4);
  const drops = engine.takeColumn("random margin");
  assert.equal(drops.length, 20);
  const extreme = drops.filter((value) => Math.abs(value) >= Math.abs(drop)).length;
  assert.ok(part.kinds[0].p >= 1 / 21 && part.kinds[0].p <= 1, `${part.kinds[0].p} ${extreme}`);
  const whole = ask(engine, "cloud", { ...asked, lesion: { neurons: ["4:all"] } });
  assert.ok(whole.isComplete && whole.kinds.every(({ reason }) => reason !== null));
});

test("a study has the tables of the program", () => {
  const engine = openBundled();
  const flags = ["--parts", "controls,dose", "--layers", "3-4", "--nulls", "15", "--save-sets"];
  run("reproduce", "--out", "study", ...flags);
  const settings = { "lesion.layers": "3-4", "controls.nulls": "15", "controls.save_sets": "true" };
  const study = ask(engine, "run", { texts: {}, settings, parts: ["controls", "dose"] });
  assert.ok(study.page.startsWith("<!doctype html>") && study.figures.length > 0);
  assert.ok(stages.has("controls"));
  for (const file of readdirSync(join(folder, "study")).filter((file) => file.endsWith(".csv"))) {
    const expected = readFileSync(join(folder, "study", file), "utf8");
    const found = new TextDecoder().decode(engine.studyFile(file));
    if (file === "random_sets.csv") assert.equal(found, expected);
    // A value at the edge of a bin may be in the next one, and high moments amplify rounding.
    else if (file === "normality.csv") assertClose(cells(found), cells(expected), 1e-2, file);
    else if (file !== "histogram.csv") assertClose(cells(found), cells(expected), 1e-4, file);
  }
  const profile = ask(engine, "table", { file: "profile.csv" });
  assert.equal(profile.columns.length, profile.rows[0].length);
  assert.equal(study.tables.find(({ file }) => file === "profile.csv").rows, profile.rows.length);
});

/** The rows of a CSV file without quotes, by column. */
function rowsOf(text) {
  const [head, ...rows] = cells(text);
  return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index]])));
}

/**
 * Two neurons that displace the residual stream equally in the first prompt of the paper: 0.02177526 and
 * 0.02177512, computed in 64 bits. Rounding in 32 bits decides which comes first in the order that
 * displacement-matched sets are drawn by, and processors round differently: PyTorch's values differ by
 * 4e-7 of themselves, and the program and the engine have them in different orders. Such a set then
 * contains the other one.
 */
const TIED = { layer: 5, kind: "random-displaced", neurons: [233, 244] };

/** Whether two random sets differ only in the tied neurons. */
function isTie(found, expected) {
  const [ours, theirs] = [found, expected].map(({ neurons }) => String(neurons).split(" ").map(Number));
  const different = [...ours, ...theirs].filter((neuron) => !ours.includes(neuron) || !theirs.includes(neuron));
  const isTied = different.every((neuron) => TIED.neurons.includes(neuron));
  return expected.layer === TIED.layer && expected.kind === TIED.kind && isTied;
}

/** Compares the sets and the profile of a study in a folder with those of the engine. */
function assertSameStudy(engine, path, place) {
  const read = (file) => readFileSync(join(path, file), "utf8");
  const made = (file) => new TextDecoder().decode(engine.studyFile(file));
  assert.deepEqual(JSON.parse(made("neuron_sets.json")), JSON.parse(read("neuron_sets.json")), place);
  const [sets, expected] = [made, read].map((text) => rowsOf(text("random_sets.csv")));
  assert.equal(sets.length, expected.length, place);
  const tied = new Set();
  for (const [index, set] of expected.entries()) {
    if (sets[index].neurons === set.neurons) continue;
    assert.ok(isTie(sets[index], set), `${place}: ${JSON.stringify(set)}`);
    tied.add(`${set.layer} ${set.neuron_set}`);
  }
  const profile = rowsOf(made("profile.csv"));
  for (const [index, row] of rowsOf(read("profile.csv")).entries()) {
    const found = profile[index];
    for (const column of Object.keys(row)) {
      if (tied.has(`${row.layer} ${row.neuron_set}`) && /random_displaced/.test(column)) delete row[column];
    }
    const compared = Object.fromEntries(Object.keys(row).map((column) => [column, found[column]]));
    assertClose(compared, row, 1e-4, `${place}, row ${index}`);
  }
}

test("studies of other seeds and texts have the sets and the profile of the program", () => {
  const engine = openBundled();
  const { texts, settings } = ask(engine, "examples").find(({ name }) => name === "is,are");
  const studies = [
    { texts: {}, settings: { seed: "7" } },
    { texts: {}, settings: { seed: "11" } },
    { texts, settings: { ...settings, seed: "3" } },
  ];
  for (const [number, study] of studies.entries()) {
    const settings = { ...study.settings, "controls.nulls": "20", "controls.save_sets": "true" };
    const asked = { texts: study.texts, settings, parts: ["controls"] };
    const path = join(folder, `seed-${number}`);
    mkdirSync(path);
    for (const { name, text } of ask(engine, "exportStudy", asked)) writeFileSync(join(path, name), text);
    run("run", join(path, "study.toml"), "--out", join(path, "out"));
    ask(engine, "run", asked);
    assertSameStudy(engine, join(path, "out"), `study ${number}`);
  }
});

test("a finished study can be opened, and a study that is written runs", () => {
  const engine = openBundled();
  const path = join(folder, "study");
  for (const file of readdirSync(path).filter((file) => /\.(csv|json)$/.test(file))) {
    engine.addFile(file, readFileSync(join(path, file)));
  }
  const opened = ask(engine, "openStudy");
  assert.deepEqual([opened.labels, opened.model], [["him", "her"], "bundled"]);
  const { texts, settings } = ask(engine, "examples")[1];
  ask(engine, "select", { texts, settings });
  const lesion = { neurons: ["4:0-40"], kind: "zero" };
  const asked = { texts, settings: { ...settings, "controls.nulls": "5" }, parts: ["controls"], lesion };
  const files = ask(engine, "exportStudy", asked);
  const exported = join(folder, "exported");
  cpSync(path, exported, { recursive: true, filter: (source) => source === path });
  for (const { name, text } of files) writeFileSync(join(exported, name), text);
  run("run", "exported/study.toml", "--out", "exported/out");
  const rows = readFileSync(join(exported, "out/nulls.csv"), "utf8").split("\n");
  assert.ok(rows.some((row) => row.startsWith("4,")));
  assert.match(errorOf(new Engine(), "openStudy").message, /manifest\.json/);
});

/** The checkpoints of the parity fixtures: their folders by name. */
function parityCheckpoints() {
  const checkpoints = { bert: [join(fixtures, "model")] };
  for (const family of readdirSync(fixtures)) {
    const model = join(fixtures, family, "model");
    if (existsSync(model)) checkpoints[family] = [model];
  }
  // Variants have the tokenizer of their family.
  for (const variant of readdirSync(join(fixtures, "variants"))) {
    const [tokenizer] = checkpoints[variant.split("-")[0]];
    checkpoints[variant] = [tokenizer, join(fixtures, "variants", variant)];
  }
  return checkpoints;
}

/** Copies a checkpoint of one or two folders, of which the second has the weights. */
function gather(name, [first, second]) {
  const path = join(folder, name);
  cpSync(first, path, { recursive: true });
  if (second !== undefined) {
    for (const file of readdirSync(path)) if (/^(model|pytorch_model)/.test(file)) rmSync(join(path, file));
    cpSync(second, path, { recursive: true });
  }
  return path;
}

const DECODERS = ["gpt2", "gpt_neox", "llama", "mistral", "qwen2", "qwen3"];

/** Sentences with a mask for a family, from its fixture. A decoder's are masked at their last word. */
function maskedSentences(model) {
  const { model_type: family } = JSON.parse(readFileSync(join(model, "config.json"), "utf8"));
  const sentences = JSON.parse(readFileSync(join(model, "../sentences.json"), "utf8"));
  const texts = sentences.map(({ text }) => text);
  if (DECODERS.includes(family)) return texts.map((text) => text.replace(/\p{L}+\.$/u, "[MASK]."));
  return texts.filter((text) => /\[MASK\]|<mask>/.test(text));
}

/** The weights of PyTorch, which only the program reads. */
const PICKLED = ["electra"];

test("a checkpoint of each family is read from its files, with the program's numbers", () => {
  const checkpoints = parityCheckpoints();
  assert.ok(Object.keys(checkpoints).length >= 16, Object.keys(checkpoints).join());
  for (const [name, folders] of Object.entries(checkpoints)) {
    const path = gather(name, folders);
    if (PICKLED.includes(name)) continue;
    const engine = open(path, name);
    const sentences = maskedSentences(folders[0]);
    assert.ok(sentences.length > 0, name);
    for (const sentence of sentences) {
      for (const lesion of [{ neurons: ["1:0-3"] }, { neurons: ["0:all"], kind: "scale=0.5", at: "all" }]) {
        const found = ask(engine, "predict", { sentence, lesion });
        const flags = ["--model", name, ...options(lesion), "--json"];
        assertClose(found, JSON.parse(run("predict", sentence, ...flags)), 1e-4, `${name} ${sentence}`);
      }
    }
  }
});

test("a broken checkpoint has the program's line", () => {
  const whole = parityCheckpoints().bert;
  const lines = new Set();
  // A folder may be called as everything is.
  for (const name of ["model", "broken checkpoint"]) {
    const broken = (breakFiles) => {
      const path = gather(name, whole);
      breakFiles(path);
      const expected = programError("predict", "I saw [MASK].", "--model", name);
      const engine = new Engine();
      for (const file of readdirSync(path)) engine.addFile(file, readFileSync(join(path, file)));
      const { message } = errorOf(engine, "loadFiles", { name });
      assert.equal(message, expected);
      assert.ok(!/\bmodel:? model\b/.test(message), message);
      lines.add(message);
      rmSync(path, { recursive: true });
    };
    broken((path) => rmSync(join(path, "config.json")));
    broken((path) => rmSync(join(path, "model.safetensors")));
    broken((path) => ["tokenizer.json", "vocab.txt"].forEach((file) => rmSync(join(path, file))));
    broken((path) => truncateSync(join(path, "model.safetensors"), 60_000));
    broken((path) => truncateSync(join(path, "model.safetensors"), 5));
    broken((path) => writeFileSync(join(path, "model.safetensors"), "version https://git-lfs.github.com/spec/v1"));
    broken((path) => writeFileSync(join(path, "config.json"), "{"));
    broken((path) => writeFileSync(join(path, "config.json"), '{"model_type": "gpt2"}'));
    broken((path) => writeFileSync(join(path, "config.json"), '{"model_type": "t5"}'));
    broken((path) => writeFileSync(join(path, "tokenizer.json"), "{}"));
  }
  assert.equal(lines.size, 20, [...lines].join("\n"));
});

test("weights of PyTorch are refused with what to do", () => {
  for (const name of PICKLED) {
    const path = gather(name, parityCheckpoints()[name]);
    const engine = new Engine();
    for (const file of readdirSync(path)) engine.addFile(file, readFileSync(join(path, file)));
    const { message } = errorOf(engine, "loadFiles", { name });
    assert.match(message, /pytorch_model\.bin: only model\.safetensors .* in Python, .*save_pretrained/);
  }
});

/** The settings of a network of BERT's shape with random weights, and its files. */
function randomBert(layers, hidden, vocabulary) {
  const neurons = 4 * hidden;
  const config = {
    model_type: "bert", hidden_act: "gelu", hidden_size: hidden, intermediate_size: neurons,
    layer_norm_eps: 1e-12, max_position_embeddings: 512, num_attention_heads: hidden / 64,
    num_hidden_layers: layers, pad_token_id: 0, type_vocab_size: 2, vocab_size: vocabulary,
  };
  const tensors = [
    ["bert.embeddings.word_embeddings.weight", vocabulary, hidden],
    ["bert.embeddings.position_embeddings.weight", 512, hidden],
    ["bert.embeddings.token_type_embeddings.weight", 2, hidden],
    ["bert.embeddings.LayerNorm.weight", hidden],
    ["bert.embeddings.LayerNorm.bias", hidden],
    ["cls.predictions.bias", vocabulary],
    ["cls.predictions.transform.dense.weight", hidden, hidden],
    ["cls.predictions.transform.dense.bias", hidden],
    ["cls.predictions.transform.LayerNorm.weight", hidden],
    ["cls.predictions.transform.LayerNorm.bias", hidden],
  ];
  const parts = [
    ["attention.self.query", hidden, hidden], ["attention.self.key", hidden, hidden],
    ["attention.self.value", hidden, hidden], ["attention.output.dense", hidden, hidden],
    ["attention.output.LayerNorm", hidden], ["intermediate.dense", neurons, hidden],
    ["output.dense", hidden, neurons], ["output.LayerNorm", hidden],
  ];
  for (let layer = 0; layer < layers; layer++) {
    for (const [part, ...shape] of parts) {
      tensors.push([`bert.encoder.layer.${layer}.${part}.weight`, ...shape]);
      tensors.push([`bert.encoder.layer.${layer}.${part}.bias`, shape[0]]);
    }
  }
  const header = {};
  let end = 0;
  for (const [name, ...shape] of tensors) {
    const start = end;
    end += 4 * shape.reduce((size, side) => size * side, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const values = new Float32Array(end / 4);
  // Of a linear congruential generator: any values of this size do.
  let state = 1;
  for (let index = 0; index < values.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[index] = state / 2 ** 32 / 10 - 0.05;
  }
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const weights = Buffer.concat([length, text, Buffer.from(values.buffer)]);
  const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
  const known = readFileSync(join(bundled, "vocab.txt"), "utf8").split("\n").filter((word) => /^\w+$/.test(word));
  words.push(...known);
  while (words.length < vocabulary) words.push(`word${words.length}`);
  return {
    "config.json": Buffer.from(JSON.stringify(config)),
    "vocab.txt": Buffer.from(words.slice(0, vocabulary).join("\n")),
    "model.safetensors": weights,
  };
}

/** The files of a folder. */
function filesOf(path) {
  return Object.fromEntries(readdirSync(path).map((file) => [file, readFileSync(join(path, file))]));
}

test("the memory that is announced is enough for a model", async () => {
  const sizes = {
    tiny: filesOf(join(fixtures, "model")),
    bundled: filesOf(bundled),
    "many words": randomBert(1, 64, 60_000),
    large: randomBert(6, 512, 8_000),
  };
  for (const [name, files] of Object.entries(sizes)) {
    // Memory never shrinks, so each model has a module of its own.
    const module = await import(`../page/src/engine/generated/lesion_lab.js?${name}`);
    const { memory } = module.initSync({ module: readFileSync(wasm) });
    const engine = new module.Engine();
    engine.addFile("config.json", files["config.json"]);
    const weights = { "model.safetensors": files["model.safetensors"].length };
    const needed = ask(engine, "memoryNeeded", { sizes: weights });
    for (const [file, bytes] of Object.entries(files)) engine.addFile(file, bytes);
    ask(engine, "loadFiles", { name });
    const loaded = memory.buffer.byteLength;
    assert.ok(loaded <= needed.bytesWhileLoading, `${name}: ${loaded}, not ${needed.bytesWhileLoading}`);
    const sentence = "The king smiled when we met [MASK].";
    const cloud = { sentence, candidates: name === "tiny" ? [] : ["him", "her"], lesion: { neurons: ["0:0-9"] } };
    ask(engine, "predict", cloud);
    if (name !== "tiny") {
      ask(engine, "select");
      for (let part = ask(engine, "cloud", cloud); !part.isComplete; ) part = ask(engine, "extendCloud", { sets: 32 });
    }
    const used = memory.buffer.byteLength;
    const most = Math.max(needed.bytes, needed.bytesWhileLoading);
    console.log(`${name}: announced ${most}, loaded ${loaded}, used ${used}`);
    assert.ok(used <= most, `${name}: ${used}, not ${most}`);
  }
});
