/** A random id of this page. The server uses it to count viewers and to recognise repeated requests. */
export const pageId = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(36)).join("");

/** The JSON object in a response; an empty one if there is none, or it was cut. */
export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const json: unknown = await response.json().catch(() => null);
  return json !== null && typeof json === "object" ? json as Record<string, unknown> : {};
}

/** A response with a status other than 2xx. */
export class Refused extends Error {
  override name = "Refused";

  /**
   * `docid`: the refused document, if the server names it. `isOurs`: the response is from the plot server, not from a
   * proxy.
   */
  constructor(readonly status: number, readonly docid: string | null = null, readonly isOurs = true) {
    super(`the server answered ${status}`);
  }
}
