import { EngineError, messageOf, type AskOptions, type Progress } from "../engine/protocol.ts";

/** Milliseconds after which the page shows that a task is running. */
const PATIENCE = 200;

/** Something the engine computes for a part of the page: how far it is, how it failed, a way to stop it. */
export class Task {
  isRunning = $state(false);
  /** Whether it takes long enough to be shown. */
  isSlow = $state(false);
  progress: Progress | null = $state(null);
  error: string | null = $state(null);
  /** Whether the last work was cancelled. */
  isCancelled = $state(false);
  #abort: AbortController | null = null;

  /**
   * Runs `work`. The answer is undefined if it failed or was cancelled; a cancel is not waited for. If the
   * task is still at an earlier work, it tells of the new one only.
   */
  async run<Answer>(work: (options: AskOptions) => Promise<Answer>): Promise<Answer | undefined> {
    const abort = new AbortController();
    const isCurrent = () => this.#abort === abort;
    this.#abort = abort;
    this.isRunning = true;
    this.progress = null;
    this.error = null;
    this.isCancelled = false;
    const timer = setTimeout(() => {
      if (isCurrent()) this.isSlow = true;
    }, PATIENCE);
    const onProgress = (progress: Progress) => {
      if (isCurrent()) this.progress = progress;
    };
    try {
      const { signal } = abort;
      return await Promise.race([work({ signal, onProgress }), whenCancelled(signal)]);
    } catch (error) {
      const isCancelled = error instanceof EngineError && error.cancelled;
      if (isCurrent() && isCancelled) this.isCancelled = true;
      if (isCurrent() && !isCancelled) this.error = messageOf(error);
      return undefined;
    } finally {
      clearTimeout(timer);
      if (isCurrent()) this.#end();
    }
  }

  #end(): void {
    this.isRunning = false;
    this.isSlow = false;
    this.progress = null;
    this.#abort = null;
  }

  cancel(): void {
    this.#abort?.abort();
  }
}

/** Fails when the user cancels. */
function whenCancelled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(new EngineError("cancelled", true));
    });
  });
}

/**
 * Does only the newest of several pieces of work: while one runs, those that come wait, and only the
 * last of them is done.
 */
export class NewestOnly {
  #isBusy = false;
  #waiting: (() => Promise<void>) | null = null;

  async run(work: () => Promise<void>): Promise<void> {
    if (this.#isBusy) {
      this.#waiting = work;
      return;
    }
    this.#isBusy = true;
    let next: (() => Promise<void>) | null = work;
    while (next) {
      await next();
      next = this.#waiting;
      this.#waiting = null;
    }
    this.#isBusy = false;
  }
}
