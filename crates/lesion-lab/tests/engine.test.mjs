// The engine in Node, without a browser, beside the program: the same numbers, sets, tables and errors.
//
// `cargo xtask lab --engine` builds it, `cargo build --release` the program; then
// `node --test crates/lesion-lab/tests`.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
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

const FAMILIES = ["roberta", "xlm-roberta", "distilbert"];

test("a checkpoint of each family is read from its files", () => {
  const sentence = "Robert helped Lucy and she thanked [MASK].";
  for (const family of FAMILIES) {
    const path = join(fixtures, family, "model");
    const engine = open(path, path);
    const found = ask(engine, "predict", { sentence, lesion: { neurons: ["1:0-3"] } });
    const flags = ["--model", path, "--lesion", "1:0-3", "--json"];
    assertClose(found, JSON.parse(run("predict", sentence, ...flags)), 1e-4, family);
  }
});

test("a broken checkpoint has the program's line", () => {
  const broken = (name, breakFiles) => {
    cpSync(join(fixtures, "model"), join(folder, name), { recursive: true });
    breakFiles(join(folder, name));
    const expected = programError("predict", "I saw [MASK].", "--model", name);
    const engine = new Engine();
    for (const file of readdirSync(join(folder, name))) {
      engine.addFile(file, readFileSync(join(folder, name, file)));
    }
    assert.equal(errorOf(engine, "loadFiles", { name }).message, expected);
  };
  broken("no-config", (path) => rmSync(join(path, "config.json")));
  broken("no-weights", (path) => rmSync(join(path, "model.safetensors")));
  broken("cut-off", (path) => truncateSync(join(path, "model.safetensors"), 60_000));
  broken("no-header", (path) => truncateSync(join(path, "model.safetensors"), 5));
  broken("not-json", (path) => writeFileSync(join(path, "config.json"), "{"));
  broken("other", (path) => writeFileSync(join(path, "config.json"), '{"model_type": "gpt2"}'));
  const electra = new Engine();
  const path = join(fixtures, "electra/model");
  for (const file of readdirSync(path)) electra.addFile(file, readFileSync(join(path, file)));
  assert.match(errorOf(electra, "loadFiles", { name: "electra" }).message, /only model\.safetensors/);
});
