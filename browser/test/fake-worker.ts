import type { Answer, Request } from "../src/ahead/tasks";
import { RunDecoder } from "../src/ahead/run-decoder";
import { plainDecoder } from "../src/chunks/plain-decoder";

/** A worker without a thread: transfers memory and answers asynchronously. */
export class FakeWorker {
  onmessage: ((event: { data: Answer }) => void) | null = null;
  onerror: (() => void) | null = null;
  /** Runs that are neither finished nor forgotten. */
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
    this.#decoder.handle(data);
  }

  #answer(answer: Answer, memory: ArrayBuffer[]): void {
    const data = structuredClone(answer, { transfer: memory });
    setImmediate(() => this.onmessage?.({ data }));
  }
}
