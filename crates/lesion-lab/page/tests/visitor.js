// Somebody who visits the page with a real browser, and notes what goes wrong.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** The Chromium of this machine. */
function findBrowser() {
  for (const name of NAMES) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // Another name may be there.
    }
  }
  throw new Error("no browser: install Debian's package `chromium`");
}

/** Milliseconds for anything that a test waits for, on a machine that does much else. */
export const PATIENCE = 300_000;

export class Visitor {
  /** Errors of the console and of the page's scripts. */
  errors = [];
  /** Addresses of other hosts that the page asked for something. */
  strangers = [];

  /**
   * Opens the page in a browser of its own, which is closed when the test ends.
   *
   * @param {import("node:test").TestContext} test
   * @param {string} address of the page
   * @param {{ args?: string[] }} options of the browser and of its window
   */
  static async arrive(test, address, options) {
    const visitor = await Visitor.start(test, address, options);
    await visitor.open("");
    return visitor;
  }

  /**
   * Starts the browser without opening the page.
   *
   * @param {import("node:test").TestContext} test
   * @param {string} address of the page
   * @param {{ args?: string[] }} options of the browser and of its window
   */
  static async start(test, address, { args = [], ...options } = {}) {
    const visitor = new Visitor();
    visitor.address = address;
    visitor.browser = await chromium.launch({
      executablePath: findBrowser(),
      args: ["--no-sandbox", ...args],
    });
    test.after(() => visitor.browser.close());
    visitor.context = await visitor.browser.newContext(options);
    visitor.context.setDefaultTimeout(PATIENCE);
    visitor.context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      const isOwn = origin === new URL(address).origin || ["blob:", "data:"].includes(protocol);
      if (!isOwn) visitor.strangers.push(request.url());
    });
    return visitor;
  }

  /** A new tab, whose errors are noted. */
  async newPage() {
    this.page = await this.context.newPage();
    this.page.on("pageerror", (error) => this.errors.push(error.stack ?? error.message));
    this.page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
    return this.page;
  }

  /** Opens the page in a new tab, with a part of the address after `#`. */
  async open(fragment) {
    await this.newPage();
    await this.page.goto(this.address + fragment);
    await this.page.waitForSelector("#sentence table");
    await this.page.waitForSelector("#neurons canvas");
  }

  button(name) {
    return this.page.getByRole("button", { name });
  }

  /** Clicks something that saves a file, and reads the file. */
  async download(button) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), button.click()]);
    return new Uint8Array(await readFile(await download.path()));
  }

  /** Unpacks the bytes of a ZIP file into a folder. */
  async unpack(zip, folder) {
    for (const [name, content] of Object.entries(unzipSync(zip))) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
  }

  /** The row of a word in the table of predictions, as numbers and texts. */
  async row(word) {
    const cells = this.page.locator("#sentence tbody tr", {
      has: this.page.getByRole("rowheader", { name: word, exact: true }),
    });
    return cells.locator("td:not(.bars)").allInnerTexts();
  }

  /** The numbers of a word in the table of predictions, in full. */
  async numbers(word) {
    const row = this.page.locator("#sentence tbody tr", {
      has: this.page.getByRole("rowheader", { name: word, exact: true }),
    });
    const cells = await row.locator("[data-value]").all();
    return Promise.all(cells.map(async (cell) => Number(await cell.getAttribute("data-value"))));
  }

  /** Waits until the table of predictions has these numbers of each word, to a tolerance. */
  async waitForNumbers(expected, tolerance) {
    let found = new Map();
    const isClose = (word, values) =>
      values.length === found.get(word)?.length &&
      values.every((value, index) => Math.abs(value - found.get(word)[index]) <= tolerance);
    for (const end = performance.now() + PATIENCE; performance.now() < end;) {
      const words = [...expected.keys()];
      found = new Map(await Promise.all(words.map(async (w) => [w, await this.numbers(w)])));
      if (words.every((word) => isClose(word, expected.get(word)))) return;
    }
    assert.deepEqual(found, expected, "the table of predictions");
  }

  /** Lesions neurons, and waits for the prediction. */
  async lesion(neurons) {
    await this.page.fill("#lesioned-neurons", neurons);
    await this.page.waitForSelector(".outcome");
  }

  /** Lets the page ask other hosts for addresses of this kind. */
  allows(addresses) {
    this.allowed = addresses;
  }

  /** Complains about what went wrong during the visit. */
  complain() {
    assert.deepEqual(this.errors, [], "errors in the console");
    const strangers = this.strangers.filter((address) => !this.allowed?.test(address));
    assert.deepEqual(strangers, [], "requests to other hosts");
  }

  /** Complains, but not of errors that the browser prints because of what the test does. */
  complainBut(expected) {
    this.errors = this.errors.filter((error) => !expected.test(error));
    this.complain();
  }
}
