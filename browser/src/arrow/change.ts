import type { Op } from "./op";

/** A whole step of a document's history: its ops, and what the COMMIT row said. */
export interface Change {
  doc: string;
  seq: number;
  ops: Op[];
  meta: { token?: string; end?: string };
  /** Where ops are being decoded ahead: settled when they all are; rejects with ChunkError. */
  ready: Promise<void> | null;
}
