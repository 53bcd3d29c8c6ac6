import type { AheadDecoder } from "../ahead/ahead-decoder";
import type { Change } from "../arrow/change";
import { BackOff } from "./back-off";
import { type Mode, ModeChooser } from "./mode-chooser";
import { type Outcome, readChanges } from "./read-changes";
import { Refused, pageId } from "./requests";
import { Gatherer, Pause } from "./timers";
import { TIMING } from "./timing";

/** What a person is told about the connection; the names are those of `data-state` in the page. */
export type State = "connecting" | "live" | "reconnecting" | "offline" | "ended";

const NAMES: Record<Mode, string> = { stream: "stream", "long-poll": "long polling", poll: "polling" };

/** What the header with all tokens may take: servers and proxies allow 8 KB for all headers. */
const MAX_TOKEN_BYTES = 6_000;
/** Documents that the server gives in one response. */
const MAX_DOCUMENTS = 64;

export interface Followed {
  docid: string;
  /** The last change that was seen; 0 for none. */
  after: number;
  token: string;
}

export interface Listener {
  /** A change came; throw if it cannot be applied: the document then begins anew. */
  onChange(change: Change): void;
  /** Nothing more of the document comes; why: "deleted", "not-found", … */
  onEnd(docid: string, reason: string): void;
  onState(state: State, detail: string): void;
  /** A change was not what the wire format says, or could not be applied. */
  onError(error: unknown): void;
  /** The server does not let this page read the document: 401, 403. It is not asked for again. */
  onRefused(status: number, docid: string): void;
}

