import type { Op } from "./op";

/** Copy an op's chunks out of what was read: they stay good however long the op has to wait. */
export function ownBuffers(op: Op): void {
  op.buffers = op.buffers.map((chunk) => chunk.slice());
}
