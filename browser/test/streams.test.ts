import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AheadDecoder } from "../src/ahead/ahead-decoder";
import { OpenRuns } from "../src/ahead/open-runs";
import { type Change, OpCode } from "../src/arrow/change";
import { ChangeReader } from "../src/arrow/change-reader";
import { FrameError } from "../src/arrow/frame-error";
import { ChunkError } from "../src/chunks/chunk";
import { plainDecoder } from "../src/chunks/plain-decoder";
import { ColumnStore } from "../src/columns/column-store";
import type { Host, TypedArray } from "../src/columns/types";
import { FakeWorker } from "./fake-worker";

/** Streams written by bokeh_wsgi.dataplane, in tests/browser_unit. */
const folder = process.env.BOKEH_WSGI_STREAMS ?? "";
const skip = existsSync(join(folder, "stream.arrow")) ? false : "no streams: run tests/browser_unit with pytest";
const read = (name: string) => new Uint8Array(readFileSync(join(folder, name)));

class NDArray {
  constructor(readonly values: TypedArray, readonly dtype: string, readonly shape: number[]) {}
}

const host: Host = {
  decode: plainDecoder,
  ndarray: (values, dtype, shape) => new NDArray(values, dtype, shape),
  revive: (json) => json,
};

/** The same JSON as tests/browser_unit/stream_cases.py writes. */
function exact(value: unknown): unknown {
  if (value instanceof NDArray) {
    const { buffer, byteOffset, byteLength } = value.values;
    const base64 = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("base64");
    return { dtype: value.dtype, shape: value.shape, base64 };
  }
  if (Array.isArray(value)) return value.map(exact);
  if (Number.isNaN(value)) return { number: "nan" };
  if (value === Infinity || value === -Infinity) return { number: value > 0 ? "inf" : "-inf" };
  return Object.is(value, -0) ? { number: "-0.0" } : value;
}

function apply(store: ColumnStore, { ops }: Change): void {
  for (let at = 0; at < ops.length; at++) store.apply(ops, at);
}

/** Feed bytes as a page does: the caller applies each change before it requests the next. */
function* feed(reader: ChangeReader, bytes: Uint8Array): Iterable<Change> {
  while (bytes.length > 0) {
    const space = reader.space().subarray(0, bytes.length);
    space.set(bytes.subarray(0, space.length));
    bytes = bytes.subarray(space.length);
    // Browsers move the memory, too.
    const moved = structuredClone(space, { transfer: [space.buffer as ArrayBuffer] });
    yield* reader.filled(moved);
  }
}

function columns(store: ColumnStore): object {
  return Object.fromEntries([...store.columns("source")].map(([name, column]) => [name, exact(column.value())]));
}

/** A store and its AheadDecoder. */
function withWorker(worker: FakeWorker): { store: ColumnStore; ahead: AheadDecoder } {
  const store = new ColumnStore(host);
  const ahead = new AheadDecoder({
    start: () => worker as unknown as Worker,
    wasm: new Uint8Array(0),
    decode: plainDecoder,
    spare: ({ model, column }) => store.columns(model).get(column)?.lend() ?? null,
  });
  return { store, ahead };
}

/** Check a whole stream, fed in pieces of `size` bytes. */
async function follow(size: number, reader: ChangeReader, store: ColumnStore): Promise<void> {
  const bytes = read("stream.arrow");
  const expected = JSON.parse(readFileSync(join(folder, "stream.json"), "utf8")) as object[];
  const seen: Change[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    for (const change of feed(reader, bytes.subarray(at, at + size))) {
      await change.ready;
      apply(store, change);
      seen.push(change);
      const got = columns(store), wanted = expected[seen.length - 1]!;
      for (const [name, values] of Object.entries(wanted)) {
        assert.deepEqual(got[name as keyof object], values, `${name} after change ${change.seq}`);
      }
      assert.deepEqual(Object.keys(got).sort(), Object.keys(wanted).sort());
    }
  }
  assert.deepEqual(seen.map(({ seq }) => seq), expected.map((_, i) => i + 1));
  assert.equal(seen[2]!.meta.token, "t");
  assert.ok(reader.ended);
}

for (const size of [1, 7, 1000, 1 << 20]) {
  test(`columns are exact after each change, the stream coming in pieces of ${size} bytes`, { skip }, () =>
    follow(size, new ChangeReader(), new ColumnStore(host)));
}

for (const fails of ["", "at once", "in the worker"] as const) {
  test(`columns are exact when all is decoded ahead, the worker failing ${fails || "never"}`, { skip }, async () => {
    const worker = new FakeWorker(fails);
    const { store, ahead } = withWorker(worker);
    await follow(1000, new ChangeReader(new OpenRuns(ahead, 0)), store);
    assert.equal(ahead.works, fails === "");
    assert.equal(worker.open.size, 0);
  });
}

test("a large column is decoded ahead as one op", { skip }, async () => {
  const { store, ahead } = withWorker(new FakeWorker());
  for (let round = 0; round < 3; round++) {
    const reader = new ChangeReader(new OpenRuns(ahead));
    const [change] = feed(reader, read("large.arrow"));
    assert.equal(change!.ops.length, 1);
    await change!.ready;
    apply(store, change!);
    const { values } = store.columns("source").get("y")!.value() as NDArray;
    assert.ok(Buffer.from(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength).equals(read("large.bin")));
  }
});