/** A connection to one server: gets every change of its documents in order, whatever happens on the way. */
export class Connection {
  readonly #documents = new Map<string, Followed>();
  /** Documents to be asked for one by one, because the server refused them together and did not say which. */
  #suspects: string[] = [];
  /** They were asked for one by one, and none was refused. */
  #cleared = false;
  // Servers notice late that a stream was left: a notebook whose cells come one by one would leave many.
  readonly #changed: Gatherer;
  readonly #modes: ModeChooser;
  readonly #backOff: BackOff;
  readonly #errors: BackOff;
  readonly #pause = new Pause();
  #request = new AbortController();
  /** What the request is about. */
  #asking: Followed[] = [];
  #heard = 0;
  #contact = false;
  #atLeastMs = 0;
  #pollMs: number;
  #finished = false;
  #resting = false;

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
    this.#changed = new Gatherer(timing.gatherMs, timing.maxGatherMs, () => this.#askAnew());
    this.#pollMs = timing.pollMs;
    for (const document of documents) this.#documents.set(document.docid, { ...document });
  }

  /** Follow the documents until all of them have ended, were left, or are refused by the server. */
  async run(): Promise<void> {
    const over = new AbortController();
    const { signal } = over;
    addEventListener("online", () => this.#wake(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake(), { signal });
    while (this.#documents.size > 0) await this.#next();
    this.#finished = true;
    this.#changed.stop();
    over.abort();
  }

  /** Whether one more document can be followed with this token, too. */
  hasRoom(token: string): boolean {
    if (this.#finished || this.#documents.size >= MAX_DOCUMENTS) return false;
    const bytes = [...this.#documents.values()].reduce((sum, { token }) => sum + token.length + 1, 0);
    return bytes + token.length <= MAX_TOKEN_BYTES;
  }

  has(docid: string): boolean {
    return this.#documents.has(docid);
  }

  /** The token of a document as it is now; "" if that is not followed any more. */
  token(docid: string): string {
    return this.#documents.get(docid)?.token ?? "";
  }

  /**
   * Nobody sees the page: so it holds no connection open, of which browsers have six for a server, and asks now and
   * then.
   */
  rest(isResting: boolean): void {
    if (isResting === this.#resting) return;
    this.#resting = isResting;
    if (isResting) this.#request.abort();
    else this.#pause.wake();
  }

  /** Follow one more document; those that come in the same moment cost one new request together. */
  follow(document: Followed): void {
    this.#documents.set(document.docid, { ...document });
    this.#changed.soon();
  }

  /** Follow a document no longer. */
  leave(docid: string): void {
    if (!this.#documents.delete(docid)) return;
    if (this.#documents.size > 0) return this.#changed.later();
    this.#request.abort();
    this.#pause.wake();
  }

  /** Ask anew, unless the request is about the documents that are wanted. */
  #askAnew(): void {
    const wanted = [...this.#documents.values()];
    const same = wanted.length === this.#asking.length && wanted.every((one) => this.#asking.includes(one));
    if (!same) this.#request.abort();
  }

  async #next(): Promise<void> {
    const wait = await this.#once();
    if (this.#documents.size === 0) return;
    await this.#pause.sleep(wait);
    const more = this.#atLeastMs;
    this.#atLeastMs = 0;
    if (more > 0) await this.#pause.sleep(more);
  }

  /** Get a document from the beginning, because what the page has of it is of no use: for an error, or as it is. */
  restart(docid: string, error: unknown): void {
    const followed = this.#documents.get(docid);
    if (!followed) return;
    followed.after = 0;
    if (error !== null) this.#failedToApply(error);
    this.#request.abort();
  }

  #wake(): void {
    this.#pause.wake();
    if (performance.now() - this.#heard > this.timing.sleptMs) this.#request.abort();
  }

  /** One request; returns how many milliseconds to wait before the next. */
  async #once(): Promise<number> {
    const started = performance.now();
    const asked = this.#asking = this.#toAsk();
    const alone = this.#suspects.length > 0;
    const rests = this.#resting;
    const mode = alone || rests ? "poll" : this.#modes.next(started);
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const outcome = await readChanges({
        url: this.#url(asked, mode),
        tokens: [...new Set(asked.map(({ token }) => token).filter(Boolean))],
        firstByteMs: this.#firstByteMs(mode),
        silenceMs: this.timing.silenceMs,
        signal,
        ahead: this.ahead,
        onByte: () => this.#byte(mode),
        onChange: (change) => this.#change(change, asked),
      });
      if (signal.aborted) return 0;
      if (alone) return outcome.ended ? this.#passed() : this.#failed();
      if (outcome.began) this.#cleared = false;
      if (rests && outcome.ended) return this.#resting ? this.timing.restMs : 0;
      return this.#done(mode, outcome, performance.now() - started);
    } catch (error) {
      if (error instanceof Refused) return this.#refused(error, asked);
      for (const followed of this.#documents.values()) followed.after = 0;
      this.#failedToApply(error);
      return 0;
    }
  }

  #failedToApply(error: unknown): void {
    this.#atLeastMs = this.#errors.next();
    this.listener.onError(error);
  }

  /** A stream's first bytes come at once; other answers may be late for honest reasons. */
  #firstByteMs(mode: Mode): number {
    return mode === "stream" ? this.timing.heldBackMs : this.timing.silenceMs;
  }

  /** All documents, or the next one that is to be asked for alone. */
  #toAsk(): Followed[] {
    this.#suspects = this.#suspects.filter((docid) => this.#documents.has(docid));
    const suspect = this.#documents.get(this.#suspects[0] ?? "");
    return suspect ? [suspect] : [...this.#documents.values()];
  }

  #url(asked: Followed[], mode: Mode): string {
    const query = new URLSearchParams();
    for (const { docid, after } of asked) query.append("doc", `${docid}:${after}`);
    query.append("page", pageId);
    query.append("wait", { stream: "stream", "long-poll": `${this.timing.longPollS}`, poll: "0" }[mode]);
    return `${this.base}changes?${query}`;
  }

  #byte(mode: Mode): void {
    this.#heard = performance.now();
    this.#contact = true;
    this.listener.onState("live", NAMES[mode]);
  }

  #change(change: Change, asked: Followed[]): void {
    const followed = this.#documents.get(change.doc);
    // After restart() the rest of what has already come is of no use, nor is it to who left and came again.
    if (!followed || !asked.includes(followed) || this.#request.signal.aborted) return;
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
    const state = away ? "offline" : this.#contact ? "reconnecting" : "connecting";
    this.listener.onState(state, away ? "the server cannot be reached; trying again" : "the connection was lost");
    return wait;
  }

  /** It was asked for alone, and the server gave it: it is not the one. */
  #passed(): number {
    this.#suspects.shift();
    this.#cleared = this.#suspects.length === 0;
    return 0;
  }

  #refused({ status, docid, isOurs }: Refused, asked: Followed[]): number {
    // Who has to sign in somewhere on the way gets there when the page is loaded again.
    if (status !== 401 && !(status === 403 && isOurs)) return this.#failed();
    const culprit = asked.length === 1 ? asked[0]!.docid : docid;
    if (culprit !== null && this.#documents.delete(culprit)) this.listener.onRefused(status, culprit);
    else if (this.#cleared) {
      this.#cleared = false;
      return this.#failed();
    } else this.#suspects = asked.map(({ docid }) => docid);
    return 0;
  }
}
