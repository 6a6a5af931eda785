// Checkpoints and finished studies from disk: picked in a dialog, chosen in a file input, and dropped.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { serve } from "./static-host.js";
import { Visitor } from "./visitor.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PAGE = process.env.LESION_LAB ?? here("../dist");
const PARITY = here("../../../../tests/fixtures/parity");

/** Milliseconds for a model or a study on a busy machine. */
const LONG = 60_000;

/** The folders of a tiny model of each family, by what the models read; "" is BERT's. */
const FAMILIES = JSON.parse(readFileSync(join(PARITY, "families.json"), "utf8"));

/** A sentence that the models of each kind can read. */
const SENTENCES = {
  masked: "The dog followed [MASK] home.",
  proteins: "MKTA[MASK]YIAKQR",
  decoders: "The dog followed [MASK]",
};

/** The family that a checkpoint names. */
function familyOf(checkpoint) {
  return JSON.parse(readFileSync(join(checkpoint, "config.json"), "utf8")).model_type;
}

let host;

before(async () => {
  host = await serve(PAGE);
});

after(() => host.close());

/** A folder for the time of a test. */
async function newFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), "lab-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** Opens the model whose size the page tells, and predicts with a lesion of it. */
async function openAndPredict(visitor, family, name, sentence) {
  const { page } = visitor;
  const note = page.locator("#model [role=status]", { hasText: `${family}, 3 layers` });
  await note.waitFor({ timeout: LONG });
  await visitor.button("Open it").click();
  await page.getByText(`Model: ${name} (${family}), 3 layers of`).waitFor({ timeout: LONG });
  await page.getByLabel("Words to rate").fill("");
  await page.fill("#sentence textarea", sentence);
  await page.fill("#lesioned-neurons", "1:0-9");
  await page.locator(".outcome", { hasText: "10 neurons of layer 1" }).waitFor({ timeout: LONG });
  await page.fill("#lesioned-neurons", "");
}

async function drop(visitor, path) {
  const session = await visitor.context.newCDPSession(visitor.page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
  }
  await session.detach();
}

/** Lets the folder picker return a folder of the browser's own file system with these files. */
async function answerPicker(visitor, folder) {
  const files = readdirSync(folder).map((name) => [
    name,
    readFileSync(join(folder, name)).toString("base64"),
  ]);
  await visitor.page.evaluate(async (files) => {
    const root = await navigator.storage.getDirectory();
    const picked = await root.getDirectoryHandle("picked", { create: true });
    for (const [name, base64] of files) {
      const handle = await picked.getFileHandle(name, { create: true });
      const stream = await handle.createWritable();
      await stream.write(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
      await stream.close();
    }
    window.showDirectoryPicker = () => Promise.resolve(picked);
  }, files);
}

test("a checkpoint of each family opens from disk", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  for (const [kind, folders] of Object.entries(FAMILIES)) {
    for (const folder of folders) {
      const path = join(PARITY, folder, "model");
      await visitor.page.locator("#model input[type=file]").setInputFiles(path);
      await openAndPredict(visitor, familyOf(path), basename(path), SENTENCES[kind]);
    }
  }
  visitor.complain();
});

test("in a frame of another site, which may not use the picker, a folder is chosen too", async (t) => {
  const frame = `<iframe src="${host.address}" width="1200" height="900"></iframe>`;
  const other = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(frame);
  });
  await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.after(() => other.close());
  const visitor = await Visitor.start(t, host.address, {
    args: ["--host-resolver-rules=MAP other.test 127.0.0.1"],
  });
  visitor.allows(/^http:\/\/other\.test:/);
  const page = await visitor.newPage();
  await page.goto(`http://other.test:${other.address().port}/`);
  const laboratory = page.frameLocator("iframe");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    laboratory.getByRole("button", { name: "Open a folder" }).click(),
  ]);
  await chooser.setFiles(join(PARITY, "model"));
  await laboratory.locator("#model [role=status]", { hasText: "bert, 3 layers" }).waitFor();
  visitor.complain();
});

test("a sentence is whole again after a decoder, which reads its beginning", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  const whole = await page.inputValue("#sentence textarea");
  await page.locator("#model input[type=file]").setInputFiles(join(PARITY, "gpt2/model"));
  await visitor.button("Open it").click();
  await page.getByText("Model: model (gpt2)").waitFor();
  const beginning = await page.inputValue("#sentence textarea");
  assert.ok(beginning.endsWith("[MASK]") && whole.startsWith(beginning), beginning);
  await visitor.button("Back to the bundled model").click();
  await page.getByText("Model: bundled (bert)").waitFor();
  assert.equal(await page.inputValue("#sentence textarea"), whole);
  visitor.complain();
});

test("a checkpoint is picked in the dialog, and dropped as a folder or a ZIP file", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const path = join(PARITY, "albert/model");
  await answerPicker(visitor, path);
  await visitor.button("Open a folder").click();
  await openAndPredict(visitor, "albert", "picked", "The dog followed [MASK] home.");

  await drop(visitor, join(PARITY, "roberta/model"));
  await openAndPredict(visitor, "roberta", "model", "The dog followed [MASK] home.");

  const zip = join(await newFolder(t), "tiny.zip");
  const files = readdirSync(path).map((name) => [name, readFileSync(join(path, name))]);
  const inside = Object.fromEntries(files);
  // Archives of macOS have files of its own beside the folder.
  const others = { "._config.json": new Uint8Array(4) };
  await writeFile(zip, zipSync({ outside: { inside }, __MACOSX: { outside: others } }));
  await drop(visitor, zip);
  await openAndPredict(visitor, "albert", "inside", "The dog followed [MASK] home.");
  visitor.complain();
});

