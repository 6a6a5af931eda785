// Visitors who come back: without a network, after an update, and by a link.

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "./static-host.js";
import { Visitor } from "./visitor.js";

const PAGE = process.env.LESION_LAB ?? fileURLToPath(new URL("../dist", import.meta.url));

let host;

before(async () => {
  host = await serve(PAGE);
});

after(() => host.close());

test("after the first visit the page needs no network", async (t) => {
  const own = await serve(PAGE);
  const visitor = await Visitor.arrive(t, own.address);
  await visitor.page.evaluate(() => navigator.serviceWorker.ready);
  await own.close();
  await visitor.open("");
  await visitor.lesion("5:her");
  visitor.complain();
});

/** Lets the browser look for another version of the page, and waits until it has it. */
async function getUpdate() {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update();
  // It may be there already, because the browser looks by itself too.
  const { installing } = registration;
  await new Promise((resolve) => {
    if (!installing) resolve();
    installing?.addEventListener("statechange", resolve);
  });
  if (!registration.waiting) throw new Error("the browser has got no other version");
}

/** Replaces a text in a file. */
async function replace(path, before, now) {
  const text = await readFile(path, "utf8");
  assert.match(text, before);
  await writeFile(path, text.replace(before, now));
}

test("an update is seen after one reload, also in the only tab", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "lab-"));
  t.after(() => rm(folder, { recursive: true }));
  await cp(PAGE, folder, { recursive: true });
  const own = await serve(folder);
  t.after(() => own.close());
  const visitor = await Visitor.arrive(t, own.address);
  const { page } = visitor;
  await page.evaluate(() => navigator.serviceWorker.ready);

  // A build with other contents has another version.
  await replace(join(folder, "index.html"), /name="description"/, 'name="description" lang="vi"');
  await replace(join(folder, "service-worker.js"), /`[0-9a-f]{16}`/, "`fedcba9876543210`");
  await page.evaluate(getUpdate);
  assert.equal(
    await page.locator("meta[lang=vi]").count(),
    0,
    "the first version, while it is open",
  );
  await page.reload();
  await page.waitForSelector("meta[lang=vi]", { state: "attached" });
  await page.waitForSelector("#sentence table");
  const kept = await page.evaluate(() => caches.keys());
  assert.deepEqual(kept, ["lesion-lab-page-fedcba9876543210"]);
  visitor.complain();
});

test("without HTTPS the page works, and a link is in its address", async (t) => {
  const visitor = await Visitor.arrive(t, host.address.replace("127.0.0.1", "lab.test"), {
    args: ["--host-resolver-rules=MAP lab.test 127.0.0.1"],
  });
  const { page } = visitor;
  assert.equal(await page.evaluate(() => window.isSecureContext), false);
  await visitor.lesion("5:her");
  await visitor.button("Copy a link").click();
  await visitor.button("The link is in the address bar").waitFor();
  assert.match(page.url(), /&neurons=5%3Aher/);
  visitor.complain();
});

/** A state with odd characters and long lists. */
const SENTENCE = 'Zoë & "<b>日本</b>" #1, 100% + sure; they thanked [MASK]?';
const NEURONS = `0:${Array.from({ length: 300 }, (_, index) => 2 * index).join(",")} 3:0-99 5:is`;

test("a link restores the whole state", async (t) => {
  const visitor = await Visitor.arrive(t, host.address, {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const { page } = visitor;
  const contrast = page.locator("#contrast");
  await contrast.getByRole("button", { name: "is,are" }).click();
  const pairs = contrast.getByLabel("Pairs", { exact: true });
  const words = Array.from(
    { length: 1500 },
    (_, index) => `The dog {is|are} number ${index} — “ok”.`,
  );
  const text = `${await pairs.inputValue()}\n${words.join("\n")}\n`;
  await pairs.fill(text);
  await contrast.getByLabel("Correction of p").selectOption("holm");
  await page.locator("#neurons fieldset label").nth(2).click();
  await page.fill("#sentence textarea", SENTENCE);
  await page.getByLabel("Words to rate").fill("him, her,日本");
  await page.fill("#lesioned-neurons", NEURONS);
  const lesion = page.locator("#lesion");
  await lesion.getByLabel("The activation becomes").selectOption("scale");
  await lesion.getByLabel("Factor").fill("0.25");
  await lesion.getByLabel("Site").selectOption("pre");
  await lesion.getByLabel("Tokens").selectOption("offsets");
  await lesion.getByLabel("Distances from the mask").fill("-2,0,1");
  await lesion.getByLabel("Random sets of each kind").selectOption("200");
  await visitor.button("Tiếng Việt").click();
  await page.locator("#share").getByRole("button", { name: "Chép liên kết" }).click();
  const copied = await page.waitForFunction(() => navigator.clipboard.readText());
  const link = await copied.jsonValue();

  const other = await Visitor.start(t, host.address);
  await other.newPage();
  await other.page.goto(link);
  await other.page.waitForSelector("#sentence [role=alert], #sentence table");
  assert.match(await other.page.innerText("h1"), /nơ-ron/);
  assert.equal(await other.page.inputValue("#sentence textarea"), SENTENCE);
  assert.equal(await other.page.inputValue("#sentence input"), "him, her,日本");
  assert.equal(await other.page.inputValue("#lesioned-neurons"), NEURONS);
  assert.equal(await other.page.inputValue("#contrast textarea >> nth=0"), text);
  assert.equal(await other.page.inputValue("#contrast select >> nth=1"), "holm");
  assert.equal(await other.page.isChecked("#neurons input[type=radio][value='2']"), true);
  const chosen = await other.page
    .locator("#lesion :is(input, select)")
    .evaluateAll((fields) =>
      fields.filter((field) => field.type !== "checkbox").map((field) => field.value),
    );
  assert.deepEqual(chosen, ["scale", "0.25", "pre", "offsets", "-2,0,1", "200"]);
  other.complain();
});

test("a link that was cut or changed opens the page all the same", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  for (const fragment of [
    "#sentence=%",
    "#utm_source=elsewhere",
    "#lang=toString",
    "#study=eJw",
    "#sentence=[MASK]&sets=1e9&layer=-1&neuron=x",
  ]) {
    await visitor.page.close();
    await visitor.newPage();
    await visitor.page.goto(host.address + fragment);
    await visitor.page.waitForSelector("#neurons canvas");
    const isDamaged = fragment.includes("study=");
    const notes = await visitor.page.locator("header").getByText("The link was cut").count();
    assert.equal(notes, isDamaged ? 1 : 0, fragment);
  }
  visitor.complain();
});
