import type { Failure } from "../lazy/failure";
import type { Found } from "./document-view";

const WORDS: Record<Exclude<Found, "shown">, string> = {
  "no-picture": "“NAME” is part of this document, but no plot, widget or layout that can be shown alone.",
  missing: "This document has nothing (any more) with the id or name “NAME”.",
};

/** Why the one model that is to be shown is not, for people; null if it is. */
export function foundWords(what: Found, name: string): string | null {
  return what === "shown" ? null : WORDS[what].replace("NAME", () => name);
}

const LAST = "What you see here is the last of it.";

/** By the reason that the server gives. */
const ENDED: Record<string, string> = {
  deleted: `This document was deleted. ${LAST}`,
  "not-found": "There is no such document here; it may have been deleted.",
  unpublished: `This document is not public any more. ${LAST}`,
  unshared: `This document is not shared with you any more. ${LAST}`,
  withdrawn: `The links and embed codes of this document that had been given out were withdrawn. ${LAST}`,
  "signed-out": "You signed out. Sign in again to see this document live.",
  disabled: `The account that this document was shown to was disabled. ${LAST}`,
};

/** Why nothing more of a document comes, for people. */
export function ended(reason: string): string {
  return ENDED[reason] ?? `The server ended this document: ${reason}.`;
}

/** What cannot be drawn, for people. */
export function undrawnWords(failures: readonly Failure[]): string {
  return `${failures.map(({ text }) => text).join(". ")}. It will be tried again when that changes.`;
}

/** Why a document is fetched anew, for people. */
export function failedWords(error: unknown): string {
  return `A change could not be shown, so the document is being fetched anew. (${messageOf(error)})`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
