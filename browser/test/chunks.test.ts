import assert from "node:assert/strict";
import { test } from "node:test";
import wasm from "../build/blosc2.wasm";
import { type ChunkDecoder, ChunkError } from "../src/chunks/chunk";
import { plainDecoder } from "../src/chunks/plain-decoder";
import { wasmDecoder } from "../src/chunks/wasm-decoder";
import { chunkCases } from "./chunk-cases";

const cases = chunkCases();
const decoders: [string, ChunkDecoder][] = [["plain", plainDecoder], ["wasm", await wasmDecoder(wasm)]];
const GUARD = 64;

/** The decoded bytes, or the error code. Fails if a byte outside of the target changed. */
function decoded(decode: ChunkDecoder, chunk: Uint8Array, length: number): Uint8Array | number {
  const memory = new Uint8Array(length + 2 * GUARD).fill(0xa5);
  const target = memory.subarray(GUARD, GUARD + length);
  try {
    decode(chunk, target);
    return target;
  } catch (error) {
    assert.ok(error instanceof ChunkError, String(error));
    return error.code;
  } finally {
    assert.ok(memory.subarray(0, GUARD).every((byte) => byte === 0xa5), "wrote before the target");
    assert.ok(memory.subarray(GUARD + length).every((byte) => byte === 0xa5), "wrote after the target");
  }
}

function same(got: Uint8Array | number, plain: Uint8Array, what: string): void {
  assert.ok(typeof got !== "number" && Buffer.compare(got, plain) === 0, `${what}: ${typeof got === "number" ? got : "other bytes"}`);
}

/** A seeded random generator (mulberry32), so that failures can be reproduced. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

for (const [kind, decode] of decoders) {
  test(`${kind}: every chunk decodes to its original bytes`, () => {
    for (const { name, chunk, plain } of cases) same(decoded(decode, chunk, plain.length), plain, name);
  });

  test(`${kind}: a chunk of another size than expected is refused`, () => {
    for (const { name, chunk, plain } of cases) {
      assert.equal(decoded(decode, chunk, plain.length + 1), -4, name);
      if (plain.length > 0) assert.equal(decoded(decode, chunk, plain.length - 1), -4, name);
    }
  });

  test(`${kind}: a chunk cut anywhere is refused`, () => {
    for (const { name, chunk, plain } of cases.filter((_, i) => i % 5 === 0)) {
      for (const length of [0, 1, 15, 16, 31, 32, chunk.length - 1]) {
        if (length < chunk.length) assert.ok(Number(decoded(decode, chunk.slice(0, length), plain.length)) < 0, name);
      }
    }
  });

  test(`${kind}: an unknown codec, filter, dictionary, delta or lazy chunk is refused`, () => {
    const { chunk, plain } = cases.find(({ name }) => name === "float64 300 shuffle counting")!;
    const changed = (at: number, byte: number) => decoded(decode, chunk.map((old, i) => (i === at ? byte : old)), plain.length);
    assert.equal(changed(0, 4), -2);
    assert.equal(changed(3, 0), -2);
    for (const [at, byte] of [[2, 0x85], [2, 0x2d], [16, 3], [16, 4], [17, 2], [24, 4], [30, 1], [31, 1], [31, 8], [31, 0x40], [31, 0x80]]) {
      assert.equal(changed(at!, byte!), -3, `byte ${at} = ${byte}`);
    }
  });
}

test("damaged chunks never write outside of the target, and both decoders agree on them", () => {
  const next = random(1);
  const small = cases.filter(({ chunk, plain }) => chunk.length < 3000 && plain.length < 20000 && plain.length > 0);
  for (let round = 0; round < 6000; round++) {
    const { name, chunk, plain } = small[Math.floor(next() * small.length)]!;
    const damaged = chunk.slice();
    for (let flips = 1 + Math.floor(next() * 3); flips > 0; flips--) {
      damaged[Math.floor(next() * (next() < 0.5 ? 60 : damaged.length)) % damaged.length] = Math.floor(next() * 256);
    }
    const [a, b] = decoders.map(([, decode]) => decoded(decode, damaged, plain.length)) as [Uint8Array | number, Uint8Array | number];
    if (typeof a === "number" || typeof b === "number") assert.equal(a, b, name);
    else assert.ok(Buffer.compare(a, b) === 0, name);
  }
});
