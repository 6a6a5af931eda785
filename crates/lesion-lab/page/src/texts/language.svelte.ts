import { TEXTS, type Places, type TextKey } from "./table.ts";

export const LANGUAGES = { en: "English", vi: "Tiếng Việt" } as const;
export type Language = keyof typeof LANGUAGES;

/** Where the browser keeps the chosen language. */
const STORED = "lesion-lab-language";

/** A language by its code; null if the page is not in it. */
export function languageOf(code: string): Language | null {
  return Object.hasOwn(LANGUAGES, code) ? (code as Language) : null;
}

function firstLanguage(): Language {
  const code = storedLanguage() ?? navigator.language;
  return languageOf(code.split("-")[0] ?? "") ?? "en";
}

/** The browser may forbid the page to keep anything. */
function storedLanguage(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

const chosen: { language: Language } = $state({ language: firstLanguage() });

export function language(): Language {
  return chosen.language;
}

/** Changes the language for this visit. */
export function speak(language: Language): void {
  chosen.language = language;
}

/** Changes the language, also for the next visits. */
export function chooseLanguage(language: Language): void {
  speak(language);
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // The next visit begins with the browser's language.
  }
}

/** The arguments of a text: none if it has no places to fill. */
type Arguments<K extends TextKey> =
  Places<K> extends never ? [] : [values: Record<Places<K>, string | number>];

/** `{name}`, or `{name|neuron|neurons}` for a number with its noun. */
const PLACE = /\{(\w+)(?:\|([^|}]*))?(?:\|([^}]*))?\}/g;

/** A text of the table in the chosen language. */
export function say<K extends TextKey>(key: K, ...[values]: Arguments<K>): string {
  const given: Record<string, string | number> = values ?? {};
  return TEXTS[key][chosen.language].replace(
    PLACE,
    (_, name: string, one?: string, many?: string) => {
      const value = given[name] ?? "";
      const text = typeof value === "number" ? count(value) : value;
      if (one === undefined) return text;
      return `${text} ${value === 1 ? one : (many ?? one)}`;
    },
  );
}

/** Kinds of models that some texts differ for. */
export type ModelKind = "masked" | "decoder" | "letters";

/** A text in its variant for a kind of model, if the table has one. */
export function sayOf<K extends TextKey>(kind: ModelKind, key: K, ...values: Arguments<K>): string {
  const variant = `${key}.${kind}`;
  return say(variant in TEXTS ? (variant as K) : key, ...values);
}

/** A whole number. */
export function count(value: number): string {
  return new Intl.NumberFormat(chosen.language, { maximumFractionDigits: 0 }).format(value);
}

/** A number with this many digits after the point. */
export function fixed(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const format = new Intl.NumberFormat(chosen.language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  // A value that rounds to zero has no sign.
  return format.format(Math.abs(value) < 0.5 / 10 ** digits ? 0 : value);
}

/** A change of logits below this is not told by its size. */
export const TINY = 0.01;

export function isTiny(change: number): boolean {
  return Math.abs(change) < TINY;
}

/** A number with this many digits that count, and its sign. */
export function signed(value: number, digits = 2): string {
  const format = new Intl.NumberFormat(chosen.language, {
    maximumSignificantDigits: digits,
    signDisplay: "exceptZero",
  });
  return format.format(value);
}

/** A probability: four digits, or one significant digit if it is small. */
export function probability(value: number): string {
  return value >= 0.001 || value === 0 ? fixed(value, 4) : value.toExponential(0);
}

/** A share, as a percentage. */
export function percent(value: number): string {
  return new Intl.NumberFormat(chosen.language, { style: "percent" }).format(value);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** A size in bytes, in its largest unit. */
export function bytes(value: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(value) / 3)));
  const format = new Intl.NumberFormat(chosen.language, {
    style: "unit",
    unit: UNITS[power] ?? "byte",
    maximumFractionDigits: power === UNITS.length - 1 ? 1 : 0,
  });
  return format.format(value / 1000 ** power);
}

/** The name of a stage of the engine's work; parts of a study have their own. */
export function stageName(stage: string): string {
  for (const key of [`stage.${stage}`, `study.${stage}`]) {
    if (key in TEXTS) return TEXTS[key as TextKey][chosen.language];
  }
  return stage;
}
