import { FrameError } from "../arrow/frame-error";
import type { TypedArrayClass } from "./dtypes";
import type { TypedArray } from "./typed-array";

const MAX_BYTES = 0x7fffffff;

/** A typed array that grows at the end (amortised) and loses values at the front (by moving its start). */
export class GrowingArray {
  #values: TypedArray;
  #start = 0;
  length = 0;

  constructor(private readonly kind: TypedArrayClass, room: number) {
    this.#values = this.#allocate(room);
  }

  /** The values, as a view: good until the next grow() or drop(). */
  get view(): TypedArray {
    return this.#values.subarray(this.#start, this.#start + this.length);
  }

  /** Make room for `count` more values and return that part, to be filled in. */
  grow(count: number): TypedArray {
    const end = this.#start + this.length;
    if (end + count > this.#values.length) this.#move(this.length + count);
    this.length += count;
    return this.#values.subarray(this.#start + this.length - count, this.#start + this.length);
  }

  drop(count: number): void {
    this.#start += count;
    this.length -= count;
  }

  #move(needed: number): void {
    const room = this.#allocate(Math.ceil(needed * 1.5));
    room.set(this.view);
    this.#values = room;
    this.#start = 0;
  }

  #allocate(length: number): TypedArray {
    if (length * this.kind.BYTES_PER_ELEMENT > MAX_BYTES) throw new FrameError("more values than a page can hold");
    return new this.kind(length);
  }
}
