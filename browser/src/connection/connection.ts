import type { AheadDecoder } from "../ahead/ahead-decoder";
import type { Change } from "../arrow/change";
import { BackOff } from "./back-off";
import { type Mode, ModeChooser } from "./mode-chooser";
import { type Outcome, readChanges } from "./read-changes";
import { Refused, pageId } from "./requests";
import { Gatherer, Pause } from "./timers";
import { TIMING } from "./timing";

/** State of the connection for the viewer: `data-state` in the page. */
export type State = "connecting" | "live" | "reconnecting" | "offline" | "ended";

const NAMES: Record<Mode, string> = { stream: "stream", "long-poll": "long polling", poll: "polling" };

/** Limit for the header with all tokens: servers and proxies allow 8 KB for all headers. */
const MAX_TOKEN_BYTES = 6_000;
/** Most documents that the server puts in one response. */
const MAX_DOCUMENTS = 64;

/** A document that a Connection follows. */
export interface Followed {
  docid: string;
  /** The last change received; 0 for none. */
  after: number;
  token: string;
}

/** Callbacks of a Connection. */
export interface Listener {
  /** A change arrived. If this throws, the document is reloaded. */
  onChange(change: Change): void;
  /** The document has ended. Reason: "deleted", "not-found", … */
  onEnd(docid: string, reason: string): void;
  onState(state: State, detail: string): void;
  /** A change violates the wire format or could not be applied. */
  onError(error: unknown): void;
  /** The server refused the document (401, 403); it is not requested again. */
  onRefused(status: number, docid: string): void;
}

/** A connection to one server that gets all changes of its documents in order, over any number of requests. */
export class Connection {
  readonly #documents = new Map<string, Followed>();
  /** Documents to be requested one by one: the server refused them together without naming one. */
  #suspects: string[] = [];
  /** They were requested one by one, and none was refused. */
  #cleared = false;
  // Servers notice an aborted stream late: a notebook that adds cells one by one would leave many of them open.
  readonly #changed: Gatherer;
  readonly #modes: ModeChooser;
  readonly #backOff: BackOff;
  readonly #errors: BackOff;
  readonly #pause = new Pause();
  #request = new AbortController();
  /** The documents of the current request. */
  #requested: Followed[] = [];
  #lastByteAt = 0;
  #wasLive = false;
  #errorDelayMs = 0;
  #pollMs: number;
  #hasFinished = false;
  #isResting = false;

  constructor(
    private readonly base: string,
    documents: Followed[],
    private readonly listener: Listener,
    private readonly ahead: AheadDecoder | null = null,
    private readonly timing = TIMING,
  ) {
    this.#modes = new ModeChooser(timing);
    this.#backOff = new BackOff(timing.backOffMs, timing.maxBackOffMs);
    this.#errors = new BackOff(timing.errorMs, timing.maxErrorMs, timing.calmMs);
    this.#changed = new Gatherer(timing.gatherMs, timing.maxGatherMs, () => this.#replaceRequest());
    this.#pollMs = timing.pollMs;
    for (const document of documents) this.#documents.set(document.docid, { ...document });
  }

