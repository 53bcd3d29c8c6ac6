/** What cannot be drawn, for people. */
export function undrawnWords(texts: readonly string[]): string {
  return `${texts.join(". ")}. It will be tried again when that changes.`;
}
