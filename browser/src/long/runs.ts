/** Rows [from, to). */
export type Run = readonly [from: number, to: number];

/** Consecutive rows among these, of so many rows. */
export function runsOf(indices: readonly number[], rows: number): Run[] {
  const sorted = Int32Array.from(indices).sort();
  const runs: [number, number][] = [];
  for (const row of sorted) {
    const last = runs.at(-1);
    if (last && last[1] === row) last[1]++;
    else if (row < rows) runs.push([row, row + 1]);
  }
  return runs;
}

/** The runs between these, each with the rows next to it: lines lead up to them. */
export function between(runs: readonly Run[], rows: number): Run[] {
  const others: Run[] = [];
  let from = 0;
  for (const [start, end] of [...runs, [rows, rows] as const]) {
    if (start > from) others.push([Math.max(0, from - 1), Math.min(rows, start + 1)]);
    from = end;
  }
  return others;
}
