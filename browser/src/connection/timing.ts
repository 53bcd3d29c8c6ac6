/** All times and attempt counts of the connection. */
export interface Timing {
  /** How long the server may delay the response to a long poll. */
  longPollS: number;
  /** After this long without the first byte of a stream, a proxy is assumed to buffer it. */
  heldBackMs: number;
  /** After this long without a byte the connection is given up. */
  silenceMs: number;
  /** Between failed attempts: a random part of this, doubled with each, up to the maximum. */
  backOffMs: number;
  maxBackOffMs: number;
  /** The same, before a document that could not be shown is reloaded. */
  errorMs: number;
  maxErrorMs: number;
  /** After this long without an error, delays start again at `errorMs`. */
  calmMs: number;
  /** A stream that lasted this long worked. */
  goodMs: number;
  /** After `cuts` streams in a row were cut before `shortMs`, streams are assumed not to work. */
  shortMs: number;
  cuts: number;
  /** When to try a stream again: doubled with each failure, up to the maximum. */
  retryMs: number;
  maxRetryMs: number;
  /** Between polls: `pollMs` after a change, then multiplied by `pollGrowth`, up to the maximum. */
  pollMs: number;
  maxPollMs: number;
  pollGrowth: number;
  /** Between polls of a page that is not visible. */
  restMs: number;
  /** After this many failed attempts the state is "offline". */
  offlineAfter: number;
  /** Documents added within this time share a request; it grows, up to the maximum, while more are added. */
  gatherMs: number;
  maxGatherMs: number;
  /** After this long without a byte, a page that becomes visible or online makes a new request. */
  sleptMs: number;
}

export const TIMING: Timing = {
  longPollS: 25,
  heldBackMs: 4_000,
  // The server sends a heartbeat at least every 15 s.
  silenceMs: 40_000,
  backOffMs: 500,
  maxBackOffMs: 10_000,
  errorMs: 1_000,
  maxErrorMs: 30_000,
  calmMs: 60_000,
  goodMs: 5_000,
  shortMs: 35_000,
  cuts: 3,
  retryMs: 30_000,
  maxRetryMs: 600_000,
  pollMs: 100,
  maxPollMs: 1_000,
  pollGrowth: 1.5,
  restMs: 5_000,
  offlineAfter: 4,
  gatherMs: 30,
  maxGatherMs: 2_000,
  sleptMs: 20_000,
};
