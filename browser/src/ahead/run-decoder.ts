import { type ChunkDecoder, ChunkError } from "../chunks/chunk";
import { fromIntegers } from "../columns/decimals";
import { ROLLING } from "../columns/growing-array";
import { fillRamp } from "../columns/ramp";
import { DTYPES } from "../columns/types";
import type { Answer, ChunkTask, RampTask, Request, Run } from "./tasks";

const NONE = new ArrayBuffer(0);

/** The values of a run so far: in the memory given for it while they fit, then in further parts. */
interface Values {
  grows: boolean;
  parts: Uint8Array<ArrayBuffer>[];
  free: Uint8Array<ArrayBuffer>;
  /** Code of a ChunkError; 0 if there is none. */
  code: number;
}

/** Decodes runs of chunks, each into one piece of memory. The length of a run is known only at its end. */
export class RunDecoder {
  #runs = new Map<number, Values>();

  constructor(
    private readonly decode: ChunkDecoder,
    private readonly answer: (answer: Answer, memory: ArrayBuffer[]) => void,
  ) {}

  handle(request: Request): void {
    if (request.kind === "decode") {
      const { message } = request;
      for (const task of request.chunks) this.#chunk(message, task);
      this.answer({ kind: "read", message }, [message]);
    } else if (request.kind === "ramp") this.#ramp(request.ramp);
    else if (request.kind === "finish") this.#finish(request.run);
    else if (request.kind === "forget") this.#runs.delete(request.run);
  }

  #chunk(message: ArrayBuffer, task: ChunkTask): void {
    const values = this.#values(task);
    if (values.code !== 0) return;
    try {
      const chunk = new Uint8Array(message, task.at, task.length);
      const bytes = room(values, task.nbytes);
      if (task.decimals === null) return this.decode(chunk, bytes);
      const kind = task.dtype === "float64" ? Float64Array : Float32Array;
      const floats = new kind(bytes.buffer, bytes.byteOffset, bytes.length / kind.BYTES_PER_ELEMENT);
      fromIntegers(this.decode, chunk, floats, task.decimals);
    } catch (error) {
      values.code = error instanceof ChunkError ? error.code : -6;
    }
  }

  #ramp(task: RampTask): void {
    const kind = DTYPES[task.dtype]!;
    const nbytes = task.count * kind.BYTES_PER_ELEMENT;
    const values = this.#values(task);
    if (values.free.length < nbytes) values.free = memory(nbytes, task.grows);
    const { buffer, byteOffset } = room(values, nbytes);
    fillRamp(new kind(buffer, byteOffset, task.count), task.start, task.step);
  }

  #finish(run: number): void {
    const { parts, code, grows } = this.#runs.get(run)!;
    this.#runs.delete(run);
    if (code !== 0) return this.answer({ kind: "failed", run, code }, []);
    const nbytes = parts.reduce((sum, part) => sum + part.length, 0);
    const { buffer } = parts[0]!;
    const whole = parts.every((part) => part.buffer === buffer) ? buffer : joined(parts, memory(nbytes, grows));
    this.answer({ kind: "finished", run, memory: whole, nbytes }, [whole]);
  }

  #values({ run, grows, memory }: Run): Values {
    let values = this.#runs.get(run);
    if (!values) this.#runs.set(run, (values = { grows, parts: [], free: new Uint8Array(memory ?? NONE), code: 0 }));
    return values;
  }
}

function room(values: Values, nbytes: number): Uint8Array<ArrayBuffer> {
  const fits = nbytes <= values.free.length;
  const part = fits ? values.free.subarray(0, nbytes) : new Uint8Array(nbytes);
  values.free = fits ? values.free.subarray(nbytes) : new Uint8Array(NONE);
  values.parts.push(part);
  return part;
}

function memory(nbytes: number, grows: boolean): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(grows ? Math.ceil(nbytes * ROLLING) : nbytes);
  } catch {
    return new Uint8Array(nbytes);
  }
}

function joined(parts: Uint8Array[], whole: Uint8Array<ArrayBuffer>): ArrayBuffer {
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole.buffer;
}
