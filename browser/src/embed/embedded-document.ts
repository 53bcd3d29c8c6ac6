import type { BokehDocument } from "../bokehjs/bokeh";
import { BackOff } from "../connection/back-off";
import { TIMING } from "../connection/timing";
import type { LiveDocument } from "../document/live-document";
import { undrawnMessage } from "../document/messages";
import type { Failure } from "../lazy/failure";
import type { EmbedPlace } from "./embed-place";

/** A document in a host page, shown in one or more places. Each place has a token. */
export class EmbeddedDocument {
  readonly places = new Set<EmbedPlace>();
  readonly #failures = new BackOff(TIMING.errorMs, TIMING.maxErrorMs, TIMING.calmMs);
  readonly #tokens: string[] = [];

  constructor(readonly docid: string, readonly live: LiveDocument) {}

  /** BokehJS's document; null before it is drawn. */
  get document(): BokehDocument | null {
    return this.live.document;
  }

  /** The last change that is drawn. */
  get seq(): number {
    return this.live.seq;
  }

  /** The token in use; undefined if all were refused. */
  get token(): string | undefined {
    return this.#tokens[0];
  }

  show(place: EmbedPlace, token: string): void {
    if (!this.#tokens.includes(token)) this.#tokens.push(token);
    this.places.add(place);
    void this.live.show(place);
  }

  /** Returns whether this was the last place. */
  hide(place: EmbedPlace): boolean {
    this.places.delete(place);
    return this.live.hide(place) === 0;
  }

  /** How long to wait before reloading the document after a failure. */
  waitMs(): number {
    return this.#failures.next();
  }

  /** Remove the refused token. */
  dropToken(): void {
    this.#tokens.shift();
  }

  /** Show in each place which of its roots cannot be drawn. */
  showUndrawn(failures: readonly Failure[]): void {
    for (const place of this.places) {
      const own = failures.filter(({ root }) => this.#isFor(place, root));
      if (own.length > 0) place.show(undrawnMessage(own));
    }
  }

  #isFor({ only }: EmbedPlace, root: string): boolean {
    return only === null || root === "" || root === only || this.document?.get_model_by_id(root)?.name === only;
  }

  /** Show a notice in all places. */
  notify(text: string): void {
    for (const place of this.places) place.show(text);
  }
}
