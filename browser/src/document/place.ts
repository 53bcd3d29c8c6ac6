/** How it stands with the model that a place is to show: there, there but nothing to look at, or not there. */
export type Found = "shown" | "no-picture" | "missing";

/** Where a document, or one model of it, is shown. */
export interface Place {
  readonly element: HTMLElement;
  /** Id or name of the one model to show; null: the whole document. */
  readonly only: string | null;
  found(what: Found): void;
}
