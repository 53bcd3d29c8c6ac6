/** This page's name for itself, by which the server counts it once and knows what it has sent already. */
export const pageId = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(36)).join("");
