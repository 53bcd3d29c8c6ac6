import assert from "node:assert/strict";
import test from "node:test";
import { columnEdits, copyOf, isSame } from "../src/edits/column-diff";
import type { Edit } from "../src/edits/edit";
import { EditConflicts } from "../src/edits/edit-conflicts";
import { EditQueue } from "../src/edits/queue";

const set = (attr: string, value: unknown): Edit => ({ kind: "ModelChanged", model: { id: "p1" }, attr, new: value });
const click: Edit = { kind: "MessageSent", msg_type: "bokeh_event", msg_data: { name: "button_click" } };

function queued(...edits: Edit[]): Edit[][] {
  const queue = new EditQueue();
  for (const edit of edits) queue.add(edit);
  const batches = [];
  while (!queue.isEmpty) batches.push(queue.take());
  return batches;
}

test("only the last value of an attribute is sent", () => {
  assert.deepEqual(queued(set("a", 1), set("b", 2), set("a", 3)), [[set("b", 2), set("a", 3)]]);
});

test("a batch ends with events, and a value does not overtake one", () => {
  assert.deepEqual(queued(set("a", 1), click, click, set("a", 2), set("a", 3)), [[set("a", 1), click, click], [set("a", 3)]]);
  assert.deepEqual(queued(click, set("a", 1)), [[click], [set("a", 1)]]);
});

test("a value with a new model is sent, even if a later one only references that", () => {
  const brings = set("a", [{ type: "object", name: "Span", id: "s1" }]);
  const mentions = set("a", [{ id: "s1" }, { type: "object", name: "Span", id: "s2" }]);
  assert.deepEqual(queued(brings, mentions), [[brings, mentions]]);
});

/** A page's edits of attribute "a". */
class Scenario {
  open: Edit[] = [];
  readonly conflicts = new EditConflicts<number>(() => this.open);

  receive(seq: number, value: number): boolean {
    return this.conflicts.admits("p1 a", seq, value);
  }

  taken(seq: number, seen: number): number[] {
    const edits = this.open.splice(0);
    return this.conflicts.accepted(edits, seq, seen);
  }
}

test("a value from the server is shown if the page has no edits", () => {
  assert.equal(new Scenario().receive(5, 1), true);
});

test("a value received during an edit waits for its answer", () => {
  const scene = new Scenario();
  scene.open.push(set("a", 9));
  assert.equal(scene.receive(5, 1), false);
  assert.equal(scene.receive(7, 2), false);
  // The edit became change 6: 7 is later.
  assert.deepEqual(scene.taken(6, 7), [2]);
  assert.equal(scene.receive(8, 3), true);
});

test("values up to the page's own change are not shown", () => {
  const scene = new Scenario();
  scene.open.push(set("a", 9));
  assert.equal(scene.receive(5, 1), false);
  assert.deepEqual(scene.taken(7, 5), []);
  assert.equal(scene.receive(6, 2), false);
  assert.equal(scene.receive(7, 9), false);
  scene.conflicts.received(7);
  assert.equal(scene.conflicts.has("p1 a"), false);
  assert.equal(scene.receive(8, 3), true);
});

test("a newer edit of the same attribute still holds values back", () => {
  const scene = new Scenario();
  scene.open.push(set("a", 9));
  const first = scene.open.splice(0);
  scene.open.push(set("a", 10));
  assert.deepEqual(scene.conflicts.accepted(first, 5, 4), []);
  assert.equal(scene.receive(6, 2), false);
  assert.deepEqual(scene.taken(7, 6), []);
  scene.conflicts.received(7);
  assert.equal(scene.receive(8, 3), true);
});

test("after a reload, values of older edits are shown", () => {
  const scene = new Scenario();
  scene.open.push(set("a", 9));
  scene.conflicts.clear();
  assert.equal(scene.receive(6, 9), true);
});

const data = (columns: Record<string, ArrayLike<unknown>>) => new Map(Object.entries(columns));
const edits = (before: Record<string, ArrayLike<unknown>>, now: Record<string, ArrayLike<unknown>>) =>
  columnEdits("p1", data(before), data(now), (values) => values);

test("equal columns make no edits, in arrays of any type", () => {
  assert.deepEqual(edits({ x: new Float64Array([1, NaN]) }, { x: [1, NaN] }), []);
});

test("different rows are patched as a slice", () => {
  const [edit, ...more] = edits({ x: [1, 2, 3, 4], y: [1, 1, 1, 1] }, { x: [1, 5, 6, 4], y: [1, 1, 1, 1] });
  assert.equal(more.length, 0);
  assert.deepEqual(edit, {
    kind: "ColumnsPatched",
    model: { id: "p1" },
    attr: "data",
    patches: { x: [[{ type: "slice", start: 1, stop: 3, step: null }, [5, 6]]] },
  });
});

test("rows appended to all columns are streamed", () => {
  const [edit, ...more] = edits({ x: [1], y: ["a"] }, { x: [1, 2, 3], y: ["a", "b", "c"] });
  assert.equal(more.length, 0);
  assert.equal(edit!.kind, "ColumnsStreamed");
  assert.deepEqual(edit!.data, { x: [2, 3], y: ["b", "c"] });
});

test("other lengths, new and removed columns are sent as whole columns", () => {
  const [edit, ...more] = edits({ x: [1, 2], y: [1, 2], z: [1, 2] }, { x: [2], y: [2], w: [3] });
  assert.equal(more.length, 0);
  assert.deepEqual([edit!.kind, edit!.data, edit!.removed], ["ColumnDataChanged", { x: [2], y: [2], w: [3] }, ["z"]]);
});

test("numbers are copied: a view would be sent with its whole buffer", () => {
  const whole = new Float64Array([1, 2, 3, 4]);
  const [edit] = edits({ x: whole }, { x: new Float64Array([1, 2, 3, 9]) });
  const [[, values]] = (edit!.patches as Record<string, [[unknown, Float64Array]]>).x!;
  assert.deepEqual([...values], [9]);
  assert.equal(values.buffer.byteLength, 8);
});

test("copies share nothing, not even rows that are arrays", () => {
  const rows = [[1, 2], new Float64Array([3])];
  const copy = copyOf(rows) as typeof rows;
  assert.ok(isSame(copy, rows));
  (copy[0] as number[])[0] = 9;
  assert.ok(!isSame(copy, rows));
});
