// Random clicks for a while: no errors, and no memory that grows without bound. LESION_LAB_MINUTES is how
// long, LESION_LAB_SEED which clicks.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "./static-host.js";
import { Visitor } from "./visitor.js";

const FOLDER = process.env.LESION_LAB ?? fileURLToPath(new URL("../dist", import.meta.url));
const MINUTES = Number(process.env.LESION_LAB_MINUTES ?? 1);
const SEED = Number(process.env.LESION_LAB_SEED ?? 1);

/** Most bytes that the page's scripts may keep beyond those after the first prediction. */
const GROWTH = 64e6;

/** Everything that can be clicked, but a folder picker, which waits for a person. */
const CLICKABLE = "main :is(button, summary, input[type=radio], input[type=checkbox], canvas)";
const PICKER = /Open a/;

let host;

before(async () => {
  host = await serve(FOLDER);
});

after(() => host.close());

/** Numbers below 1 from a seed (Marsaglia's xorshift). */
function* randomNumbers(seed) {
  let state = seed;
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield (state >>> 0) / 2 ** 32;
  }
}

async function usedBytes(visitor) {
  const session = await visitor.context.newCDPSession(visitor.page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}

test("random clicks", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  const random = randomNumbers(SEED);
  const before = await usedBytes(visitor);
  const end = performance.now() + MINUTES * 60_000;
  let clicks = 0;
  while (performance.now() < end) {
    const things = await page.locator(CLICKABLE).all();
    const thing = things[Math.floor(random.next().value * things.length)];
    const text = await thing.innerText({ timeout: 1000 }).catch(() => "");
    if (PICKER.test(text)) continue;
    // Things may be disabled, or gone by now.
    await thing.click({ timeout: 1000, force: true }).catch(() => undefined);
    clicks += 1;
  }
  const growth = (await usedBytes(visitor)) - before;
  t.diagnostic(`${clicks} clicks, ${(growth / 1e6).toFixed(1)} MB more`);
  assert.ok(growth < GROWTH, `the page keeps ${growth} bytes more after ${clicks} clicks`);
  visitor.complain();
});
