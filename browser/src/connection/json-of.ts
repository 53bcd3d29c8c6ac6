/** The JSON object that an answer is; an empty one if it is something else, or was cut. */
export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const told: unknown = await response.json().catch(() => null);
  return told !== null && typeof told === "object" ? told as Record<string, unknown> : {};
}
