// Random clicks for a while: no errors, and no memory that grows without bound. LESION_LAB_MINUTES is how
// long, and 0 leaves them out; LESION_LAB_SEED decides which clicks.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "./static-host.js";
import { Visitor } from "./visitor.js";

const FOLDER = process.env.LESION_LAB ?? fileURLToPath(new URL("../dist", import.meta.url));
const MINUTES = Number(process.env.LESION_LAB_MINUTES ?? 1);
const SEED = Number(process.env.LESION_LAB_SEED ?? 1);

/** Most bytes that the page's scripts may keep beyond those after the first prediction. */
const GROWTH = 64e6;

/**
 * Most bytes that the process of the page may take beyond those, with the engine's memory, which never
 * shrinks: a study and large comparisons take more of it than a prediction, but not more and more.
 */
const PROCESS_GROWTH = 512e6;

/** Everything that can be clicked, but a folder picker, which waits for a person. */
const CLICKABLE =
  ":is(header, main, .tour) :is(button, summary, input[type=radio], input[type=checkbox], canvas)";
const PICKER = /Open a|Mở một/;

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

/** The memory of the largest process of the browser, which is that of the page and its engine. */
async function processBytes(visitor) {
  const session = await visitor.browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const sizes = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => resident(id));
  return Math.max(...sizes);
}

/** Bytes of a process that are in memory, on Linux. */
function resident(id) {
  const status = readFileSync(`/proc/${id}/status`, "utf8");
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
}

test("random clicks", { skip: MINUTES === 0 }, async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  const random = randomNumbers(SEED);
  const before = await usedBytes(visitor);
  const processBefore = await processBytes(visitor);
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
  const processGrowth = (await processBytes(visitor)) - processBefore;
  const inMegabytes = [growth, processGrowth].map((bytes) => (bytes / 1e6).toFixed(1));
  t.diagnostic(
    `${clicks} clicks, ${inMegabytes[0]} MB more in scripts, ${inMegabytes[1]} in the process`,
  );
  assert.ok(growth < GROWTH, `the page keeps ${growth} bytes more after ${clicks} clicks`);
  assert.ok(processGrowth < PROCESS_GROWTH, `the process takes ${processGrowth} bytes more`);
  visitor.complain();
});
