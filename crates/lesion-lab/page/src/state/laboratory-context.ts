import { createContext } from "svelte";
import type { Laboratory } from "./laboratory.svelte.ts";

/** The page's one laboratory, for every component below `App`. */
export const [useLaboratory, provideLaboratory] = createContext<Laboratory>();
