import code from "../../build/ahead.worker.js";
import { type Ahead, type Op, OpCode } from "../arrow/change";
import { type ChunkDecoder, ChunkError } from "../chunks/chunk";
import { RunDecoder } from "./run-decoder";
import type { Answer, ChunkTask, RampTask, Request, Run } from "./tasks";

/** With more bytes than this waiting for the worker, reading pauses. */
const MAX_WAITING = 64 << 20;

interface Finishing {
  ahead: Ahead;
  resolve(): void;
  reject(error: Error): void;
}

export interface Options {
  /** Starts the worker; throws where that is forbidden. */
  start(): Worker;
  wasm: Uint8Array<ArrayBuffer>;
  /** Used in the page if the worker cannot start. */
  decode: ChunkDecoder;
  /** Spare memory of the column that the op replaces; null if there is none. */
  spare(op: Op): ArrayBuffer | null;
}

/** Decodes chunks in a worker, so that they do not block the page. Starts the worker on first use. */
export class AheadDecoder {
  readonly #pool = new MemoryPool();
  readonly #finishing = new Map<number, Finishing>();
  /** Requests for the worker before it has started. */
  #queue: Request[] = [];
  #send: ((request: Request) => void) | null = null;
  #worker: Worker | null = null;
  #runs = 0;
  #waiting = 0;
  #resume: (() => void) | null = null;
  /** False once a worker has failed. */
  works = true;

  constructor(private readonly options: Options) {}

  /** Memory for a message, of at least this many bytes. */
  memory(bytes: number): ArrayBuffer {
    return this.#pool.take(bytes);
  }

  /** Create a run of values, which begins with those of `op`. */
  run(op: Op): Run {
    const begins = op.code === OpCode.REPLACE || op.code === OpCode.RAMP;
    // Rows with dimensions need memory without spare room: BokehJS would get a copy otherwise.
    const grows = begins && op.shape.length === 0;
    return { run: ++this.#runs, grows, memory: begins ? this.options.spare(op) : null };
  }

  decode(message: ArrayBuffer, chunks: ChunkTask[]): void {
    this.#waiting += message.byteLength;
    this.#request({ kind: "decode", message, chunks });
  }

  ramp(ramp: RampTask): void {
    this.#request({ kind: "ramp", ramp });
  }

  /** End a run: resolves when `ahead` has its values. Rejects with ChunkError. */
  finish(run: number, ahead: Ahead): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finishing.set(run, { ahead, resolve, reject });
      this.#request({ kind: "finish", run });
    });
  }

  /** Discard a run. */
  forget(run: number): void {
    this.#request({ kind: "forget", run });
  }

  /** Null, or a promise that resolves when the worker has caught up and reading may go on. */
  relief(): Promise<void> | null {
    return this.#waiting <= MAX_WAITING ? null : new Promise((resolve) => (this.#resume = resolve));
  }

  #request(request: Request): void {
    if (this.#send) return this.#send(request);
    this.#queue.push(request);
    if (!this.#worker) this.#start();
  }

  #start(): void {
    try {
      this.#worker = this.options.start();
    } catch {
      return this.#decodeHere();
    }
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#answer(data);
    this.#worker.onerror = () => (this.#send ? this.#failed() : this.#decodeHere());
    const { wasm } = this.options;
    this.#worker.postMessage({ kind: "start", wasm } satisfies Request);
  }

  #answer(answer: Answer): void {
    if (answer.kind === "started") return answer.ok ? this.#started() : this.#decodeHere();
    if (answer.kind === "read") {
      this.#pool.give(answer.message);
      this.#waiting -= answer.message.byteLength;
      if (this.#waiting <= MAX_WAITING) this.#resume?.();
      return;
    }
    const { ahead, resolve, reject } = this.#finishing.get(answer.run)!;
    this.#finishing.delete(answer.run);
    if (answer.kind === "failed") return reject(new ChunkError(answer.code));
    ahead.bytes = new Uint8Array(answer.memory, 0, answer.nbytes);
    resolve();
  }

  #started(): void {
    const worker = this.#worker!;
    this.#begin((request) => worker.postMessage(request, memoryOf(request)));
  }

  /** The worker did not start: decode queued requests here. */
  #decodeHere(): void {
    this.works = false;
    const decoder = new RunDecoder(this.options.decode, (answer) => this.#answer(answer));
    this.#begin((request) => decoder.handle(request));
  }

  #begin(send: (request: Request) => void): void {
    this.#send = send;
    for (const request of this.#queue.splice(0)) send(request);
  }

  /** The worker broke down, for example for lack of memory: fail its runs. */
  #failed(): void {
    this.works = false;
    this.#send = () => this.#rejectAll();
    this.#rejectAll();
    this.#waiting = 0;
    this.#resume?.();
  }

  #rejectAll(): void {
    for (const { reject } of this.#finishing.values()) reject(new Error("the decoding worker broke down"));
    this.#finishing.clear();
  }
}

function memoryOf(request: Request): ArrayBuffer[] {
  if (request.kind === "ramp") return request.ramp.memory ? [request.ramp.memory] : [];
  if (request.kind !== "decode") return [];
  return [request.message, ...request.chunks.flatMap(({ memory }) => memory ?? [])];
}

// Fresh memory is slow: the system maps its pages on first access.
const SMALL = 256 << 10;
const GRAIN = 1 << 20;
const KEPT = 6;

/** Recycles memory of large messages. */
class MemoryPool {
  #free: ArrayBuffer[] = [];

  /** Memory of at least this many bytes. */
  take(bytes: number): ArrayBuffer {
    if (bytes < SMALL) return new ArrayBuffer(bytes);
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    if (at >= 0) return this.#free.splice(at, 1)[0]!;
    return new ArrayBuffer(Math.ceil(bytes / GRAIN) * GRAIN);
  }

  give(memory: ArrayBuffer): void {
    if (memory.byteLength < SMALL) return;
    this.#free.push(memory);
    if (this.#free.length > KEPT) this.#free.shift();
  }
}

/** Start the compiled worker.ts from a blob, which the policy of pages allows. */
export function startWorker(): Worker {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
