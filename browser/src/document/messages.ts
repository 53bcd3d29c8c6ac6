import type { Failure } from "../lazy/failure";
import type { ModelStatus } from "./document-view";

// Texts for the viewer.

const MODEL: Record<Exclude<ModelStatus, "shown">, string> = {
  "no-picture": "“NAME” is part of this document, but no plot, widget or layout that can be shown alone.",
  missing: "This document has nothing (any more) with the id or name “NAME”.",
};

/** Why the requested model is not shown; null if it is. */
export function modelMessage(status: ModelStatus, name: string): string | null {
  return status === "shown" ? null : MODEL[status].replace("NAME", () => name);
}

const LAST = "You see its last state.";

/** By the reason of the server. */
const ENDED: Record<string, string> = {
  deleted: `This document was deleted. ${LAST}`,
  "not-found": "There is no such document here; it may have been deleted.",
  unpublished: `This document is not public any more. ${LAST}`,
  unshared: `This document is not shared with you any more. ${LAST}`,
  withdrawn: `The links and embed codes of this document that had been given out were withdrawn. ${LAST}`,
  "signed-out": "You signed out. Sign in again to see this document live.",
  disabled: `The account that this document was shown to was disabled. ${LAST}`,
};

/** Why a document gets no more changes. */
export function endedMessage(reason: string): string {
  return ENDED[reason] ?? `The server ended this document: ${reason}.`;
}

/** What cannot be drawn. */
export function undrawnMessage(failures: readonly Failure[]): string {
  return `${failures.map(({ text }) => text).join(". ")}. It will be tried again when that changes.`;
}

/** Why a document is reloaded. */
export function failedMessage(error: unknown): string {
  return `A change could not be shown, so the document is being reloaded. (${errorText(error)})`;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
