import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** The texts in the service worker that the build replaces. */
const FILES_PLACE = "__OFFLINE_FILES__";
const VERSION_PLACE = "__OFFLINE_VERSION__";

/** Tells the service worker the address of every file of the page, and a hash of their contents. */
export function offlineFiles(): Plugin {
  let publicFolder = "";
  return {
    name: "offline-files",
    apply: "build",
    configResolved: (config) => {
      publicFolder = config.publicDir;
    },
    generateBundle: {
      // After Vite's own plugins, which add the page itself.
      order: "post",
      handler: (_options, bundle) => {
        const worker = bundle["service-worker.js"];
        if (worker?.type !== "chunk") throw new Error("the build has no service worker");
        const contents = new Map<string, string | Uint8Array>();
        for (const file of Object.values(bundle)) {
          if (file !== worker)
            contents.set(file.fileName, file.type === "chunk" ? file.code : file.source);
        }
        for (const path of filesBelow(publicFolder)) {
          contents.set(path, readFileSync(join(publicFolder, path)));
        }
        worker.code = worker.code
          .replace(FILES_PLACE, [...contents.keys()].join("|"))
          .replace(VERSION_PLACE, versionOf(contents));
      },
    },
  };
}

function filesBelow(folder: string): string[] {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return paths.filter((path) => statSync(join(folder, path)).isFile()).sort();
}

/** A hash of the names and contents of files. */
function versionOf(contents: Map<string, string | Uint8Array>): string {
  const hash = createHash("sha256");
  for (const [path, content] of contents) hash.update(path).update("\0").update(content);
  return hash.digest("hex").slice(0, 16);
}