for (const large of [1 << 20, Infinity]) {
  const where = large < Infinity ? "ahead" : "by the page";
  test(`long columns of decimals are exact, NaN, -0.0 and all, decoded ${where}`, { skip }, async () => {
    const { store, ahead } = withWorker(new FakeWorker());
    let seen = 0;
    for (const change of feed(new ChangeReader(new OpenRuns(ahead, large)), read("decimals.arrow"))) {
      seen++;
      assert.ok(change.ops.some(({ json }) => json === '{"decimals":2}'));
      assert.equal(change.ops.every((op) => op.ahead !== undefined), large < Infinity);
      await change.ready;
      apply(store, change);
      for (const name of ["prices", "sensor"]) {
        const { values } = store.columns("source").get(name)!.value() as NDArray;
        const bytes = Buffer.from(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
        assert.ok(bytes.equals(read(`${name}-${seen}.bin`)), `${name} after change ${seen}`);
      }
    }
    assert.equal(seen, 2);
  });
}

test("a column that is replaced again and again lives in two pieces of memory", { skip }, async () => {
  const bytes = read("large.arrow");
  for (const large of [1 << 20, Infinity]) {
    const { store, ahead } = withWorker(new FakeWorker());
    const seen: TypedArray[] = [];
    for (let round = 0; round < 6; round++) {
      const [change] = feed(new ChangeReader(new OpenRuns(ahead, large)), bytes);
      await change!.ready;
      // Shared values must not change.
      if (round > 0) assert.equal(seen.at(-1)![999_999], seen.at(-1)!.at(-4));
      apply(store, change!);
      seen.push((store.columns("source").get("y")!.value() as NDArray).values);
    }
    const addresses = seen.map(({ buffer }) => (buffer.byteLength > 0 ? buffer : null));
    assert.ok(new Set(addresses.filter(Boolean)).size <= 2);
  }
});

test("a change that is cut leaves the columns as they were, and nothing in the worker", { skip }, async () => {
  const worker = new FakeWorker();
  const { store, ahead } = withWorker(worker);
  const bytes = read("large.arrow");
  const [first] = feed(new ChangeReader(new OpenRuns(ahead)), bytes);
  await first!.ready;
  apply(store, first!);
  const { values } = store.columns("source").get("y")!.value() as NDArray;
  const runs = new OpenRuns(ahead);
  assert.deepEqual([...feed(new ChangeReader(runs), bytes.subarray(0, bytes.length - 2000))], []);
  assert.equal(worker.open.size, 1);
  runs.close();
  assert.equal(worker.open.size, 0);
  assert.ok(Buffer.from(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength).equals(read("large.bin")));
});

test("a worker that breaks down fails the changes it had, and the next are decoded without it", { skip }, async () => {
  const worker = new FakeWorker();
  const { store, ahead } = withWorker(worker);
  const bytes = read("large.arrow");
  const runs = new OpenRuns(ahead);
  const reader = new ChangeReader(runs);
  assert.deepEqual([...feed(reader, bytes.subarray(0, bytes.length - 2000))], []);
  await new Promise((resolve) => setImmediate(resolve));
  worker.onerror!();
  const [lost] = feed(reader, bytes.subarray(bytes.length - 2000));
  await assert.rejects(lost!.ready!, /broke down/);
  const [next] = feed(new ChangeReader(new OpenRuns(ahead)), bytes);
  assert.equal(next!.ready, null);
  apply(store, next!);
  assert.equal(store.columns("source").get("y")!.rows, 1_000_003);
});

test("what is damaged within a large column is refused when its change is whole", { skip }, async () => {
  const { ahead } = withWorker(new FakeWorker());
  const bytes = read("large.arrow");
  bytes.fill(0x7f, 3000, 700_000);
  const [change] = feed(new ChangeReader(new OpenRuns(ahead)), bytes);
  await assert.rejects(change!.ready!, ChunkError);
});

test("a column of many rows on the wire is put together", { skip }, () => {
  const store = new ColumnStore(host);
  const [change] = feed(new ChangeReader(), read("large.arrow"));
  assert.ok(change!.ops.length > 3);
  apply(store, change!);
  const { values } = store.columns("source").get("y")!.value() as NDArray;
  assert.ok(Buffer.from(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength).equals(read("large.bin")));
  assert.equal(values.buffer.byteLength, values.byteLength, "a first load leaves no slack");
});

test("a cut stream gives the whole changes before the cut, and says that it did not end", { skip }, () => {
  const bytes = read("stream.arrow");
  const reader = new ChangeReader();
  assert.ok([...feed(reader, bytes.subarray(0, bytes.length * 0.6))].length > 5);
  assert.equal(reader.ended, false);
});

test("damaged streams are refused with a FrameError or ChunkError, or mean something else, but never crash", { skip }, () => {
  const bytes = read("stream.arrow").subarray(0, 60000);
  let refused = 0;
  for (let round = 0; round < 400; round++) {
    const damaged = bytes.slice();
    damaged[(round * 7919 + 13) % damaged.length]! ^= 1 << (round % 8);
    const store = new ColumnStore(host);
    try {
      for (const change of feed(new ChangeReader(), damaged)) {
        for (let at = 0; at < change.ops.length; at++) {
          if (change.ops[at]!.code !== OpCode.GRAPH) store.apply(change.ops, at);
        }
      }
    } catch (error) {
      const known = error instanceof FrameError || error instanceof ChunkError;
      assert.ok(known || error instanceof SyntaxError || error instanceof TypeError, String((error as Error).stack));
      refused++;
    }
  }
  assert.ok(refused > 50);
});

test("what is no Arrow stream is refused at once", () => {
  const page = new TextEncoder().encode("<!DOCTYPE html><title>502 Bad Gateway</title>");
  assert.throws(() => [...feed(new ChangeReader(), page)], FrameError);
});

test("a message that claims to be huge is refused before memory is taken", () => {
  const prefix = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0x7f]);
  assert.throws(() => [...feed(new ChangeReader(), prefix)], /claims 2130706432 bytes/);
});
