// Models of the hub by their names: downloaded once, kept in the browser, and never half.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { strFromU8, unzipSync } from "fflate";
import { StandInHub } from "./stand-in-hub.js";
import { serve } from "./static-host.js";
import { Visitor } from "./visitor.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const PAGE = process.env.LESION_LAB ?? here("../dist");
const PARITY = here("../../../../tests/fixtures/parity");
const MODEL = join(PARITY, "model");

let host;

before(async () => {
  host = await serve(PAGE);
});

after(() => host.close());

async function arrive(t, hub) {
  const visitor = await Visitor.arrive(t, host.address, { args: hub.browserArguments });
  visitor.allows(/^https:\/\/(huggingface\.co|cdn-lfs\.hf\.co)\//);
  return visitor;
}

/** Writes the name of a model, and asks how large it is. */
async function name(visitor, text) {
  await visitor.page.getByLabel("Name on the Hugging Face hub").fill(text);
  await visitor.button("How large is it?").click();
}

/** Opens a model, and waits for its name at the top of the page. */
async function openModel(visitor, text) {
  await name(visitor, text);
  await visitor.page.locator("#model").getByText("of memory").waitFor();
  await visitor.button("Open it").click();
  await visitor.page.getByText(/^Model: tiny\/bert@0123456789abcdef/).waitFor();
}

async function errorLine(visitor) {
  const alert = visitor.page.locator("#model").getByRole("alert");
  await alert.waitFor();
  const line = await alert.innerText();
  assert.ok(!line.includes("\n"), line);
  return line;
}

test("a model of the hub is downloaded once, and then needs no network", async (t) => {
  const hub = await new StandInHub(MODEL).start();
  const visitor = await arrive(t, hub);
  await openModel(visitor, "tiny/bert");
  const weights = hub.asked.filter((address) => address.includes("model.safetensors"));
  assert.equal(weights.length, 2, `the address, and that to which it redirects: ${weights}`);

  const before = hub.asked.length;
  await visitor.open("");
  await openModel(visitor, "https://huggingface.co/tiny/bert/tree/main");
  const again = hub.asked.slice(before).map((address) => new URL(address).pathname);
  assert.deepEqual([...new Set(again)], ["/api/models/tiny/bert/revision/main"]);

  await hub.stop();
  await visitor.open("");
  await openModel(visitor, "tiny/bert");
  await name(visitor, "tiny/other");
  assert.match(await errorLine(visitor), /cannot ask .* for tiny\/other; there is no network/);
  visitor.complainBut(/ERR_(CONNECTION|FAILED|INTERNET|NETWORK)/);
});

test("a link names the model, and the reader opens it", async (t) => {
  const hub = await new StandInHub(join(PARITY, "roberta/model")).start();
  t.after(() => hub.stop());
  const visitor = await arrive(t, hub);
  await openModel(visitor, "tiny/bert");
  await visitor.lesion("1:0-9");
  const study = unzipSync(await visitor.download(visitor.button("Download study")));
  assert.match(strFromU8(study["study.toml"]), /^model = "tiny\/bert@0123456789abcdef/m);

  await visitor.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await visitor.button("Copy a link").click();
  const link = await visitor.page.evaluate(() => navigator.clipboard.readText());
  await visitor.page.close();
  const page = await visitor.newPage();
  await page.goto(link);
  await page.locator("header").getByText("The link was made with the model tiny/bert@").waitFor();
  await visitor.button("How large is it?").click();
  await visitor.button("Open it").click();
  await page.getByText(/^Model: tiny\/bert@0123456789abcdef/).waitFor();
  assert.equal(await page.inputValue("#lesioned-neurons"), "1:0-9");
  await page.waitForSelector(".outcome");
  assert.equal(await page.getByText("The link was made with").count(), 0);
  visitor.complain();
});

const REFUSED = {
  private: /denies access to tiny\/private \(401\)/,
  renamed: /no model tiny\/renamed at main/,
  broken: /status 500/,
  gated: /denies access to tiny\/gated \(403\)/,
};

const UNUSABLE = {
  short: /has \d+ bytes, not \d+ as listed/,
  interrupted: /interrupted; try again/,
  damaged: /damaged/,
};

test("what the hub refuses or sends damaged is one line, and the model before stays", async (t) => {
  const hub = await new StandInHub(MODEL).start();
  t.after(() => hub.stop());
  const visitor = await arrive(t, hub);
  await name(visitor, "not a name");
  assert.match(await errorLine(visitor), /"not a name" is not the name of a model on the hub/);
  for (const [model, message] of Object.entries(REFUSED)) {
    await name(visitor, `tiny/${model}`);
    assert.match(await errorLine(visitor), message);
  }
  for (const [model, message] of Object.entries(UNUSABLE)) {
    await name(visitor, `tiny/${model}`);
    await visitor.button("Open it").click();
    assert.match(await errorLine(visitor), message);
  }
  await visitor.lesion("5:her");
  visitor.complainBut(/status of (401|403|404|500)|ERR_(INCOMPLETE|CONTENT|CONNECTION|HTTP2)/);
});

test("a download shows how far it is, and can be cancelled", async (t) => {
  const hub = await new StandInHub(MODEL).start();
  t.after(() => hub.stop());
  const visitor = await arrive(t, hub);
  const model = visitor.page.locator("#model");
  await name(visitor, "tiny/slow");
  await visitor.button("Open it").click();
  await model.getByText(/Downloading \d+ kB \/ \d+ kB/).waitFor();
  await model.getByRole("button", { name: "Cancel" }).click();
  await model.getByRole("progressbar").waitFor({ state: "detached" });
  await visitor.page.getByText("Model: bundled (bert), ").waitFor();
  await visitor.lesion("5:her");
  visitor.complain();
});
