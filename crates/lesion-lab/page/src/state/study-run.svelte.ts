import type { Engine, FinishedStudy, NamedFile, StudyTable } from "../engine/protocol.ts";
import type { Contrast } from "./contrast.svelte.ts";
import { Task } from "./task.svelte.ts";
import { packFiles } from "./zip-files.ts";

/** A study that the page ran, or that was dropped on it. */
export class StudyRun {
  finished: FinishedStudy | null = $state.raw(null);
  table: StudyTable | null = $state.raw(null);
  readonly running = new Task();
  readonly reading = new Task();

  constructor(
    readonly engine: Engine,
    readonly contrast: Contrast,
  ) {}

  /** Runs some parts of the study of the contrast. */
  async run(parts: string[], sets: number): Promise<void> {
    const { texts, settings } = this.contrast.question;
    const question = { texts, settings: { ...settings, "controls.nulls": String(sets) }, parts };
    const finished = await this.running.run((options) => this.engine.ask("run", question, options));
    this.#show(finished);
    if (finished) await this.#keepFiles(finished);
  }

  /** Keeps the files, so that the study outlives the engine. Until then a cancel forgets it. */
  async #keepFiles({ files: names }: FinishedStudy): Promise<void> {
    const read = async (name: string): Promise<NamedFile> => {
      const bytes = await this.engine.ask("studyFile", { file: name });
      return { name, file: new Blob([bytes as BlobPart]) };
    };
    try {
      // All are asked for at once, so that no other work comes between them.
      this.engine.keepStudy(await Promise.all(names.map(read)));
    } catch {
      // The engine has ended meanwhile.
    }
  }

  /** Forgets the study if the engine has ended and cannot open it again. */
  forgetIfLost(): void {
    if (!this.engine.keepsStudy) this.finished = null;
  }

  /** Opens the files of a finished study. */
  async open(files: NamedFile[]): Promise<void> {
    this.#show(
      await this.running.run((options) => this.engine.ask("openStudy", { files }, options)),
    );
  }

  /** Reads a table. A cancel leaves it unread, and does not end the engine. */
  async readTable(file: string): Promise<void> {
    if (file === "") return;
    const table = await this.reading.run(() => this.engine.ask("table", { file }));
    if (table) this.table = table;
  }

  /** A ZIP file with every file of the study, byte for byte. */
  async pack(): Promise<Blob | undefined> {
    const names = this.finished?.files ?? [];
    return this.reading.run(async ({ signal }) => {
      const files: Record<string, Uint8Array> = {};
      for (const file of names) {
        if (!signal?.aborted) files[file] = await this.engine.ask("studyFile", { file });
      }
      return packFiles(files);
    });
  }

  #show(finished: FinishedStudy | undefined): void {
    if (!finished) return;
    this.finished = finished;
    this.table = null;
  }
}
