import type { Change } from "../arrow/change";
import { BackOff } from "./back-off";
import type { Mode } from "./mode";
import { ModeChooser } from "./mode-chooser";
import { Pause } from "./pause";
import { type Outcome, readChanges } from "./read-changes";
import { Refused } from "./refused";
import type { State } from "./state";

const LONG_POLL_S = 25;
const FIRST_BYTE_MS: Record<Mode, number> = { stream: 4_000, "long-poll": (LONG_POLL_S + 10) * 1000, poll: 15_000 };
/** The server sends a heartbeat every 15 s at the latest. */
const SILENCE_MS = 40_000;
/** A stream that lived so long was a good one. */
const GOOD_MS = 5_000;
const POLL_MS = { shortest: 100, longest: 1_000, growth: 1.5 };
/** After so many failed attempts a person is told that the server is away. */
const OFFLINE_AFTER = 4;
/** A page that wakes up, or is online again, after so long does not wait for the silence to be noticed. */
const SLEPT_MS = 20_000;
/** An error after so long without one is a new one. */
const CALM_MS = 60_000;

export interface Followed {
  docid: string;
  after: number;
}

export interface Listener {
  /** A change came; throw if it cannot be applied: the document then begins anew. */
  onChange(change: Change): void;
  /** The document is gone: "deleted", "not-found". */
  onEnd(docid: string, reason: string): void;
  onState(state: State, detail: string): void;
  /** A change was not what the wire format says, or could not be applied. */
  onError(error: unknown): void;
  /** The server does not let this page read: 401, 403. Nothing more is tried. */
  onRefused(status: number): void;
}

/** The page's one connection: gets every change of its documents in order, whatever happens on the way. */
export class Connection {
  #token: string;
  readonly #documents: Map<string, Followed>;
  readonly #modes = new ModeChooser();
  readonly #backOff = new BackOff(500, 10_000);
  readonly #errors = new BackOff(1_000, 30_000);
  readonly #pause = new Pause();
  #request = new AbortController();
  #heard = 0;
  #contact = false;
  #erred = -Infinity;
  #atLeastMs = 0;
  #pollMs = POLL_MS.shortest;
  #stopped = false;

  constructor(
    private readonly base: string,
    token: string,
    documents: Followed[],
    private readonly listener: Listener,
  ) {
    this.#token = token;
    this.#documents = new Map(documents.map((document) => [document.docid, { ...document }]));
  }

  /** Follow the documents until all of them have ended or the server refuses. */
  async run(): Promise<void> {
    addEventListener("online", () => this.#wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
    while (!this.#stopped && this.#documents.size > 0) {
      const wait = await this.#once();
      await this.#pause.sleep(Math.max(wait, this.#atLeastMs));
      this.#atLeastMs = 0;
    }
  }

  /** Get a document from the beginning, because what the page has of it is of no use. */
  restart(docid: string, error: unknown): void {
    const followed = this.#documents.get(docid);
    if (!followed) return;
    followed.after = 0;
    this.#failedToApply(error);
    this.#request.abort();
  }

  #wake(): void {
    if (this.#atLeastMs === 0) this.#pause.wake();
    if (performance.now() - this.#heard > SLEPT_MS) this.#request.abort();
  }

  /** One request; returns how many milliseconds to wait before the next. */
  async #once(): Promise<number> {
    const started = performance.now();
    const mode = this.#modes.next(started);
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const outcome = await readChanges({
        url: this.#url(mode),
        token: this.#token,
        firstByteMs: FIRST_BYTE_MS[mode],
        silenceMs: SILENCE_MS,
        signal,
        onByte: () => this.#byte(mode),
        onChange: (change) => this.#change(change),
      });
      if (signal.aborted) return 0;
      return this.#done(mode, outcome, performance.now() - started);
    } catch (error) {
      if (error instanceof Refused) return this.#refused(error);
      for (const followed of this.#documents.values()) followed.after = 0;
      this.#failedToApply(error);
      return 0;
    }
  }

  #failedToApply(error: unknown): void {
    const now = performance.now();
    if (now - this.#erred > CALM_MS) this.#errors.reset();
    this.#erred = now;
    this.#atLeastMs = this.#errors.next();
    this.listener.onError(error);
  }

  #url(mode: Mode): string {
    const query = new URLSearchParams();
    for (const { docid, after } of this.#documents.values()) query.append("doc", `${docid}:${after}`);
    query.append("wait", { stream: "stream", "long-poll": String(LONG_POLL_S), poll: "0" }[mode]);
    return `${this.base}changes?${query}`;
  }

  #byte(mode: Mode): void {
    this.#heard = performance.now();
    this.#contact = true;
    this.listener.onState("live", { stream: "stream", "long-poll": "long polling", poll: "polling" }[mode]);
  }

  #change(change: Change): void {
    const followed = this.#documents.get(change.doc);
    if (!followed) return;
    const { token, end } = change.meta;
    if (token) this.#token = token;
    if (end) {
      this.#documents.delete(change.doc);
      this.listener.onEnd(change.doc, end);
      return;
    }
    this.listener.onChange(change);
    followed.after = change.seq;
  }

  #done(mode: Mode, outcome: Outcome, ms: number): number {
    const now = performance.now();
    if (!outcome.began && !outcome.ended && ms >= FIRST_BYTE_MS[mode]) this.#modes.heldBack(now);
    else this.#modes.learn(outcome, ms, now);
    if (!outcome.ended && !(outcome.began && ms > GOOD_MS)) return this.#failed();
    if (mode === "stream" && outcome.wait !== "poll" && ms < GOOD_MS) return this.#backOff.next();
    this.#backOff.reset();
    if (mode === "stream" && outcome.wait !== "poll") return Math.random() * 300;
    if (mode === "long-poll") return 0;
    const { shortest, longest, growth } = POLL_MS;
    this.#pollMs = outcome.changes > 0 ? shortest : Math.min(longest, this.#pollMs * growth);
    return document.hidden ? longest : this.#pollMs;
  }

  #failed(): number {
    const wait = this.#backOff.next();
    const away = !navigator.onLine || this.#backOff.failures >= OFFLINE_AFTER;
    const state = away ? "offline" : this.#contact ? "reconnecting" : "connecting";
    this.listener.onState(state, away ? "the server cannot be reached; trying again" : "the connection was lost");
    return wait;
  }

  #refused({ status }: Refused): number {
    if (status !== 401 && status !== 403) return this.#failed();
    this.#stopped = true;
    this.listener.onRefused(status);
    return 0;
  }
}
