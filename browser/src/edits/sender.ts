import { BackOff } from "../connection/back-off";
import { jsonOf, pageId } from "../connection/requests";
import { FrameScheduler } from "../dom/frame-scheduler";
import type { Edit } from "./edit";
import { EditQueue } from "./queue";

const BACK_OFF_MS = 300;
const MAX_BACK_OFF_MS = 5_000;
/** After this long without a response the batch is sent again. */
const TIMEOUT_MS = 30_000;
/** After this many attempts the viewer is told. */
const LATE = 4;
/** Statuses that concern all edits of the document. */
const FOR_ALL = new Set([401, 403, 404]);
/** Statuses after which the batch is sent again. */
const NOT_NOW = new Set([408, 429]);
/** Largest body that a closing page sends. */
const LAST_BYTES = 60_000;

/** Callbacks of an EditSender. */
export interface SenderEvents {
  /** The server accepted edits as change `seq`. */
  accepted(edits: readonly Edit[], seq: number): void;
  /** The server refused an edit. The others go on, unless the page may change nothing. */
  refused(status: number, message: string): void;
  /** The server has not answered several attempts; sending goes on. */
  late(why: string): void;
}

/** The server's response; `seq` if it accepted the batch. */
interface Answer {
  ok: boolean;
  status: number;
  seq?: number;
  error?: string;
  message?: string;
}

/** Sends the edits of one document to the server, in order, one batch at a time, each exactly once. */
export class EditSender {
  readonly #queue = new EditQueue();
  /** Edits of a refused batch, to be sent one by one, so that only wrong ones are lost. */
  #single: Edit[] = [];
  #refusal: [number, string] | null = null;
  readonly #backOff = new BackOff(BACK_OFF_MS, MAX_BACK_OFF_MS);
  #sent: readonly Edit[] = [];
  /** Body and key of the last batch. */
  #lastRequest: [string, string] = ["", ""];
  /** Collects edits into batches. */
  readonly #scheduler = new FrameScheduler(() => {
    if (this.#canSend) void this.#send();
  });
  #batches = 0;
  /** Changes when all edits are dropped: responses to earlier batches are ignored. */
  #round = 0;
  /** Generation of the document that the edits change. */
  #generation = "";

  constructor(
    private readonly url: string,
    private readonly token: () => string,
    private readonly events: SenderEvents,
  ) {
    addEventListener("pagehide", this.#leave);
  }

  /** Edits that the server has not answered, in order. */
  get open(): readonly Edit[] {
    return [...this.#sent, ...this.#single, ...this.#queue.waiting];
  }

  add(edit: Edit): void {
    this.#queue.add(edit);
    this.#schedule();
  }

  /** The document was loaded; edits of another generation are dropped. */
  begin(generation: string): void {
    if (generation !== this.#generation) this.#drop();
    this.#generation = generation;
  }

  #drop(): void {
    this.#round++;
    this.#queue.clear();
    this.#sent = this.#single = [];
  }

  /** Whether there are edits to send and none is being sent. */
  get #canSend(): boolean {
    return this.#sent.length === 0 && (this.#single.length > 0 || !this.#queue.isEmpty);
  }

  #take(): Edit[] {
    return this.#single.length > 0 ? [this.#single.shift()!] : this.#queue.take();
  }

  #schedule(): void {
    if (this.#canSend) this.#scheduler.schedule();
  }

  async #send(): Promise<void> {
    const round = this.#round;
    const edits = this.#sent = this.#take();
    const [body, key] = this.#lastRequest = [this.#body(edits), `${pageId} ${++this.#batches}`];
    for (;;) {
      const answer = await this.#post(body, key);
      if (round !== this.#round) return;
      if (typeof answer !== "string") {
        this.#backOff.reset();
        if (!answer.ok) return this.#refused(edits, answer);
        this.#sent = [];
        this.events.accepted(edits, answer.seq!);
        return this.#next();
      }
      const pause = this.#backOff.next();
      if (this.#backOff.failures >= LATE) this.events.late(answer);
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (round !== this.#round) return;
    }
  }

  #refused(edits: Edit[], { status, error, message = `the server answered ${status}` }: Answer): void {
    // The document was replaced; the page will load it soon.
    if (error === "generation") return this.#drop();
    this.#sent = [];
    if (FOR_ALL.has(status)) {
      this.#drop();
      return this.events.refused(status, message);
    }
    if (edits.length > 1) this.#single = edits.slice();
    else if (this.#refusal?.[0] !== 400) this.#refusal = [status, message];
    this.#next();
  }

  #next(): void {
    if (this.#refusal && this.#single.length === 0) {
      const [status, message] = this.#refusal;
      this.#refusal = null;
      this.events.refused(status, message);
    }
    this.#schedule();
  }

  #body(edits: Edit[]): string {
    return JSON.stringify({ edits, generation: this.#generation });
  }

  /**
   * The server's answer, or why there is none. A response that is not the plot server's JSON (a sign-in page, a cut one)
   * is none: the batch is sent again, and its key prevents that it is applied twice.
   */
  async #post(body: string, key: string): Promise<Answer | string> {
    try {
      const response = await fetch(this.url, { ...this.#request(body, key), signal: AbortSignal.timeout(TIMEOUT_MS) });
      const { ok, status } = response;
      if (status >= 500 || NOT_NOW.has(status)) return `the server answered ${status}`;
      const json = await jsonOf(response);
      if (!ok) return { ...json, ok, status };
      return Number.isInteger(json.seq) ? { seq: json.seq as number, ok, status } : "the answer is not the plot server's";
    } catch {
      return "no answer";
    }
  }

  #request(body: string, key: string): RequestInit {
    return {
      method: "POST",
      // As text without headers: others need a CORS preflight request each time.
      body: `${this.token()}\n${key}\n${body}`,
      cache: "no-store",
      credentials: "omit",
    };
  }

  /** The page closes: send the current batch again, then the queue, without waiting for answers. */
  #leave = (): void => {
    const [sent, key] = this.#lastRequest;
    if (this.#sent.length > 0) this.#last(sent, key);
    for (let edits = this.#take(); edits.length > 0; edits = this.#take()) {
      this.#last(this.#body(edits), `${pageId} ${++this.#batches}`);
    }
  };

  #last(body: string, key: string): void {
    if (body.length > LAST_BYTES) return;
    void fetch(this.url, { ...this.#request(body, key), keepalive: true }).catch(() => {});
  }
}
