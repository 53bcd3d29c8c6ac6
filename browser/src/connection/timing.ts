/** Everything about the connection that is a time or a count of tries. */
export interface Timing {
  /** How long to ask the server to hold a long poll. */
  longPollS: number;
  /** No first byte of an answer that is due at once for so long: something on the way holds it back. */
  heldBackMs: number;
  /** No byte for so long: the connection is dead, whatever the browser thinks. */
  silenceMs: number;
  /** Between failed attempts: a random part of the first, doubled with each, up to the longest. */
  backOffMs: number;
  maxBackOffMs: number;
  /** The same, before a document that could not be shown is fetched anew. */
  errorMs: number;
  maxErrorMs: number;
  /** An error after so long without one is a new one. */
  calmMs: number;
  /** A stream that lived so long was a good one. */
  goodMs: number;
  /** Streams cut sooner than `shortMs`, `cuts` times in a row, are cut by something that does so to all. */
  shortMs: number;
  cuts: number;
  /** When to try a stream again; at first soon, in case it was only a bad moment. */
  retryMs: number;
  maxRetryMs: number;
  /** Between polls: shortest after news, then longer by `pollGrowth` to the longest. */
  pollMs: number;
  maxPollMs: number;
  pollGrowth: number;
  /** Between polls of a page that nobody sees. */
  restMs: number;
  /** After so many failed attempts a person is told that the server is away. */
  offlineAfter: number;
  /** Documents that are added within so long are asked for together; while more and more come, up to the longest. */
  gatherMs: number;
  maxGatherMs: number;
  /** A page that wakes up, or is online again, after so long does not wait for the silence to be noticed. */
  sleptMs: number;
}

export const TIMING: Timing = {
  longPollS: 25,
  heldBackMs: 4_000,
  // The server sends a heartbeat every 15 s at the latest.
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
