import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import type { Graph, Patch } from "../src/graph/graph";
import { fold } from "../src/lazy/fold";

interface Case {
  name: string;
  graph: Graph;
  patches: Patch[];
  /** The server's graph after the patches. */
  after: Graph;
}

const cases = JSON.parse(readFileSync(process.env.CASES!, "utf8")) as Case[];

for (const { name, graph, patches, after } of cases) {
  test(name, () => {
    for (const patch of patches) fold(graph, patch);
    // Unreferenced models may stay.
    const models = Object.fromEntries(Object.keys(after.models).map((id) => [id, graph.models[id]]));
    assert.deepEqual({ ...graph, models }, after);
  });
}
