/** Bytes as they come from the network, taken out in the sizes that the reader asks for. */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  #at = 0;
  /** Bytes waiting. */
  length = 0;

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  /** Move the next `target.length` bytes into `target`; at least as many must be waiting. */
  take(target: Uint8Array): void {
    let done = 0;
    while (done < target.length) {
      const piece = this.#pieces[0]!;
      const part = piece.subarray(this.#at, this.#at + target.length - done);
      target.set(part, done);
      done += part.length;
      this.#at += part.length;
      if (this.#at === piece.length) {
        this.#pieces.shift();
        this.#at = 0;
      }
    }
    this.length -= target.length;
  }
}
