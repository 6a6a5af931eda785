import type { Engine, Example, ParsedTexts, SettingTexts, StudyTexts } from "../engine/protocol.ts";
import { NewestOnly, Task } from "./task.svelte.ts";

/** Texts with settings, as the engine takes them. */
export interface ContrastQuestion {
  texts: Required<StudyTexts>;
  settings: SettingTexts;
}

/** The pairs, prompts and settings that the user edits, and those that neurons were selected on. */
export class Contrast {
  pairs = $state("");
  prompts = $state("");
  settings: SettingTexts = $state({});
  /** The texts and settings of the current selection. */
  applied: ContrastQuestion | null = $state.raw(null);
  parsed: ParsedTexts | null = $state.raw(null);

  readonly parsing = new Task();
  readonly #newest = new NewestOnly();

  constructor(readonly engine: Engine) {}

  get question(): ContrastQuestion {
    const texts = { pairs: this.pairs, prompts: this.prompts };
    return { texts, settings: { ...this.settings } };
  }

  /** Whether the user changed something since neurons were selected. */
  get isChanged(): boolean {
    return JSON.stringify(this.applied) !== JSON.stringify(this.question);
  }

  /** Whether texts and settings are those of an example. */
  is({ texts, settings }: Example): boolean {
    const { pairs, prompts } = texts;
    return (
      JSON.stringify(this.question) === JSON.stringify({ texts: { pairs, prompts }, settings })
    );
  }

  take({ texts, settings }: Pick<Example, "texts" | "settings">): void {
    this.pairs = texts.pairs;
    this.prompts = texts.prompts;
    this.settings = { ...settings };
  }

  setting(key: string): string | undefined {
    return this.settings[key];
  }

  /** Sets a setting; an empty text is its default. */
  set(key: string, value: string): void {
    const others = Object.entries(this.settings).filter(([other]) => other !== key);
    const own: [string, string][] = value === "" ? [] : [[key, value]];
    this.settings = Object.fromEntries([...others, ...own]);
  }

  /** Checks the texts line by line. */
  async parse(): Promise<void> {
    await this.#newest.run(async () => {
      const question = this.question;
      const parsed = await this.parsing.run((options) =>
        this.engine.ask("parse", question, options),
      );
      this.parsed = parsed ?? null;
    });
  }
}
