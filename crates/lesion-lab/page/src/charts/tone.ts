import { MediaQuery } from "svelte/reactivity";
import type { Tone } from "virtual:report-palette";

const darkPage = new MediaQuery("(prefers-color-scheme: dark)");

export function isDark(): boolean {
  return darkPage.current;
}

/** The colour on a canvas, which CSS does not reach. */
export function tone({ light, dark }: Tone): string {
  return darkPage.current ? dark : light;
}
