import { FrameError } from "../arrow/frame-error";
import type { TypedArray, TypedArrayClass } from "./types";

/**
 * Capacity of an array with rollover, per value: enough to reuse the array without a new one. Untouched memory is not
 * allocated by the system.
 */
export const ROLLING = 2.25;

const MAX_BYTES = 0x7fffffff;
/** Capacity of an array that only grows, per value. */
const GROWING = 1.5;
/** An array is reused if it is at most this many times too long. */
const LOOSE = 2 * ROLLING;

/**
 * A typed array that grows at the end and drops values at the front, at a cost proportional to the new values (amortised).
 *
 *   |  free (dropped values) |  length values  |  free  |
 *   0                     #start                       room
 *
 * A shared view does not change until the next share(), except for overwritten values: new values only use free space.
 * At the end of the array the values move to the front, or, if they or the shared view are there, to a new array.
 * restart() uses the previous array, kept as a spare, if the current one is shared. Fresh memory costs ten times as
 * much as copying into it.
 */
export class GrowingArray {
  #values: TypedArray;
  #spare: TypedArray | null = null;
  #start = 0;
  /** Array and start of the last shared view. */
  #shared: TypedArray | null = null;
  #sharedStart = 0;
  /** Whether the values are in front of that view, in the same array. */
  #wrapped = false;
  #dropsValues = false;
  length = 0;

  constructor(private readonly kind: TypedArrayClass) {
    this.#values = new kind(0);
  }

  get bytesEach(): number {
    return this.kind.BYTES_PER_ELEMENT;
  }

  /** A view of the values, valid until the next change. */
  get view(): TypedArray {
    return this.#values.subarray(this.#start, this.#start + this.length);
  }

  /** The same, valid until the next share(), except for overwritten values. */
  share(): TypedArray {
    this.#shared = this.#values;
    this.#sharedStart = this.#start;
    this.#wrapped = false;
    return this.view;
  }

  /** Remove all values; reserve memory for `room` values. */
  restart(room: number): void {
    const isUsable = (array: TypedArray | null): array is TypedArray =>
      array !== null && array !== this.#shared && array.length >= room && array.length <= room * LOOSE;
    if (room > 0) this.#begin([this.#values, this.#spare].find(isUsable) ?? this.#allocate(room), 0);
    else this.drop(this.length);
  }

  /** Replace the values and the memory: `memory` begins with `length` values. */
  adopt(memory: ArrayBuffer, length: number): void {
    this.#begin(new this.kind(memory, 0, Math.floor(memory.byteLength / this.kind.BYTES_PER_ELEMENT)), length);
  }

  /** Give away the spare memory; null if there is none. */
  lend(): ArrayBuffer | null {
    const spare = this.#spare;
    if (!spare || spare === this.#shared) return null;
    this.#spare = null;
    return spare.buffer as ArrayBuffer;
  }

  /** Append `count` values; returns that part, to be filled in. */
  grow(count: number): TypedArray {
    const end = this.#start + this.length;
    if (end + count > (this.#wrapped ? this.#sharedStart : this.#values.length)) this.#move(this.length + count);
    this.length += count;
    return this.#values.subarray(this.#start + this.length - count, this.#start + this.length);
  }

  drop(count: number): void {
    this.#dropsValues ||= count > 0 && count < this.length;
    this.#start += count;
    this.length -= count;
  }

  #begin(values: TypedArray, length: number): void {
    if (values !== this.#values) this.#spare = this.#values.length <= values.length * LOOSE ? this.#values : null;
    this.#values = values;
    this.#wrapped = false;
    this.#start = 0;
    this.length = length;
  }

  #move(needed: number): void {
    const { view } = this;
    const isShared = this.#values === this.#shared;
    this.#wrapped = isShared && needed <= this.#start && needed <= this.#sharedStart;
    if (needed > this.#start || (isShared && !this.#wrapped)) {
      const most = Math.floor(MAX_BYTES / this.kind.BYTES_PER_ELEMENT);
      const wanted = Math.ceil(needed * (this.#dropsValues ? ROLLING : GROWING));
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
