import { FrameError } from "../arrow/frame-error";
import type { TypedArrayClass } from "./dtypes";
import type { TypedArray } from "./typed-array";

const MAX_BYTES = 0x7fffffff;
/** Room beyond what is needed: half as much again; for values that roll, enough to come round without a new array. */
const GROWING = 1.5;
const ROLLING = 2.25;

/**
 * A typed array that grows at the end and loses values at the front, both for what is new alone (amortised).
 *
 *   |  free, once values     |  length values  |  free  |
 *   0                     #start                       room
 *
 * Views of it that were shared stay as they are, until the next share(), while values come and go: these
 * only ever fill what is free. When the end is reached they move to the front, if neither they nor the last view
 * shared lie there, else to a new array.
 */
export class GrowingArray {
  #values: TypedArray;
  #start = 0;
  /** Where the last view shared begins, if it is one of #values. */
  #shared = Infinity;
  #rolls = false;
  length = 0;

  constructor(private readonly kind: TypedArrayClass, room: number) {
    this.#values = this.#allocate(room);
  }

  /** The values, as a view: good until the next grow() or drop(). */
  get view(): TypedArray {
    return this.#values.subarray(this.#start, this.#start + this.length);
  }

  /** The same, good until the next share(), but for what is written to it. */
  share(): TypedArray {
    this.#shared = this.#start;
    return this.view;
  }

  /** Make room for `count` more values and return that part, to be filled in. */
  grow(count: number): TypedArray {
    const end = this.#start + this.length;
    if (end + count > this.#values.length) this.#move(this.length + count);
    this.length += count;
    return this.#values.subarray(this.#start + this.length - count, this.#start + this.length);
  }

  drop(count: number): void {
    this.#rolls ||= count > 0;
    this.#start += count;
    this.length -= count;
  }

  #move(needed: number): void {
    const { view } = this;
    if (needed > Math.min(this.#start, this.#shared)) {
      const wanted = Math.ceil(needed * (this.#rolls ? ROLLING : GROWING));
      this.#values = this.#allocate(Math.max(needed, Math.min(wanted, Math.floor(MAX_BYTES / this.kind.BYTES_PER_ELEMENT))));
      this.#shared = Infinity;
    }
    this.#values.set(view);
    this.#start = 0;
  }

  #allocate(length: number): TypedArray {
    if (length * this.kind.BYTES_PER_ELEMENT > MAX_BYTES) throw new FrameError("more values than a page can hold");
    return new this.kind(length);
  }
}
