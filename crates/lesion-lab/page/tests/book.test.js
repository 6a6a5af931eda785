// The laboratory as a chapter of the book, on a static host. `cargo xtask book` builds both; LESION_BOOK names
// another folder. Without a book the test is left out.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "./static-host.js";
import { Visitor } from "./visitor.js";

const BUILT = fileURLToPath(new URL("../../../../target/book", import.meta.url));
const BOOK = process.env.LESION_BOOK ?? BUILT;
const isAbsent = !process.env.LESION_BOOK && !existsSync(join(BOOK, "lab/index.html"));

test("the chapter predicts", { skip: isAbsent && `there is no ${BOOK}` }, async (t) => {
  const host = await serve(BOOK);
  t.after(() => host.close());
  const visitor = await Visitor.start(t, host.address);
  const page = await visitor.newPage();
  await page.goto(`${host.address}laboratory.html`);
  await page.locator("iframe").scrollIntoViewIfNeeded();
  const laboratory = page.frameLocator("iframe");
  await laboratory.locator("#sentence tbody tr").first().waitFor();
  await laboratory.locator("#lesioned-neurons").fill("5:her");
  await laboratory.locator(".outcome").waitFor();

  await page.getByRole("link", { name: "in a window of its own" }).click();
  await page.locator("#sentence tbody tr").first().waitFor();
  assert.ok(new URL(page.url()).pathname.endsWith("/lab/index.html"));
  visitor.complain();
});
