// A stand-in for the Hugging Face hub on this machine, as the browser sees it: HTTPS under the hub's own
// names, a list of files with sizes and hashes, and weights that are redirected to another host.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

const HUB = "huggingface.co";
const STORAGE = "cdn-lfs.hf.co";
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** Files that the hub keeps elsewhere. */
const LARGE = /\.(safetensors|bin)$/;

/** Milliseconds between the pieces of a slow file. */
const PAUSE = 150;

export class StandInHub {
  /** The addresses that were asked for. */
  asked = [];

  /** @param {string} folder a checkpoint, which each model of this hub has the files of */
  constructor(folder) {
    this.files = new Map();
    for (const name of readdirSync(folder)) this.files.set(name, readFileSync(join(folder, name)));
  }

  async start() {
    this.server = createServer(certificate(), (request, response) => {
      this.asked.push(`https://${request.headers.host}${request.url}`);
      this.answer(new URL(request.url, `https://${request.headers.host}`), response);
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  /** What lets Chromium take this server for the hub. */
  get browserArguments() {
    const place = `127.0.0.1:${this.server.address().port}`;
    const rules = [HUB, STORAGE].map((host) => `MAP ${host} ${place}`).join(",");
    return [`--host-resolver-rules=${rules}`, "--ignore-certificate-errors"];
  }

  answer(address, response) {
    const [, ...path] = address.pathname.split("/");
    response.setHeader("access-control-allow-origin", "*");
    if (address.hostname === STORAGE) this.sendLarge(path[1], path[2], response);
    else if (path[0] === "api") this.list(path[3], response);
    else this.sendOrRedirect(path[1], path.slice(4).join("/"), response);
  }

  list(model, response) {
    const refusals = { private: 401, renamed: 404, broken: 500 };
    if (refusals[model]) {
      response.writeHead(refusals[model]).end();
      return;
    }
    const siblings = [...this.files].map(([rfilename, bytes]) => {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const file = { rfilename, size: bytes.length };
      return LARGE.test(rfilename) ? { ...file, lfs: { sha256, size: bytes.length } } : file;
    });
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ sha: COMMIT, siblings }));
  }

  sendOrRedirect(model, file, response) {
    if (model === "gated") {
      response.writeHead(403).end();
    } else if (LARGE.test(file)) {
      response.writeHead(302, { location: `https://${STORAGE}/files/${model}/${file}` }).end();
    } else {
      response.end(this.files.get(file));
    }
  }

  sendLarge(model, file, response) {
    const bytes = Buffer.from(this.files.get(file));
    if (model === "damaged") bytes[bytes.length - 1] ^= 1;
    if (model === "short") {
      response.end(bytes.subarray(1));
    } else if (model === "interrupted") {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 1000));
      setTimeout(() => response.destroy(), PAUSE);
    } else if (model === "slow") {
      response.writeHead(200, { "content-length": bytes.length });
      const send = (place) => {
        if (response.destroyed) return;
        response.write(bytes.subarray(place, place + 100));
        setTimeout(send, PAUSE, place + 100);
      };
      send(0);
    } else {
      response.end(bytes);
    }
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A new key, and a certificate that it signs itself. */
function certificate() {
  const folder = mkdtempSync(join(tmpdir(), "hub-"));
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  const kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${HUB}`];
  execFileSync("openssl", ["req", ...kind, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const read = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return read;
}
