import {
  EngineError,
  type AskOptions,
  type Call,
  type Calls,
  type Engine,
  type FromWorker,
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
}

/** Questions that open a model. A new worker asks the last one again. */
const LOADS: readonly Call[] = ["loadBundled", "loadFiles", "loadHub"];

/** Starts a worker that answers questions. */
export function openEngine(): Engine {
  return new WorkerEngine();
}

class WorkerEngine implements Engine {
  private worker: Worker | null = null;
  private waiting: Task[] = [];
  private running: Task | null = null;
  /** The question that opened the current model. */
  private loaded: Pick<Task, "call" | "argument"> | null = null;
  /** Whether a new worker has no model yet. */
  private isEmpty = true;
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

  close(): void {
    this.endWorker();
    for (const task of [this.running, ...this.waiting]) task?.reject(cancelled());
    this.running = null;
    this.waiting = [];
    this.loaded = null;
  }

  private newTask(call: Call, argument: unknown, options: AskOptions): Task {
    this.lastId += 1;
    const nobody = () => undefined;
    return { id: this.lastId, call, argument, options, resolve: nobody, reject: nobody };
  }

  private askNext(): void {
    if (this.running !== null) return;
    const next = this.waiting[0];
    if (next === undefined) return;
    if (this.isEmpty && this.loaded !== null && !LOADS.includes(next.call)) {
      this.run(this.reloadTask(this.loaded, next));
      return;
    }
    this.waiting.shift();
    this.run(next);
  }

  /** Opens the last model again, for the task that needs it. */
  private reloadTask(loaded: Pick<Task, "call" | "argument">, next: Task): Task {
    const task = this.newTask(loaded.call, loaded.argument, next.options);
    task.reject = (error) => {
      this.loaded = null;
      this.waiting = this.waiting.filter((other) => other !== next);
      next.reject(error);
    };
    return task;
  }

  private run(task: Task): void {
    this.running = task;
    this.worker ??= this.startWorker();
    if (LOADS.includes(task.call)) this.isEmpty = true;
    this.post({
      type: "ask",
      id: task.id,
      call: task.call,
      argument: task.argument,
      page: document.baseURI,
    });
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
        if (LOADS.includes(task.call)) {
          this.loaded = { call: task.call, argument: task.argument };
          this.isEmpty = false;
        }
        this.running = null;
        task.resolve(message.answer);
        break;
      case "error":
        if (message.isFatal) this.endWorker();
        if (LOADS.includes(task.call)) this.loaded = null;
        this.running = null;
        task.reject(new EngineError(message.message, message.cancelled, message.lines));
        break;
    }
    this.askNext();
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
    this.isEmpty = true;
  }
}

function cancelled(): EngineError {
  return new EngineError("cancelled", true);
}
