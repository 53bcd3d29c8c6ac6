import assert from "node:assert/strict";
import { test } from "node:test";
import { GrowingArray } from "../src/columns/growing-array";
import type { TypedArray } from "../src/columns/types";

function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((seed / 0x80000000) * below);
  };
}

test("values are those of an ordinary array, and a shared view stays valid until the next", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed);
    const array = new GrowingArray(Float64Array);
    let wanted: number[] = [];
    let shared: [TypedArray, number[]] = [array.share(), []];
    for (let step = 0, value = 0; step < 200; step++) {
      const action = next(10);
      const count = next(12);
      if (action === 0) {
        array.restart(count);
        wanted = [];
      } else if (action === 1) {
        const memory = Float64Array.from({ length: count + next(3) }, () => ++value);
        array.adopt(memory.buffer, count);
        wanted = [...memory.subarray(0, count)];
      } else if (action === 2) {
        const memory = array.lend();
        if (memory) new Float64Array(memory).fill(-1);
      } else if (action === 3) shared = [array.share(), [...wanted]];
      else {
        const drop = Math.min(next(count + 1), wanted.length);
        array.drop(drop);
        const part = array.grow(count);
        wanted = wanted.slice(drop);
        for (let i = 0; i < count; i++) wanted.push((part[i] = ++value));
      }
      assert.deepEqual([...array.view], wanted, `seed ${seed}, step ${step}`);
      assert.deepEqual([...shared[0]], shared[1], `shared: seed ${seed}, step ${step}`);
    }
  }
});

test("values with rollover stay in one array", () => {
  const array = new GrowingArray(Float64Array);
  array.restart(1000);
  array.grow(1000);
  const seen = new Set<ArrayBufferLike>();
  for (let step = 0; step < 1000; step++) {
    array.drop(10);
    array.grow(10).fill(step);
    seen.add(array.share().buffer);
  }
  assert.equal(seen.size, 1);
});
