import { ChunkError } from "../chunks/chunk-error";
import type { ChunkDecoder } from "../chunks/decoder";
import { DTYPES } from "../columns/dtypes";
import { fillRamp } from "../columns/fill-ramp";
import type { Answer, ChunkTask, RampTask, Request } from "./tasks";

/** A run's values so far, back to back: in the memory given for it as long as they fit, then in pieces. */
interface Run {
  parts: Uint8Array<ArrayBuffer>[];
  free: Uint8Array<ArrayBuffer>;
  /** Of ChunkError; 0 while all is well. */
  code: number;
}

/** Puts the values of runs together, each in one piece of memory. How long a run gets is not known before its end. */
export class RunDecoder {
  #runs = new Map<number, Run>();

  constructor(
    private readonly decode: ChunkDecoder,
    private readonly answer: (answer: Answer, memory: ArrayBuffer[]) => void,
  ) {}

  take(request: Request): void {
    if (request.kind === "decode") {
      const { message } = request;
      for (const task of request.chunks) this.#chunk(message, task);
      this.answer({ kind: "read", message }, [message]);
    } else if (request.kind === "ramp") this.#ramp(request.ramp);
    else if (request.kind === "finish") this.#finish(request.run);
    else if (request.kind === "forget") this.#runs.delete(request.run);
  }

  #chunk(message: ArrayBuffer, { run: id, at, length, nbytes, memory }: ChunkTask): void {
    const run = this.#run(id, memory);
    if (run.code !== 0) return;
    try {
      this.decode(new Uint8Array(message, at, length), this.#room(run, nbytes));
    } catch (error) {
      run.code = error instanceof ChunkError ? error.code : -6;
    }
  }

  #ramp({ run: id, dtype, start, step, count, memory }: RampTask): void {
    const kind = DTYPES[dtype]!;
    const bytes = this.#room(this.#run(id, memory), count * kind.BYTES_PER_ELEMENT);
    fillRamp(new kind(bytes.buffer, bytes.byteOffset, count), start, step);
  }

  #finish(id: number): void {
    const { parts, code } = this.#runs.get(id)!;
    this.#runs.delete(id);
    if (code !== 0) return this.answer({ kind: "failed", run: id, code }, []);
    const [first] = parts;
    const nbytes = parts.reduce((sum, part) => sum + part.length, 0);
    const together = parts.every((part) => part.buffer === first!.buffer);
    const memory = together ? first!.buffer : joined(parts, nbytes);
    this.answer({ kind: "finished", run: id, memory, nbytes }, [memory]);
  }

  #run(id: number, memory: ArrayBuffer | null): Run {
    let run = this.#runs.get(id);
    if (!run) this.#runs.set(id, (run = { parts: [], free: new Uint8Array(memory ?? new ArrayBuffer(0)), code: 0 }));
    return run;
  }

  #room(run: Run, nbytes: number): Uint8Array<ArrayBuffer> {
    const fits = nbytes <= run.free.length;
    const part = fits ? run.free.subarray(0, nbytes) : new Uint8Array(nbytes);
    run.free = fits ? run.free.subarray(nbytes) : new Uint8Array(0);
    run.parts.push(part);
    return part;
  }
}

function joined(parts: Uint8Array[], nbytes: number): ArrayBuffer {
  const whole = new Uint8Array(nbytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
