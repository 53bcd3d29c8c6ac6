/** This page's name for itself, by which the server counts it once and knows what it has sent already. */
export const pageId = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(36)).join("");

/** The JSON object that an answer is; an empty one if it is something else, or was cut. */
export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const told: unknown = await response.json().catch(() => null);
  return told !== null && typeof told === "object" ? told as Record<string, unknown> : {};
}

/** An answer other than 2xx. */
export class Refused extends Error {
  override name = "Refused";

  /**
   * `docid`: which of several documents it is about, if the server says so. `isOurs`: the plot server says it, and not
   * something between.
   */
  constructor(readonly status: number, readonly docid: string | null = null, readonly isOurs = true) {
    super(`the server answered ${status}`);
  }
}
