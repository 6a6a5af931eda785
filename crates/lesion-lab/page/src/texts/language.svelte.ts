import { TEXTS, type Places, type TextKey } from "./table.ts";

export const LANGUAGES = { en: "English", vi: "Tiếng Việt" } as const;
export type Language = keyof typeof LANGUAGES;

/** Where the browser keeps the chosen language. */
const STORED = "lesion-lab-language";

function firstLanguage(): Language {
  const known = localStorage.getItem(STORED) ?? navigator.language;
  return known.startsWith("vi") ? "vi" : "en";
}

const chosen: { language: Language } = $state({ language: firstLanguage() });

export function language(): Language {
  return chosen.language;
}

export function chooseLanguage(language: Language): void {
  chosen.language = language;
  localStorage.setItem(STORED, language);
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
