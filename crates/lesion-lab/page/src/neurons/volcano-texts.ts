import type { VolcanoTexts } from "../charts/volcano.ts";
import { say } from "../texts/language.svelte.ts";

/** The titles of a volcano's axes, for the labels of a contrast. */
export function volcanoTexts([first, second]: [string, string]): VolcanoTexts {
  return { across: say("volcano.across", { first, second }), up: say("volcano.up") };
}
