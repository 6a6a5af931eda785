import {
  EngineError,
  type AskOptions,
  type Call,
  type Calls,
  type Engine,
  type FromWorker,
  type NamedFile,
  type ToWorker,
} from "./protocol";

/** A question that waits or is asked. */
interface Task {
  id: number;
  call: Call;
  argument: unknown;
  options: AskOptions;
  resolve: (answer: unknown) => void;
  reject: (error: EngineError) => void;
  /** Whether it was asked before, of a worker that is gone. */
  isRepeat: boolean;
}

/** Questions that open a model. */
const LOADS: readonly Call[] = ["loadBundled", "loadFiles", "loadHub"];

/** Questions that need no model. */
const WITHOUT_MODEL: readonly Call[] = [
  ...LOADS,
  "memoryNeeded",
  "memoryNeededOnHub",
  "examples",
  "settings",
  "openStudy",
  "table",
  "studyFile",
];

/** Questions that need a model, but no selected neurons. */
const WITHOUT_SELECTION: readonly Call[] = [...WITHOUT_MODEL, "tokens", "parse", "select", "run"];

/** Questions about a finished study. */
const ABOUT_STUDY: readonly Call[] = ["table", "studyFile"];

/** A question that a new worker is asked again. */
type Asked = Pick<Task, "call" | "argument">;

/** Starts a worker that answers questions. */
export function openEngine(): Engine {
  return new WorkerEngine();
}

class WorkerEngine implements Engine {
  private worker: Worker | null = null;
  private waiting: Task[] = [];
  private running: Task | null = null;
  /** The questions that opened the current model and selected its neurons. */
  private model: Asked | null = null;
  private selection: Asked | null = null;
  /** The question that opens the finished study, if its files are kept. */
  private study: Asked | null = null;
  /** Whether the worker has them. */
  private hasModel = false;
  private hasSelection = false;
  private hasStudy = false;
  private lastId = 0;

  ask<C extends Call>(
    call: C,
    argument: Calls[C]["argument"],
    options: AskOptions = {},
  ): Promise<Calls[C]["answer"]> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) {
        reject(cancelled());
        return;
      }
      const task = this.newTask(call, argument, options);
      task.resolve = (answer) => {
        resolve(answer as Calls[C]["answer"]);
      };
      task.reject = reject;
      options.signal?.addEventListener("abort", () => {
        this.cancel(task);
      });
      this.waiting.push(task);
      this.askNext();
    });
  }

  keepStudy(files: NamedFile[]): void {
    if (this.hasStudy) this.study = { call: "openStudy", argument: { files } };
  }

  get keepsStudy(): boolean {
    return this.study !== null;
  }

  close(): void {
    this.endWorker();
    for (const task of [this.running, ...this.waiting]) task?.reject(cancelled());
    this.running = null;
    this.waiting = [];
    this.model = null;
    this.selection = null;
    this.study = null;
  }

  private newTask(call: Call, argument: unknown, options: AskOptions): Task {
    this.lastId += 1;
    const nobody = () => undefined;
    const id = this.lastId;
    return { id, call, argument, options, resolve: nobody, reject: nobody, isRepeat: false };
  }

  private askNext(): void {
    if (this.running !== null) return;
    const next = this.waiting[0];
    if (next === undefined) return;
    const missing = this.missingFor(next.call);
    if (missing !== null) {
      this.run(this.repeatFor(next, missing));
      return;
    }
    this.waiting.shift();
    this.run(next);
  }

  /** The question that has to be asked again before another. */
  private missingFor(call: Call): Asked | null {
    if (!this.hasStudy && ABOUT_STUDY.includes(call)) return this.study;
    if (!this.hasModel && !WITHOUT_MODEL.includes(call) && this.model) return this.model;
    if (!this.hasSelection && !WITHOUT_SELECTION.includes(call)) return this.selection;
    return null;
  }

  /** Asks a question again, for the task that needs its result. */
  private repeatFor(next: Task, { call, argument }: Asked): Task {
    const task = this.newTask(call, argument, next.options);
    task.isRepeat = true;
    task.reject = (error) => {
      if (call === "openStudy") {
        this.study = null;
      } else {
        if (LOADS.includes(call)) this.model = null;
        this.selection = null;
      }
      this.waiting = this.waiting.filter((other) => other !== next);
      next.reject(error);
    };
    return task;
  }

  private run(task: Task): void {
    this.running = task;
    // The memory of a worker never shrinks, so each model gets a worker of its own.
    if (LOADS.includes(task.call)) this.endWorker();
    this.worker ??= this.startWorker();
    const { id, call, argument } = task;
    try {
      this.post({ type: "ask", id, call, argument, page: document.baseURI });
    } catch (error) {
      // It holds something that cannot be copied to a worker.
      this.running = null;
      task.reject(new EngineError(`the engine cannot be asked: ${String(error)}`));
      this.askNext();
    }
  }

  private startWorker(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", (event: MessageEvent<FromWorker>) => {
      this.hear(event.data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.fail(new EngineError(`the engine cannot be started: ${event.message || "no worker"}`));
    });
    return worker;
  }

  private post(message: ToWorker): void {
    this.worker?.postMessage(message);
  }

  private hear(message: FromWorker): void {
    const task = this.running;
    if (task?.id !== message.id) return;
    switch (message.type) {
      case "progress":
        task.options.onProgress?.(message.progress);
        return;
      case "part":
        task.options.onPart?.(message.part);
        return;
      case "answer":
        this.keep(task);
        this.running = null;
        task.resolve(message.answer);
        break;
      case "error":
        if (message.isFatal) this.endWorker();
        this.running = null;
        task.reject(new EngineError(message.message, message.cancelled, message.lines));
        break;
    }
    this.askNext();
  }

  /** Keeps a question whose result the worker has now. */
  private keep(task: Task): void {
    const asked = { call: task.call, argument: task.argument };
    if (LOADS.includes(task.call)) {
      this.model = asked;
      if (!task.isRepeat) this.selection = null;
      this.hasModel = true;
    } else if (task.call === "select") {
      this.selection = asked;
      this.hasSelection = true;
    } else if (task.call === "openStudy" || task.call === "run") {
      this.study = task.call === "openStudy" ? asked : null;
      this.hasStudy = true;
    }
  }

  private cancel(task: Task): void {
    if (this.running === task && task.call === "cloud") {
      this.post({ type: "cancel", id: task.id });
      return;
    }
    const isWaiting = this.waiting.includes(task);
    this.waiting = this.waiting.filter((other) => other !== task);
    const isReloading = isWaiting && this.running?.options === task.options;
    if (this.running === task || isReloading) {
      this.endWorker();
      this.running = null;
    } else if (!isWaiting) {
      return;
    }
    task.reject(cancelled());
    this.askNext();
  }

  private fail(error: EngineError): void {
    const task = this.running;
    this.endWorker();
    this.running = null;
    task?.reject(error);
    this.askNext();
  }

  private endWorker(): void {
    this.worker?.terminate();
    this.worker = null;
    this.hasModel = false;
    this.hasSelection = false;
    this.hasStudy = false;
  }
}

function cancelled(): EngineError {
  return new EngineError("cancelled", true);
}
