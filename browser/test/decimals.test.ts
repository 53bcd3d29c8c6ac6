import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameError } from "../src/arrow/frame-error";
import { type Op, OpCode } from "../src/arrow/change";
import type { ChunkDecoder } from "../src/chunks/chunk";
import { Column } from "../src/columns/column";
import { decimalsOf, fromIntegers } from "../src/columns/decimals";
import type { Host } from "../src/columns/types";

const MIN = -(2 ** 31);

/** A decoder of uncompressed chunks. */
const decode: ChunkDecoder = (chunk, target) => {
  assert.equal(chunk.length, target.length);
  target.set(chunk);
};

const host: Host = { decode, ndarray: (values, dtype, shape) => ({ values, dtype, shape }), revive: (json) => json };

function bytesOf(values: number[], kind: typeof Int32Array | typeof Float64Array | typeof Float32Array): Uint8Array {
  return new Uint8Array(new kind(values).buffer);
}

function bitsOf(values: Float64Array | Float32Array): string {
  return Buffer.from(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength).toString("hex");
}

function op(json: string, more: Partial<Op> = {}): Op {
  return {
    code: OpCode.REPLACE, doc: "d", seq: 0, model: "m", column: "y", start: 0, count: 2, drop: 0, dtype: "float64",
    shape: [], json, buffers: [new Uint8Array(0), bytesOf([150, MIN], Int32Array)], ...more,
  };
}

for (const kind of [Float64Array, Float32Array]) {
  test(`integers decode to exact ${kind.name}s, at any offset`, () => {
    const integers = [0, 1, -1, 2001, MIN, MIN + 1, MIN + 2, 2 ** 31 - 1, 7];
    const expected = [0, 0.001, -0.001, 2.001, -0, NaN, (MIN + 2) / 1000, (2 ** 31 - 1) / 1000, 0.007];
    for (let count = 0; count <= integers.length; count++) {
      const values = new kind(new ArrayBuffer(200), 16, count);
      fromIntegers(decode, bytesOf(integers.slice(0, count), Int32Array), values, 3);
      assert.equal(bitsOf(values), bitsOf(new kind(expected.slice(0, count))));
    }
    const nan = new kind(1);
    fromIntegers(decode, bytesOf([MIN + 1], Int32Array), nan, 0);
    assert.equal(bitsOf(nan), kind === Float64Array ? "000000000000f87f" : "0000c07f");
  });
}

test("the number of decimals is read and checked", () => {
  assert.equal(decimalsOf(op("")), null);
  assert.equal(decimalsOf(op('{"list":1}')), null);
  assert.equal(decimalsOf(op('{"list":1,"decimals":0}')), 0);
  assert.equal(decimalsOf(op('{"decimals":6}', { dtype: "float32" })), 6);
  for (const wrong of ["7", "-1", "1.5", "true", '"2"', "null", "[2]"]) {
    assert.throws(() => decimalsOf(op(`{"decimals":${wrong}}`)), FrameError, wrong);
  }
  for (const dtype of ["int32", "utf8", "bool"]) {
    assert.throws(() => decimalsOf(op('{"decimals":2}', { dtype })), /no .* with 2 decimals/);
  }
});

test("decimals do not change the layout of a column or list", () => {
  const before = new Column(op("", { buffers: [new Uint8Array(0), bytesOf([1, 2], Float64Array)] }), host, 0, undefined);
  const column = new Column(op('{"decimals":1}'), host, 0, before);
  assert.deepEqual(column.layout, before.layout);
  column.append(op('{"decimals":2}', { code: OpCode.APPEND, start: 2 }));
  column.write(op('{"decimals":3}', { code: OpCode.WRITE, start: 1 }));
  assert.deepEqual((column.value() as { values: Float64Array }).values, new Float64Array([15, 0.15, -0, -0]));
  const list = new Column(op('{"list":1,"decimals":1}'), host, 0, undefined);
  assert.deepEqual(list.value(), [15, -0]);
});

test("decimals of other types are refused by the column, too", () => {
  const column = new Column(op('{"decimals":1}'), host, 0, undefined);
  assert.throws(() => column.append(op('{"decimals":7}', { code: OpCode.APPEND, start: 2 })), FrameError);
  assert.throws(() => new Column(op('{"decimals":1}', { dtype: "int32" }), host, 0, undefined), FrameError);
});
