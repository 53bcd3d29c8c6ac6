import code from "../../build/ahead.worker.js";
import { type Ahead, type Op, OpCode } from "../arrow/change";
import { type ChunkDecoder, ChunkError } from "../chunks/chunk";
import { RunDecoder } from "./run-decoder";
import type { Answer, ChunkTask, RampTask, Request, Run } from "./tasks";

/** Messages of so many bytes may wait for the worker; then the network waits, too. */
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
  /** Decodes here what was on its way to a worker that could not start. */
  decode: ChunkDecoder;
  /** Memory of the column that the op replaces, if there is some to be used again. */
  spare(op: Op): ArrayBuffer | null;
}

/** Decodes in a worker, so that the page does not freeze meanwhile. The worker starts when it is needed first. */
export class AheadDecoder {
  readonly #pool = new MemoryPool();
  readonly #finishing = new Map<number, Finishing>();
  /** What the worker gets when it has started. */
  #queue: Request[] = [];
  #send: ((request: Request) => void) | null = null;
  #worker: Worker | null = null;
  #runs = 0;
  #waiting = 0;
  #relieved: (() => void) | null = null;
  /** Whether there is a worker, or may be one. */
  works = true;

  constructor(private readonly options: Options) {}

  /** Memory for a message: so many bytes, or more. */
  memory(bytes: number): ArrayBuffer {
    return this.#pool.take(bytes);
  }

  /** A new run of values: those of `op`, and maybe of the next. */
  run(op: Op): Run {
    const begins = op.code === OpCode.REPLACE || op.code === OpCode.RAMP;
    // Values of rows with dimensions must be all that is in their memory: BokehJS would get a copy otherwise.
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

  /** The run is whole: `ahead` gets its values. Rejects with ChunkError. */
  finish(run: number, ahead: Ahead): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#finishing.set(run, { ahead, resolve, reject });
      this.#request({ kind: "finish", run });
    });
  }

  /** The run will never be whole. */
  forget(run: number): void {
    this.#request({ kind: "forget", run });
  }

  /** Null, or when the worker has caught up so far that more should be read. */
  relief(): Promise<void> | null {
    return this.#waiting <= MAX_WAITING ? null : new Promise((resolve) => (this.#relieved = resolve));
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
      return this.#doWithout();
    }
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#answer(data);
    this.#worker.onerror = () => (this.#send ? this.#lost() : this.#doWithout());
    const { wasm } = this.options;
    this.#worker.postMessage({ kind: "start", wasm } satisfies Request);
  }

  #answer(answer: Answer): void {
    if (answer.kind === "started") return answer.ok ? this.#started() : this.#doWithout();
    if (answer.kind === "read") {
      this.#pool.give(answer.message);
      this.#waiting -= answer.message.byteLength;
      if (this.#waiting <= MAX_WAITING) this.#relieved?.();
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

  /** What was meant for the worker is decoded here; nothing more will be. */
  #doWithout(): void {
    this.works = false;
    const decoder = new RunDecoder(this.options.decode, (answer) => this.#answer(answer));
    this.#begin((request) => decoder.take(request));
  }

  #begin(send: (request: Request) => void): void {
    this.#send = send;
    for (const request of this.#queue.splice(0)) send(request);
  }

  /** The worker broke down, for want of memory for example: what it had is lost, and nothing more will be. */
  #lost(): void {
    this.works = false;
    this.#send = () => this.#rejectAll();
    this.#rejectAll();
    this.#waiting = 0;
    this.#relieved?.();
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

/** Fresh memory is slow: each of its pages is given by the system when it is touched first. */
const SMALL = 256 << 10;
const GRAIN = 1 << 20;
const KEPT = 6;

/** Memory for large messages, used again and again. */
class MemoryPool {
  #free: ArrayBuffer[] = [];

  /** So many bytes, or more. */
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

/** Start worker.ts, built, from a blob: pages of documents may load no worker from elsewhere. */
export function startWorker(): Worker {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
