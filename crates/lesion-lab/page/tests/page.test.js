// The page in a real browser, served from a folder of a static host: `npm test`, after `npm run build`.
// LESION_LAB names another folder of the built page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { strFromU8, unzipSync } from "fflate";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "./static-host.js";
import { Visitor } from "./visitor.js";

const FOLDER = process.env.LESION_LAB ?? fileURLToPath(new URL("../dist", import.meta.url));

/** Milliseconds for a comparison or a study on a busy machine. */
const LONG = 300_000;

let host;

before(async () => {
  host = await serve(FOLDER);
});

after(() => host.close());

test("from the first load to a downloaded study", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  assert.match(await page.locator("#sentence").innerText(), /\[MASK\]/);

  await visitor.lesion("5:her");
  const [, , , , , drop] = await visitor.row("her");
  assert.ok(Number(drop) > 0, `the logit of "her" falls, not ${drop}`);

  await page.locator("#neurons th button").first().click();
  await page.locator("#neurons article figure svg").waitFor();
  assert.match(await page.locator("#neurons article").innerText(), /Its lesion by itself/);

  await page.getByText("These p rest on 100 random sets").waitFor({ timeout: LONG });

  const zip = unzipSync(await visitor.download(visitor.button("Download study")));
  assert.deepEqual(Object.keys(zip).sort(), [
    "neuron_sets.json",
    "pairs.txt",
    "prompts.txt",
    "study.toml",
  ]);
  assert.match(strFromU8(zip["study.toml"]), /neuron_sets\.json/);
  visitor.complain();
});

test("another contrast selects other neurons", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  await page
    .locator("#contrast")
    .getByRole("button", { name: /is.*are/ })
    .click();
  await visitor.button("Select neurons").click();
  await page.locator("#contrast th", { hasText: /^are$/ }).waitFor({ timeout: LONG });
  await visitor.button("Strongest are").click();
  await page.waitForSelector(".outcome");
  visitor.complain();
});

test("all layers side by side show their neurons, and are saved as one figure", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  await page.getByLabel("All layers side by side").check();
  const canvases = page.locator("#neurons canvas");
  await canvases.nth(5).waitFor();
  await page.waitForFunction(() =>
    Array.from(document.querySelectorAll("#neurons canvas")).every((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      // Labels have colours; axes and grids are grey.
      let coloured = 0;
      for (let place = 0; place < data.length; place += 4) {
        const [red, green, blue] = data.subarray(place, place + 3);
        if (Math.max(red, green, blue) - Math.min(red, green, blue) > 60) coloured += 1;
      }
      return coloured > 100;
    }),
  );
  const figure = page.locator("#neurons figure").first();
  const svg = strFromU8(await visitor.download(figure.getByText("Save as SVG")));
  for (const layer of [0, 1, 2, 3, 4, 5]) assert.ok(svg.includes(`>Layer ${layer}<`), svg);
  const neurons = Number(/layers of ([\d,]+)/.exec(await page.innerText("header"))[1]);
  assert.equal(svg.match(/<circle/g).length, 6 * neurons, "a dot for each neuron");
  const png = await visitor.download(figure.getByText("Save as PNG"));
  assert.equal(strFromU8(png.subarray(1, 4)), "PNG");
  visitor.complain();
});

test("a picture is saved under the name of what it shows", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    // Another layer is chosen, and has to be read, while the picture is drawn.
    page.evaluate(() => {
      const buttons = Array.from(document.querySelectorAll("#neurons figure button"));
      buttons.find((button) => button.textContent.includes("PNG")).click();
      document.querySelector("#neurons input[type=radio][value='0']").click();
    }),
  ]);
  const chosen = await page.locator("#neurons label.chosen").innerText();
  assert.equal(chosen, "0");
  assert.match(download.suggestedFilename(), /^volcano-layer-[1-9]\d*\.png$/);
  visitor.complain();
});

test("a study runs in the page, and is shown with its figures, tables and report", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const study = visitor.page.locator("#study");
  await visitor.button("Run the study").click();
  await study.locator("figure svg").first().waitFor({ timeout: LONG });
  await study.locator("select").last().selectOption("profile.csv");
  await study.getByRole("columnheader", { name: "margin_drop", exact: true }).waitFor();
  await study.getByText("The whole report").click();
  const report = study.frameLocator("iframe");
  await report.getByRole("heading", { level: 1 }).waitFor();
  const contents = report.locator("a[href^='#']");
  await contents.last().click();
  await report.locator(":target").waitFor();
  assert.equal(
    await contents.count(),
    await report.locator("a[href]").count(),
    "links to sections",
  );
  visitor.complain();
});

