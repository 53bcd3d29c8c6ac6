import type { Found } from "../document/place";

const WORDS: Record<Exclude<Found, "shown">, string> = {
  "no-picture": "“NAME” is part of this document, but no plot, widget or layout that can be shown alone.",
  missing: "This document has nothing (any more) with the id or name “NAME”.",
};

/** Why the one model that is to be shown is not, for people; null if it is. */
export function foundWords(what: Found, name: string): string | null {
  return what === "shown" ? null : WORDS[what].replace("NAME", () => name);
}
