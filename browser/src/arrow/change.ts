import type { Op } from "./op";

/** A whole step of a document's history: its ops, and what the COMMIT row said. */
export interface Change {
  doc: string;
  seq: number;
  ops: Op[];
  meta: { token?: string; end?: string };
}
