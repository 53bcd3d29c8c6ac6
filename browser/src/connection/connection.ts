import type { AheadDecoder } from "../ahead/ahead";
import type { Change } from "../arrow/change";
import { BackOff } from "./back-off";
import type { Mode } from "./mode";
import { ModeChooser } from "./mode-chooser";
import { Pause } from "./pause";
import { type Outcome, readChanges } from "./read-changes";
import { Refused } from "./refused";
import type { State } from "./state";
import { TIMING } from "./timing";

/** An error after so long without one is a new one. */
const CALM_MS = 60_000;
const NAMES: Record<Mode, string> = { stream: "stream", "long-poll": "long polling", poll: "polling" };

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
  readonly #modes: ModeChooser;
  readonly #backOff: BackOff;
  readonly #errors: BackOff;
  readonly #pause = new Pause();
  #request = new AbortController();
  #heard = 0;
  #contact = false;
  #erred = -Infinity;
  #atLeastMs = 0;
  #pollMs: number;
  #stopped = false;

  constructor(
    private readonly base: string,
    token: string,
    documents: Followed[],
    private readonly listener: Listener,
    private readonly ahead: AheadDecoder | null = null,
    private readonly timing = TIMING,
  ) {
    this.#modes = new ModeChooser(timing);
    this.#backOff = new BackOff(timing.backOffMs, timing.maxBackOffMs);
    this.#errors = new BackOff(timing.errorMs, timing.maxErrorMs);
    this.#pollMs = timing.pollMs;
    this.#token = token;
    this.#documents = new Map(documents.map((document) => [document.docid, { ...document }]));
  }

  /** Follow the documents until all of them have ended or the server refuses. */
  async run(): Promise<void> {
    addEventListener("online", () => this.#wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
    for (;;) {
      const wait = await this.#once();
      if (this.#stopped || this.#documents.size === 0) return;
      await this.#pause.sleep(wait);
      const more = this.#atLeastMs;
      this.#atLeastMs = 0;
      if (more > 0) await this.#pause.sleep(more);
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
    this.#pause.wake();
    if (performance.now() - this.#heard > this.timing.sleptMs) this.#request.abort();
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
        firstByteMs: this.#firstByteMs(mode),
        silenceMs: this.timing.silenceMs,
        signal,
        ahead: this.ahead,
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

  /** A stream's first bytes come at once; other answers may be late for honest reasons. */
  #firstByteMs(mode: Mode): number {
    return mode === "stream" ? this.timing.heldBackMs : this.timing.silenceMs;
  }

  #url(mode: Mode): string {
    const query = new URLSearchParams();
    for (const { docid, after } of this.#documents.values()) query.append("doc", `${docid}:${after}`);
    query.append("wait", { stream: "stream", "long-poll": `${this.timing.longPollS}`, poll: "0" }[mode]);
    return `${this.base}changes?${query}`;
  }

  #byte(mode: Mode): void {
    this.#heard = performance.now();
    this.#contact = true;
    this.listener.onState("live", NAMES[mode]);
  }

  #change(change: Change): void {
    const followed = this.#documents.get(change.doc);
    // After restart() the rest of what has already come is of no use.
    if (!followed || this.#request.signal.aborted) return;
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
    const { goodMs, pollMs, maxPollMs, pollGrowth } = this.timing;
    const now = performance.now();
    if (!outcome.began && ms >= this.#firstByteMs(mode)) this.#modes.fallBack(now);
    else this.#modes.learn(outcome, ms, now);
    if (!outcome.ended && !(outcome.began && ms > goodMs)) return this.#failed();
    if (mode === "stream" && outcome.wait !== "poll" && ms < goodMs) return this.#backOff.next();
    this.#backOff.reset();
    if (mode === "stream" && outcome.wait !== "poll") return Math.random() * 300;
    if (mode === "long-poll") return 0;
    this.#pollMs = outcome.changes > 0 ? pollMs : Math.min(maxPollMs, this.#pollMs * pollGrowth);
    return document.hidden ? maxPollMs : this.#pollMs;
  }

  #failed(): number {
    const wait = this.#backOff.next();
    const away = !navigator.onLine || this.#backOff.failures >= this.timing.offlineAfter;
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
