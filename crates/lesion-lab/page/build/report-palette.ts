import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** The one place where the colours of the report's drawings are written. */
const PALETTE = new URL("../../../study-report/src/drawing/palette.rs", import.meta.url);

const COLOURS = "virtual:report-palette";
const STYLE = "virtual:report-palette.css";

/** A line of the palette: `BLUE = 0x00_72_B2, 0x56_B4_E9;`. */
const TONE = /^\s*([A-Z]+) = 0x([0-9A-F_]+), 0x([0-9A-F_]+);$/gm;

interface Tone {
  name: string;
  light: string;
  dark: string;
}

/**
 * Gives the page the colours of the report's drawings: as a module, and as a style that replaces each
 * light colour of a drawing on a dark page, as the report does.
 */
export function reportPalette(): Plugin {
  return {
    name: "report-palette",
    resolveId: (id) => (id === COLOURS || id === STYLE ? `\0${id}` : undefined),
    load: (id) => {
      if (id === `\0${COLOURS}`) return colours();
      return id === `\0${STYLE}` ? style() : undefined;
    },
  };
}

function colours(): string {
  const entries = tones().map(({ name, light, dark }) => [name, { light, dark }]);
  return `export const PALETTE = ${JSON.stringify(Object.fromEntries(entries))};`;
}

function style(): string {
  const rules: string[] = [];
  for (const { light, dark } of tones()) {
    const tone = `light-dark(${light}, ${dark})`;
    rules.push(
      `svg [fill="${light}"] { fill: ${tone} }`,
      `svg [stroke="${light}"] { stroke: ${tone} }`,
    );
  }
  return rules.join("\n");
}

function tones(): Tone[] {
  const found: Tone[] = [];
  for (const [, name, light, dark] of readFileSync(PALETTE, "utf8").matchAll(TONE)) {
    if (name && light && dark) found.push({ name, light: hex(light), dark: hex(dark) });
  }
  if (found.length === 0) throw new Error(`no colours in ${PALETTE.pathname}`);
  return found;
}

function hex(literal: string): string {
  return `#${literal.replaceAll("_", "")}`;
}
