import { BackOff } from "../connection/back-off";
import { jsonOf, pageId } from "../connection/requests";
import { FrameScheduler } from "../dom/frame-scheduler";
import type { Edit } from "./edit";
import { EditQueue } from "./queue";

const BACK_OFF_MS = 300;
const MAX_BACK_OFF_MS = 5_000;
/** An answer that takes longer than this does not come: the batch is sent again. */
const TIMEOUT_MS = 30_000;
/** After so many tries somebody should know. */
const LATE = 4;
/** What these say is not about one edit. */
const FOR_ALL = new Set([401, 403, 404]);
/** What these say is not about edits at all. */
const NOT_NOW = new Set([408, 429]);
/** What a page that is closed may still send. */
const LAST_BYTES = 60_000;

export interface SenderEvents {
  /** The server has made the edits change `seq`. */
  taken(edits: readonly Edit[], seq: number): void;
  /** It will not take something, for this reason; the rest goes on, unless the page may not change anything. */
  refused(status: number, message: string): void;
  /** It has not answered for a while, and is asked on; why. */
  late(why: string): void;
}

/** What the server has said: of a batch that it took, a seq. */
interface Answer {
  ok: boolean;
  status: number;
  seq?: number;
  error?: string;
  message?: string;
}

/** Brings the edits of one document to the server: in order, one batch at a time, each of them once. */
export class EditSender {
  readonly #queue = new EditQueue();
  /** Edits of a batch that was refused: each on its own, so that only what is wrong is lost. */
  #alone: Edit[] = [];
  #refusal: [number, string] | null = null;
  readonly #backOff = new BackOff(BACK_OFF_MS, MAX_BACK_OFF_MS);
  #sent: readonly Edit[] = [];
  /** What is on its way: its body and key. */
  #onItsWay: [string, string] = ["", ""];
  /** What belongs together is one batch. */
  readonly #scheduler = new FrameScheduler(() => {
    if (this.#isFree) void this.#send();
  });
  #batches = 0;
  /** Of the batches that count: a refusal begins anew. */
  #round = 0;

  /** Of the document that the edits are made in. */
  #generation = "";

  constructor(
    private readonly url: string,
    private readonly token: () => string,
    private readonly events: SenderEvents,
  ) {
    addEventListener("pagehide", this.#leave);
  }

  /** Edits that the server has not answered yet, in order. */
  get open(): readonly Edit[] {
    return [...this.#sent, ...this.#alone, ...this.#queue.waiting];
  }

  add(edit: Edit): void {
    this.#queue.add(edit);
    this.#schedule();
  }

  /** The document begins anew; if it is another generation, what was done in the one before is nobody's business. */
  begin(generation: string): void {
    if (generation !== this.#generation) this.#drop();
    this.#generation = generation;
  }

  #drop(): void {
    this.#round++;
    this.#queue.clear();
    this.#sent = this.#alone = [];
  }

  /** Whether there is something to be sent, and nothing on its way. */
  get #isFree(): boolean {
    return this.#sent.length === 0 && (this.#alone.length > 0 || !this.#queue.isEmpty);
  }

  #take(): Edit[] {
    return this.#alone.length > 0 ? [this.#alone.shift()!] : this.#queue.take();
  }

  #schedule(): void {
    if (this.#isFree) this.#scheduler.schedule();
  }

  async #send(): Promise<void> {
    const round = this.#round;
    const edits = this.#sent = this.#take();
    const [body, key] = this.#onItsWay = [this.#body(edits), `${pageId} ${++this.#batches}`];
    for (;;) {
      const answer = await this.#post(body, key);
      if (round !== this.#round) return;
      if (typeof answer !== "string") {
        this.#backOff.reset();
        if (!answer.ok) return this.#refused(edits, answer);
        this.#sent = [];
        this.events.taken(edits, answer.seq!);
        return this.#next();
      }
      const pause = this.#backOff.next();
      if (this.#backOff.failures >= LATE) this.events.late(answer);
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (round !== this.#round) return;
    }
  }

  #refused(edits: Edit[], { status, error, message = `the server answered ${status}` }: Answer): void {
    // The document began anew: the page will show it soon.
    if (error === "generation") return this.#drop();
    this.#sent = [];
    if (FOR_ALL.has(status)) {
      this.#drop();
      return this.events.refused(status, message);
    }
    if (edits.length > 1) this.#alone = edits.slice();
    else if (this.#refusal?.[0] !== 400) this.#refusal = [status, message];
    this.#next();
  }

  #next(): void {
    if (this.#refusal && this.#alone.length === 0) {
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
   * The server's answer; or why there is none. What says neither that it took the edits nor that it did not (a page to
   * sign in at, half an answer) is none: nobody knows whether it has them, and by the key it will tell.
   */
  async #post(body: string, key: string): Promise<Answer | string> {
    try {
      const response = await fetch(this.url, { ...this.#request(body, key), signal: AbortSignal.timeout(TIMEOUT_MS) });
      const { ok, status } = response;
      if (status >= 500 || NOT_NOW.has(status)) return `the server answered ${status}`;
      const told = await jsonOf(response);
      if (!ok) return { ...told, ok, status };
      return Number.isInteger(told.seq) ? { seq: told.seq as number, ok, status } : "what answered is no plot server";
    } catch {
      return "nobody answered";
    }
  }

  #request(body: string, key: string): RequestInit {
    return {
      method: "POST",
      // As text, without headers: a browser would ask the server each time whether those are welcome.
      body: `${this.token()}\n${key}\n${body}`,
      cache: "no-store",
      credentials: "omit",
    };
  }

  /** The page goes: what is on its way is sent once more, and then what waits, without waiting for answers. */
  #leave = (): void => {
    const [sent, key] = this.#onItsWay;
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