  /** Follow the documents until all have ended, were left or refused. */
  async run(): Promise<void> {
    const listeners = new AbortController();
    const { signal } = listeners;
    addEventListener("online", () => this.#wake(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake(), { signal });
    while (this.#documents.size > 0) await this.#next();
    this.#hasFinished = true;
    this.#changed.stop();
    listeners.abort();
  }

  /** Whether one more document, with this token, can be followed. */
  hasRoom(token: string): boolean {
    if (this.#hasFinished || this.#documents.size >= MAX_DOCUMENTS) return false;
    const bytes = [...this.#documents.values()].reduce((sum, { token }) => sum + token.length + 1, 0);
    return bytes + token.length <= MAX_TOKEN_BYTES;
  }

  has(docid: string): boolean {
    return this.#documents.has(docid);
  }

  /** The current token of a document; "" if it is not followed. */
  token(docid: string): string {
    return this.#documents.get(docid)?.token ?? "";
  }

  /**
   * Whether the page is hidden. Then it polls instead of keeping a connection open: browsers allow six connections per
   * server.
   */
  rest(isResting: boolean): void {
    if (isResting === this.#isResting) return;
    this.#isResting = isResting;
    if (isResting) this.#request.abort();
    else this.#pause.wake();
  }

  /** Follow one more document. Documents added at about the same time share a new request. */
  follow(document: Followed): void {
    this.#documents.set(document.docid, { ...document });
    this.#changed.soon();
  }

  /** Stop following a document. */
  leave(docid: string): void {
    if (!this.#documents.delete(docid)) return;
    if (this.#documents.size > 0) return this.#changed.later();
    this.#request.abort();
    this.#pause.wake();
  }

  /** Replace the current request if it is not for the present documents. */
  #replaceRequest(): void {
    const wanted = [...this.#documents.values()];
    const same = wanted.length === this.#requested.length && wanted.every((one) => this.#requested.includes(one));
    if (!same) this.#request.abort();
  }

  async #next(): Promise<void> {
    const wait = await this.#makeRequest();
    if (this.#documents.size === 0) return;
    await this.#pause.sleep(wait);
    const more = this.#errorDelayMs;
    this.#errorDelayMs = 0;
    if (more > 0) await this.#pause.sleep(more);
  }

  /** Reload a document; with an error, report it. */
  restart(docid: string, error: unknown): void {
    const followed = this.#documents.get(docid);
    if (!followed) return;
    followed.after = 0;
    if (error !== null) this.#failedToApply(error);
    this.#request.abort();
  }

  #wake(): void {
    this.#pause.wake();
    if (performance.now() - this.#lastByteAt > this.timing.sleptMs) this.#request.abort();
  }

  /** Make one request; returns how many ms to wait before the next. */
  async #makeRequest(): Promise<number> {
    const started = performance.now();
    const requested = this.#requested = this.#nextDocuments();
    const alone = this.#suspects.length > 0;
    const isResting = this.#isResting;
    const mode = alone || isResting ? "poll" : this.#modes.next(started);
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const outcome = await readChanges({
        url: this.#url(requested, mode),
        tokens: [...new Set(requested.map(({ token }) => token).filter(Boolean))],
        firstByteMs: this.#firstByteMs(mode),
        silenceMs: this.timing.silenceMs,
        signal,
        ahead: this.ahead,
        onByte: () => this.#byte(mode),
        onChange: (change) => this.#change(change, requested),
      });
      if (signal.aborted) return 0;
      if (alone) return outcome.ended ? this.#passed() : this.#failed();
      if (outcome.began) this.#cleared = false;
      if (isResting && outcome.ended) return this.#isResting ? this.timing.restMs : 0;
      return this.#done(mode, outcome, performance.now() - started);
    } catch (error) {
      if (error instanceof Refused) return this.#refused(error, requested);
      for (const followed of this.#documents.values()) followed.after = 0;
      this.#failedToApply(error);
      return 0;
    }
  }

  #failedToApply(error: unknown): void {
    this.#errorDelayMs = this.#errors.next();
    this.listener.onError(error);
  }

  /** Streams start at once; other responses may be delayed. */
  #firstByteMs(mode: Mode): number {
    return mode === "stream" ? this.timing.heldBackMs : this.timing.silenceMs;
  }

  /** The documents of the next request: all, or one suspect. */
  #nextDocuments(): Followed[] {
    this.#suspects = this.#suspects.filter((docid) => this.#documents.has(docid));
    const suspect = this.#documents.get(this.#suspects[0] ?? "");
    return suspect ? [suspect] : [...this.#documents.values()];
  }

  #url(requested: Followed[], mode: Mode): string {
    const query = new URLSearchParams();
    for (const { docid, after } of requested) query.append("doc", `${docid}:${after}`);
    query.append("page", pageId);
    query.append("wait", { stream: "stream", "long-poll": `${this.timing.longPollS}`, poll: "0" }[mode]);
    return `${this.base}changes?${query}`;
  }

  #byte(mode: Mode): void {
    this.#lastByteAt = performance.now();
    this.#wasLive = true;
    this.listener.onState("live", NAMES[mode]);
  }

  #change(change: Change, requested: Followed[]): void {
    const followed = this.#documents.get(change.doc);
    // Ignore the rest of the response after restart(), and changes of a document that was left and added again.
    if (!followed || !requested.includes(followed) || this.#request.signal.aborted) return;
    const { token, end } = change.meta;
    if (token) followed.token = token;
    if (end) {
      this.#documents.delete(change.doc);
      this.listener.onEnd(change.doc, end);
      return;
    }
    try {
      this.listener.onChange(change);
      followed.after = change.seq;
    } catch (error) {
      this.restart(change.doc, error);
    }
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
    const state = away ? "offline" : this.#wasLive ? "reconnecting" : "connecting";
    this.listener.onState(state, away ? "the server cannot be reached; trying again" : "the connection was lost");
    return wait;
  }

  /** The server accepted a request for one suspect. */
  #passed(): number {
    this.#suspects.shift();
    this.#cleared = this.#suspects.length === 0;
    return 0;
  }

  #refused({ status, docid, isOurs }: Refused, requested: Followed[]): number {
    // Other statuses are not from the plot server, or are temporary.
    if (status !== 401 && !(status === 403 && isOurs)) return this.#failed();
    const culprit = requested.length === 1 ? requested[0]!.docid : docid;
    if (culprit !== null && this.#documents.delete(culprit)) this.listener.onRefused(status, culprit);
    else if (this.#cleared) {
      this.#cleared = false;
      return this.#failed();
    } else this.#suspects = requested.map(({ docid }) => docid);
    return 0;
  }
}