test("weights as PyTorch wrote them before 1.6 give the numbers of safetensors", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const folder = await newFolder(t);
  const path = join(PARITY, "distilbert/model");
  await cp(path, folder, { recursive: true });
  await rm(join(folder, "model.safetensors"));
  await cp(join(PARITY, "distilbert/legacy/pytorch_model.bin"), join(folder, "pytorch_model.bin"));
  const [sentence, words] = ["The dog followed [MASK] home.", ["him", "her"]];
  const predictions = [];
  for (const opened of [path, folder]) {
    await visitor.page.locator("#model input[type=file]").setInputFiles(opened);
    await openAndPredict(visitor, "distilbert", basename(opened), sentence);
    await visitor.page.getByLabel("Words to rate").fill(words.join(","));
    await visitor.row("him").then((row) => assert.notEqual(row, undefined));
    await visitor.page.locator("#sentence tbody tr").nth(2).waitFor({ state: "detached" });
    predictions.push(await Promise.all(words.map((word) => visitor.numbers(word))));
  }
  assert.equal(predictions[0].flat().length, 4, "a probability and a logit of each word");
  assert.deepEqual(predictions[1], predictions[0]);
  visitor.complain();
});

/** Ways to break PyTorch's weights, which are a ZIP archive. */
const BROKEN_PYTORCH = [
  (bytes) => bytes.subarray(0, bytes.length / 2),
  (bytes) => bytes.subarray(0, 100),
  () => Buffer.from("no weights"),
  () => Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
  (bytes) => Buffer.from(bytes.toString("latin1").replaceAll("data.pkl", "data.txt"), "latin1"),
  (bytes) =>
    Buffer.from(bytes.toString("latin1").replace("FloatStorage", "CloatStorage"), "latin1"),
  () => readFileSync(here("../../../../crates/mutated-inputs/corpus/pickle/stride-of-0.bin")),
];

test("broken weights of PyTorch say why in one line, and the model before stays", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const model = visitor.page.locator("#model");
  const weights = readFileSync(join(PARITY, "electra/model/pytorch_model.bin"));
  for (const damage of BROKEN_PYTORCH) {
    const folder = await newFolder(t);
    await cp(join(PARITY, "electra/model"), folder, { recursive: true });
    await writeFile(join(folder, "pytorch_model.bin"), damage(weights));
    await model.locator("input[type=file]").setInputFiles(folder);
    await visitor.button("Open it").click();
    const alert = model.getByRole("alert");
    await alert.waitFor();
    assert.match(
      await alert.innerText(),
      /^.*(pytorch_model\.bin: |model\.safetensors(:| is only a pointer) )[^\n]+$/,
    );
  }
  await visitor.lesion("5:her");
  visitor.complain();
});

/** Ways to break a checkpoint, and the line that the program then prints. */
const BROKEN = [
  [(path) => rm(join(path, "config.json")), /config\.json/],
  [(path) => writeFile(join(path, "config.json"), "{"), /config\.json/],
  [(path) => rm(join(path, "model.safetensors")), /model\.safetensors/],
  [(path) => writeFile(join(path, "model.safetensors"), "no weights"), /model\.safetensors/],
  [(path) => truncate(join(path, "model.safetensors"), 60_000), /model\.safetensors/],
  [(path) => rm(join(path, "tokenizer.json")), /tokenizer\.json|vocab\.txt/],
];

test("a broken checkpoint says why in one line, and the model before stays", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const model = visitor.page.locator("#model");
  for (const [damage, message] of BROKEN) {
    const folder = await newFolder(t);
    await cp(join(PARITY, "model"), folder, { recursive: true });
    await rm(join(folder, "vocab.txt"));
    await damage(folder);
    await model.locator("input[type=file]").setInputFiles(folder);
    const open = visitor.button("Open it");
    const alert = model.getByRole("alert");
    await open.or(alert).waitFor();
    if (await open.isVisible()) await open.click();
    await alert.waitFor();
    const line = await alert.innerText();
    assert.match(line, message);
    assert.ok(line.includes(basename(folder)) && !line.includes("\n"), line);
  }
  const zip = join(await newFolder(t), "broken.zip");
  await writeFile(zip, "PK, but no more");
  await drop(visitor, zip);
  await model.getByText("broken.zip cannot be unpacked").waitFor();
  await visitor.lesion("5:her");
  visitor.complain();
});

test("a finished study is dropped as a folder or as a ZIP file, and explored", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const study = () => visitor.page.locator("#study");
  await study().getByLabel("Layers and dissociation").uncheck();
  await visitor.button("Run the study").click();
  await study().locator("figure svg").first().waitFor({ timeout: LONG });
  const summary = await study().locator(".finding").innerText();
  const saved = await visitor.download(study().getByText("Save all files as ZIP"));
  const folder = await newFolder(t);
  const zip = join(folder, "study.zip");
  await writeFile(zip, saved);
  const path = join(folder, "study");
  await visitor.unpack(saved, path);
  for (const dropped of [zip, path]) {
    await visitor.page.close();
    await visitor.open("");
    await drop(visitor, dropped);
    await study().locator(".finding").waitFor({ timeout: LONG });
    assert.equal(await study().locator(".finding").innerText(), summary);
    await study().locator("select").last().selectOption("dose.csv");
    await study().getByRole("columnheader", { name: "margin_drop", exact: true }).waitFor();
  }
  visitor.complain();
});