test("a saved study is opened again, and its figures are saved", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const study = visitor.page.locator("#study");
  await study.getByLabel("Layers and dissociation").uncheck();
  await visitor.button("Run the study").click();
  await study.locator("figure svg").first().waitFor({ timeout: LONG });

  const svg = await visitor.download(study.getByRole("button", { name: "Save as SVG" }).first());
  assert.match(strFromU8(svg), /^<svg/);
  const png = await visitor.download(study.getByRole("button", { name: "Save as PNG" }).first());
  assert.equal(strFromU8(png.subarray(1, 4)), "PNG");

  const folder = await mkdtemp(join(tmpdir(), "study-"));
  t.after(() => rm(folder, { recursive: true }));
  await visitor.unpack(await visitor.download(study.getByText("Save all files as ZIP")), folder);
  const summary = await study.locator(".finding").innerText();
  await visitor.open("");
  await visitor.page.locator("#share input[type=file]").setInputFiles(folder);
  await visitor.page.locator("#study .finding").waitFor({ timeout: LONG });
  assert.equal(await visitor.page.locator("#study .finding").innerText(), summary);
  visitor.complain();
});

test("the first load is cancelled, and begins again", async (t) => {
  const visitor = await Visitor.start(t, host.address);
  let isHeld = true;
  await visitor.context.route("**/model.safetensors", async (route) => {
    if (!isHeld) await route.continue();
  });
  const page = await visitor.newPage();
  await page.goto(`${host.address}#sentence=She+thanked+[MASK].&words=her,him&neurons=5:her`);
  const header = page.locator("header");
  await header.getByRole("button", { name: "Cancel" }).click();
  await header.getByText("Stopped.").waitFor();
  isHeld = false;
  await header.getByRole("button", { name: "Start again" }).click();
  await page.locator(".outcome", { hasText: "layer 5" }).waitFor();
  assert.equal(await page.inputValue("#sentence textarea"), "She thanked [MASK].");
  visitor.complain();
});

test("a selection is cancelled, and the one before stays until another is made", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const contrast = visitor.page.locator("#contrast");
  const changed = contrast.getByText("Changed since the last selection.");
  const before = await visitor.page.innerText("#contrast table");
  await contrast.getByRole("group").getByRole("button").nth(1).click();
  await visitor.button("Select neurons").click();
  // The check of the texts may be cancelled too.
  await contrast.getByRole("button", { name: "Cancel" }).last().click();
  await contrast.getByText("Stopped.").waitFor();
  await changed.waitFor();
  assert.equal(await visitor.page.innerText("#contrast table"), before);
  // The engine has to be started again, with its model and that selection.
  await visitor.lesion("5:her");
  await contrast.getByRole("button", { name: "Start again" }).click();
  await changed.waitFor({ state: "detached" });
  assert.notEqual(await visitor.page.innerText("#contrast table"), before);
  visitor.complain();
});

test("a study outlives the engine that ran it", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const study = visitor.page.locator("#study");
  const contrast = visitor.page.locator("#contrast");
  await study.getByLabel("Layers and dissociation").uncheck();
  await visitor.button("Run the study").click();
  await study.locator("figure svg").first().waitFor({ timeout: LONG });
  await study.locator("select").last().selectOption("lesions.csv");
  const table = study.locator("table");
  await table.waitFor();
  const before = await table.innerText();
  await study.locator("select").last().selectOption("neurons.csv");
  await study.getByRole("columnheader", { name: "effect_low", exact: true }).waitFor();

  await visitor.button("Select neurons").click();
  await contrast.getByRole("button", { name: "Cancel" }).last().click();
  await contrast.getByText("Stopped.").waitFor();
  await study.locator("select").last().selectOption("lesions.csv");
  await study.getByRole("columnheader", { name: "logit_drop", exact: true }).waitFor();
  assert.equal(await table.innerText(), before);
  visitor.complain();
});

