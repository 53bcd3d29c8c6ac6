import { FrameError } from "../arrow/frame-error";
import type { TypedArray, TypedArrayClass } from "./types";

/**
 * Room for values that roll, times their number: enough to come round without a new array. What of it is never
 * touched takes no memory of the machine.
 */
export const ROLLING = 2.25;

const MAX_BYTES = 0x7fffffff;
/** Room for values that only grow, times their number. */
const GROWING = 1.5;
/** An array up to so many times too long is used again. */
const LOOSE = 2 * ROLLING;

/**
 * A typed array that grows at the end and loses values at the front, both for what is new alone (amortised).
 *
 *   |  free, once values     |  length values  |  free  |
 *   0                     #start                       room
 *
 * A view of it that was shared stays as it is until the next share(), but for values written over: what is new
 * only fills what is free. When the end is reached the values move to the front, if neither they nor the shared
 * view lie there, else to a new array. Values that begin anew go where the shared ones are not: to the array
 * before it, which is kept for that. Fresh memory takes ten times as long as copying into it does.
 */
export class GrowingArray {
  #values: TypedArray;
  #spare: TypedArray | null = null;
  #start = 0;
  /** The array of the last view shared, and where that begins. */
  #shared: TypedArray | null = null;
  #sharedStart = 0;
  /** Whether the values are now in front of that view, in the same array. */
  #cameRound = false;
  #rolls = false;
  length = 0;

  constructor(private readonly kind: TypedArrayClass) {
    this.#values = new kind(0);
  }

  get bytesEach(): number {
    return this.kind.BYTES_PER_ELEMENT;
  }

  /** The values, as a view: good until the next call that changes anything. */
  get view(): TypedArray {
    return this.#values.subarray(this.#start, this.#start + this.length);
  }

  /** The same, good until the next share(), but for what is written to it. */
  share(): TypedArray {
    this.#shared = this.#values;
    this.#sharedStart = this.#start;
    this.#cameRound = false;
    return this.view;
  }

  /** Begin anew, without values but with room for so many. */
  restart(room: number): void {
    const isUsable = (array: TypedArray | null): array is TypedArray =>
      array !== null && array !== this.#shared && array.length >= room && array.length <= room * LOOSE;
    if (room > 0) this.#begin([this.#values, this.#spare].find(isUsable) ?? this.#allocate(room), 0);
    else this.drop(this.length);
  }

  /** Begin anew with values that are there, at the start of the memory; it is this array's now. */
  adopt(memory: ArrayBuffer, length: number): void {
    this.#begin(new this.kind(memory, 0, Math.floor(memory.byteLength / this.kind.BYTES_PER_ELEMENT)), length);
  }

  /** Memory that is kept to be used again, given away; null if there is none. */
  lend(): ArrayBuffer | null {
    const spare = this.#spare;
    if (!spare || spare === this.#shared) return null;
    this.#spare = null;
    return spare.buffer as ArrayBuffer;
  }

  /** Make room for `count` more values and return that part, to be filled in. */
  grow(count: number): TypedArray {
    const end = this.#start + this.length;
    if (end + count > (this.#cameRound ? this.#sharedStart : this.#values.length)) this.#move(this.length + count);
    this.length += count;
    return this.#values.subarray(this.#start + this.length - count, this.#start + this.length);
  }

  drop(count: number): void {
    this.#rolls ||= count > 0 && count < this.length;
    this.#start += count;
    this.length -= count;
  }

  #begin(values: TypedArray, length: number): void {
    if (values !== this.#values) this.#spare = this.#values.length <= values.length * LOOSE ? this.#values : null;
    this.#values = values;
    this.#cameRound = false;
    this.#start = 0;
    this.length = length;
  }

  #move(needed: number): void {
    const { view } = this;
    const isShared = this.#values === this.#shared;
    this.#cameRound = isShared && needed <= this.#start && needed <= this.#sharedStart;
    if (needed > this.#start || (isShared && !this.#cameRound)) {
      const most = Math.floor(MAX_BYTES / this.kind.BYTES_PER_ELEMENT);
      const wanted = Math.ceil(needed * (this.#rolls ? ROLLING : GROWING));
      this.#values = this.#allocate(Math.max(needed, Math.min(wanted, most)));
      this.#spare = null;
    }
    this.#values.set(view);
    this.#start = 0;
  }

  #allocate(length: number): TypedArray {
    if (!(length * this.kind.BYTES_PER_ELEMENT <= MAX_BYTES)) throw new FrameError("more values than a page can hold");
    return new this.kind(length);
  }
}
