import type { BokehDocument } from "../bokehjs/bokeh";
import { BackOff } from "../connection/back-off";
import { TIMING } from "../connection/timing";
import type { LiveDocument } from "../document/live-document";
import { undrawnWords } from "../document/words";
import type { Failure } from "../lazy/failure";
import type { EmbedPlace } from "./embed-place";

/** A document in a host page: shown in one or more places, of which each brought a token. */
export class EmbeddedDocument {
  readonly places = new Set<EmbedPlace>();
  readonly #failures = new BackOff(TIMING.errorMs, TIMING.maxErrorMs, TIMING.calmMs);
  readonly #tokens: string[] = [];

  constructor(readonly docid: string, readonly live: LiveDocument) {}

  /** BokehJS's document; null before it is drawn. */
  get document(): BokehDocument | null {
    return this.live.document;
  }

  /** The last change that can be seen. */
  get seq(): number {
    return this.live.seq;
  }

  /** The token to use; undefined if all were refused. */
  get token(): string | undefined {
    return this.#tokens[0];
  }

  show(place: EmbedPlace, token: string): void {
    if (!this.#tokens.includes(token)) this.#tokens.push(token);
    this.places.add(place);
    void this.live.show(place);
  }

  /** Returns whether that was its last place. */
  hide(place: EmbedPlace): boolean {
    this.places.delete(place);
    return this.live.hide(place) === 0;
  }

  /** It could not be shown: how long to wait before it begins anew. */
  waitMs(): number {
    return this.#failures.next();
  }

  /** The token does not work: forget it. */
  dropToken(): void {
    this.#tokens.shift();
  }

  /** Tell places what of that which they are to show cannot be drawn. */
  tellUndrawn(failures: readonly Failure[]): void {
    for (const place of this.places) {
      const own = failures.filter(({ root }) => this.#isFor(place, root));
      if (own.length > 0) place.tell(undrawnWords(own));
    }
  }

  #isFor({ only }: EmbedPlace, root: string): boolean {
    return only === null || root === "" || root === only || this.document?.get_model_by_id(root)?.name === only;
  }

  tell(text: string): void {
    for (const place of this.places) place.tell(text);
  }
}
