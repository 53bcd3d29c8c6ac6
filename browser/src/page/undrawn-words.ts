import type { Failure } from "../seldom/in-part";

/** What cannot be drawn, for people. */
export function undrawnWords(failures: readonly Failure[]): string {
  return `${failures.map(({ text }) => text).join(". ")}. It will be tried again when that changes.`;
}
