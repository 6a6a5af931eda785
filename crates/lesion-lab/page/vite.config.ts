import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { offlineFiles } from "./build/offline-files.ts";
import { reportPalette } from "./build/report-palette.ts";

export default defineConfig({
  // Relative addresses, so that the page works in any folder of any static host.
  base: "./",
  plugins: [svelte(), reportPalette(), offlineFiles()],
  worker: { format: "es" },
  // The report's style and palette are beside this folder.
  server: { fs: { allow: [".."] } },
  build: {
    target: "es2022",
    license: { fileName: "licences.md" },
    rolldownOptions: {
      input: { page: "index.html", "service-worker": "src/service-worker.ts" },
      output: {
        entryFileNames: (chunk) =>
          chunk.name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js",
      },
    },
  },
});