test("a comparison is cancelled, and the page goes on", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  const lesion = page.locator("#lesion");
  await lesion.getByLabel("Random sets of each kind").selectOption("500");
  // In the lowest layer a comparison takes longest.
  await visitor.lesion("0:her");
  await lesion.getByRole("button", { name: "Cancel" }).click();
  await lesion.getByRole("button", { name: "Cancel" }).waitFor({ state: "detached" });
  await lesion.getByText(/These p rest on \d{1,3} random sets/).waitFor();
  await visitor.lesion("5:him");
  await page.locator(".outcome", { hasText: "layer 5" }).waitFor();
  visitor.complain();
});

test("a question that cannot be sent is an error, and the page goes on", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  await visitor.page.evaluate(() => {
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function () {
      Worker.prototype.postMessage = postMessage;
      structuredClone(() => undefined);
    };
  });
  await visitor.page.fill("#lesioned-neurons", "5:him");
  await visitor.page.getByRole("alert").getByText("the engine cannot be asked").waitFor();
  await visitor.lesion("5:her");
  visitor.complain();
});

test("a lesion of every neuron of a layer says why there are no random sets", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  await visitor.lesion("5:all");
  const reason = visitor.page.locator("#lesion").getByText("takes every neuron of its layers");
  await reason.waitFor();
  assert.equal(await reason.count(), 1);
  assert.equal(await visitor.page.locator("#lesion figure").count(), 0);
  visitor.complain();
});

test("spaces in the list of neurons do not matter, also without a mask", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  await page.fill("#sentence textarea", "She thanked him.");
  await page.fill("#lesioned-neurons", "4 : 5, 6  5:0 - 9");
  await page.locator("#neurons fieldset label").nth(4).click();
  await page.getByLabel("Neuron", { exact: true }).fill("6");
  await visitor.button("Look at it").click();
  await visitor.button("Take out of the lesion").click();
  assert.equal(await page.inputValue("#lesioned-neurons"), "4:5 5:0-9");
  visitor.complain();
});

test("a number of neurons that a layer does not have is refused in words", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { page } = visitor;
  const range = page.getByText("a whole number from 1 to 768");
  for (const count of ["0", "-5", "1.5", "", "769"]) {
    await page.getByLabel("How many", { exact: true }).fill(count);
    await range.waitFor();
    assert.ok(await visitor.button("Strongest her").isDisabled(), count);
  }
  await page.getByLabel("How many", { exact: true }).fill("768");
  await range.waitFor({ state: "detached" });
  await visitor.button("Strongest her").click();
  await page.waitForSelector(".outcome");
  visitor.complain();
});

test("a mistake is one line in the page", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  await visitor.page.fill("#lesioned-neurons", "9:her");
  const alert = visitor.page.locator("#sentence [role=alert]");
  await alert.waitFor();
  assert.ok(!(await alert.innerText()).includes("\n"));
  await visitor.page.fill("#lesioned-neurons", "5:her");
  await alert.waitFor({ state: "detached" });
  visitor.complain();
});

test("the tour is walked by keyboard alone", async (t) => {
  const visitor = await Visitor.arrive(t, host.address);
  const { keyboard } = visitor.page;
  await visitor.button("Take the tour").focus();
  await keyboard.press("Enter");
  const tour = visitor.page.getByRole("dialog");
  for (const step of [1, 2, 3, 4, 5]) {
    await tour.getByText(`Step ${step} of 5`).waitFor();
    if (step === 5) break;
    await tour.getByRole("button", { name: "Next" }).focus();
    await keyboard.press("Enter");
  }
  await keyboard.press("Escape");
  await tour.waitFor({ state: "detached" });
  const focused = await visitor.page.evaluate(() => document.activeElement.textContent);
  assert.equal(focused, "Take the tour", "the keyboard goes on where the tour began");
  visitor.complain();
});

test("Vietnamese browsers get Vietnamese texts, and the page fits a phone", async (t) => {
  const visitor = await Visitor.arrive(t, host.address, {
    locale: "vi-VN",
    viewport: { width: 360, height: 740 },
    isMobile: true,
    hasTouch: true,
  });
  await visitor.lesion("5:her");
  assert.match(await visitor.page.innerText("h1"), /nơ-ron/);
  const width = await visitor.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 360, `the page is ${width} pixels wide`);
  visitor.complain();
});
