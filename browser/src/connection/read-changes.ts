import type { AheadDecoder } from "../ahead/ahead-decoder";
import { OpenRuns } from "../ahead/open-runs";
import type { Change } from "../arrow/change";
import { ChangeReader } from "../arrow/change-reader";
import { Breather, bodyReader } from "./body-reader";
import { Refused, jsonOf } from "./requests";
import { Watchdog } from "./timers";

export interface Reading {
  url: string;
  /** At most one for each document. */
  tokens: string[];
  /** No first byte for so long: something on the way holds the answer back. */
  firstByteMs: number;
  /** No byte for so long: the connection is dead, whatever the browser thinks. */
  silenceMs: number;
  signal: AbortSignal;
  /** Decodes what is large; null: all is decoded when it is applied. */
  ahead: AheadDecoder | null;
  onByte(): void;
  onChange(change: Change): void;
}

export interface Outcome {
  /** Whether any byte of the body came. */
  began: boolean;
  /** Whether the end marker came; a response without it was cut. */
  ended: boolean;
  /** What the server gave: X-Wait. */
  wait: string | null;
  /** Changes that came. */
  changes: number;
}

const ARROW_STREAM = "application/vnd.apache.arrow.stream";
/** How long the end of a response may take after the end marker; reading to it keeps the connection open. */
const CLOSING_MS = 1000;

/**
 * Read one `changes` response to its end. A cut or silent one is an Outcome, as are network errors; Refused,
 * FrameError and what `onChange` throws are thrown.
 */
export async function readChanges(reading: Reading): Promise<Outcome> {
  const outcome: Outcome = { began: false, ended: false, wait: null, changes: 0 };
  const abort = new AbortController();
  const stop = () => abort.abort();
  reading.signal.addEventListener("abort", stop);
  const watchdog = new Watchdog(reading.firstByteMs, stop);
  const breather = new Breather();
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
    // A page to sign in at, for example: nobody has answered.
    if (!response.body || !(response.headers.get("Content-Type") ?? ARROW_STREAM).startsWith(ARROW_STREAM)) return outcome;
    outcome.wait = response.headers.get("X-Wait");
    const body = bodyReader(response.body);
    for (;;) {
      const read = network(body.read(reader.space()));
      breather.look();
      const bytes = await read;
      if (!bytes) return outcome;
      await breather.pause();
      outcome.began = true;
      reading.onByte();
      for (const change of reader.filled(bytes)) {
        outcome.changes++;
        reading.onChange(change);
      }
      outcome.ended = reader.ended;
      // What waits here is not the network's fault.
      await reading.ahead?.relief();
      watchdog.feed(reader.ended ? CLOSING_MS : reading.silenceMs);
    }
  } finally {
    watchdog.stop();
    runs?.close();
    breather.close();
    reading.signal.removeEventListener("abort", stop);
    stop();
  }
}

/** Null where the network failed, or we gave up. */
async function network<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch {
    return null;
  }
}

/** What the server's JSON says about it, if it is JSON. */
async function refusal(response: Response): Promise<Refused> {
  const { docid, error } = await jsonOf(response);
  return new Refused(response.status, typeof docid === "string" ? docid : null, error !== undefined);
}
