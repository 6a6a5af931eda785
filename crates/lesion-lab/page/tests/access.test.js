// The page without a mouse or without sight: rules for screen readers and contrast, keyboard, and touch.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "./static-host.js";
import { Visitor } from "./visitor.js";

const PAGE = process.env.LESION_LAB ?? fileURLToPath(new URL("../dist", import.meta.url));
const AXE = createRequire(import.meta.url).resolve("axe-core");

/** Milliseconds for a comparison or a study on a busy machine. */
const LONG = 300_000;

let host;

before(async () => {
  host = await serve(PAGE);
});

after(() => host.close());

/** Checks the page as it is with the rules of axe-core, without those of the report's own page. */
async function assertAccessible(visitor, state) {
  await visitor.page.evaluate(await readFile(AXE, "utf8"));
  const { violations } = await visitor.page.evaluate(() => window.axe.run({ exclude: ["iframe"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html)}`);
  assert.deepEqual(found, [], state);
}

/** Shows as much of the page as there is. */
async function showEverything(visitor) {
  const { page } = visitor;
  await visitor.lesion("5:her");
  await page.locator("#neurons th button").first().click();
  await page.locator("#neurons article figure svg").waitFor();
  await page.getByText("Layers and dissociation, with").click();
  await visitor.button("Run the study").click();
  await page.locator("#study figure svg").first().waitFor({ timeout: LONG });
  await page.locator("#study select").last().selectOption("dose.csv");
  await page.locator("#study .table").waitFor();
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe-core finds nothing on a ${colorScheme} page`, async (t) => {
    const visitor = await Visitor.arrive(t, host.address, { colorScheme });
    await assertAccessible(visitor, "at first");
    await showEverything(visitor);
    await assertAccessible(visitor, "with everything shown");
    await visitor.page.getByLabel("All layers side by side").check();
    await visitor.page.locator("#neurons canvas").nth(5).waitFor();
    await visitor.button("Take the tour").click();
    await visitor.page.fill("#lesioned-neurons", "9:her");
    await visitor.page.locator("#sentence [role=alert]").waitFor();
    await assertAccessible(visitor, "with all layers, the tour and an error");
    visitor.complain();
  });
}

test("a neuron is chosen and lesioned by keyboard", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  const volcano = page.locator("#neurons [role=slider]");
  await volcano.focus();
  await page.keyboard.press("End");
  const title = page.locator("#neurons article h3");
  await title.getByText(/Neuron \d+ of layer 5/).waitFor();
  const last = await title.innerText();
  await page.keyboard.press("ArrowLeft");
  await title
    .getByText(/Neuron \d+ of layer 5/)
    .filter({ hasNotText: last })
    .waitFor();
  const [number] = /\d+/.exec(await title.innerText());
  assert.equal(await volcano.getAttribute("aria-valuetext"), `Neuron ${number}`);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".outcome");
  assert.equal(await page.inputValue("#lesioned-neurons"), `5:${number}`);
  visitor.complain();
});

test("a finger marks neurons sideways, and scrolls up and down", async (t) => {
  const visitor = await Visitor.arrive(t, host.address, {
    viewport: { width: 390, height: 844 },
    isMobile: true,
    hasTouch: true,
  });
  const { page } = visitor;
  await page.locator("#neurons canvas").scrollIntoViewIfNeeded();
  const box = await page.locator("#neurons .u-over").boundingBox();
  const session = await visitor.context.newCDPSession(page);
  const draw = async (from, to) => {
    const point = ([across, up]) => ({ x: box.x + across * box.width, y: box.y + up * box.height });
    await session.send("Input.dispatchTouchEvent", {
      type: "touchStart",
      touchPoints: [point(from)],
    });
    for (const share of [0.1, 0.3, 0.6, 1]) {
      const place = from.map((start, axis) => start + share * (to[axis] - start));
      await session.send("Input.dispatchTouchEvent", {
        type: "touchMove",
        touchPoints: [point(place)],
      });
    }
    await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  };
  await draw([0.05, 0.02], [0.45, 0.2]);
  await page.waitForSelector(".outcome");
  const lesioned = await page.inputValue("#lesioned-neurons");
  assert.match(lesioned, /^5:\d+[,-]/);

  const before = await page.evaluate(() => window.scrollY);
  await draw([0.5, 0.6], [0.52, 0.1]);
  await page.waitForFunction((before) => window.scrollY !== before, before);
  assert.equal(await page.inputValue("#lesioned-neurons"), lesioned);
  visitor.complain();
});
