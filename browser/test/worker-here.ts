import type { Answer, Request } from "../src/ahead/tasks";
import { RunDecoder } from "../src/ahead/run-decoder";
import { plainDecoder } from "../src/chunks/plain-decoder";

/** What the page sees of its worker, without one: memory changes hands, and answers come later. */
export class WorkerHere {
  onmessage: ((event: { data: Answer }) => void) | null = null;
  onerror: (() => void) | null = null;
  /** Runs begun and not yet finished or forgotten. */
  readonly open = new Set<number>();
  #decoder = new RunDecoder(plainDecoder, (answer, memory) => this.#answer(answer, memory));

  constructor(private readonly fails: "" | "at once" | "in the worker" = "") {}

  postMessage(request: Request, memory: ArrayBuffer[] = []): void {
    const data = structuredClone(request, { transfer: memory });
    if (data.kind === "start") {
      if (this.fails === "at once") queueMicrotask(() => this.onerror?.());
      else this.#answer({ kind: "started", ok: this.fails === "" }, []);
      return;
    }
    if (data.kind === "decode") for (const { run } of data.chunks) this.open.add(run);
    if (data.kind === "ramp") this.open.add(data.ramp.run);
    if (data.kind === "finish" || data.kind === "forget") this.open.delete(data.run);
    this.#decoder.take(data);
  }

  #answer(answer: Answer, memory: ArrayBuffer[]): void {
    const data = structuredClone(answer, { transfer: memory });
    setImmediate(() => this.onmessage?.({ data }));
  }
}
