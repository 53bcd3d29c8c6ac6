import type { AheadDecoder } from "../ahead/ahead-decoder";
import { OpenRuns } from "../ahead/open-runs";
import type { Change } from "../arrow/change";
import { ChangeReader } from "../arrow/change-reader";
import { Yielder, bodyReader } from "./body-reader";
import { Refused, jsonOf } from "./requests";
import { Watchdog } from "./timers";

/** Arguments of readChanges(). */
export interface Reading {
  url: string;
  /** The tokens of the documents, without repetition. */
  tokens: string[];
  /** After this long without a first byte the response is given up: a proxy buffers it. */
  firstByteMs: number;
  /** After this long without a byte the connection is given up. */
  silenceMs: number;
  signal: AbortSignal;
  /** Decodes large ops in a worker; null: they are decoded when applied. */
  ahead: AheadDecoder | null;
  onByte(): void;
  onChange(change: Change): void;
}

/** How a `changes` request ended. */
export interface Outcome {
  /** Whether any byte of the body arrived. */
  began: boolean;
  /** Whether the end marker arrived; without it the response was cut. */
  ended: boolean;
  /** The X-Wait header. */
  wait: string | null;
  /** Number of changes. */
  changes: number;
}

const ARROW_STREAM = "application/vnd.apache.arrow.stream";
/** Time limit from the end marker to the end of the response. Reading to the end keeps the connection reusable. */
const CLOSING_MS = 1000;

/**
 * Read one `changes` response to its end. Cuts, silence and network errors give an Outcome. Throws Refused, FrameError
 * and what `onChange` throws.
 */
export async function readChanges(reading: Reading): Promise<Outcome> {
  const outcome: Outcome = { began: false, ended: false, wait: null, changes: 0 };
  const abort = new AbortController();
  const stop = () => abort.abort();
  reading.signal.addEventListener("abort", stop);
  const watchdog = new Watchdog(reading.firstByteMs, stop);
  const yielder = new Yielder();
  const runs = reading.ahead && new OpenRuns(reading.ahead);
  const reader = new ChangeReader(runs);
  try {
    const response = await network(fetch(reading.url, {
      // Not as Authorization, which Apache drops.
      headers: reading.tokens.length > 0 ? { "Document-Token": reading.tokens.join() } : {},
      cache: "no-store",
      credentials: "omit",
      signal: abort.signal,
    }));
    if (!response) return outcome;
    if (!response.ok) throw await refusal(response);
    // Something else answered, for example a sign-in page of a proxy.
    if (!response.body || !(response.headers.get("Content-Type") ?? ARROW_STREAM).startsWith(ARROW_STREAM)) return outcome;
    outcome.wait = response.headers.get("X-Wait");
    const body = bodyReader(response.body);
    for (;;) {
      const read = network(body.read(reader.space()));
      yielder.wait();
      const bytes = await read;
      if (!bytes) return outcome;
      await yielder.pause();
      outcome.began = true;
      reading.onByte();
      for (const change of reader.filled(bytes)) {
        outcome.changes++;
        reading.onChange(change);
      }
      outcome.ended = reader.ended;
      // The watchdog does not count this wait.
      await reading.ahead?.relief();
      watchdog.feed(reader.ended ? CLOSING_MS : reading.silenceMs);
    }
  } finally {
    watchdog.stop();
    runs?.close();
    yielder.close();
    reading.signal.removeEventListener("abort", stop);
    stop();
  }
}

/** Null if the network failed or the request was aborted. */
async function network<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch {
    return null;
  }
}

/** The error of a response, with what its JSON says, if it is JSON. */
async function refusal(response: Response): Promise<Refused> {
  const { docid, error } = await jsonOf(response);
  return new Refused(response.status, typeof docid === "string" ? docid : null, error !== undefined);
}
