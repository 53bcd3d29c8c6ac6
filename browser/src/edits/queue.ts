import { type Edit, keyOf } from "./edit";

/** Edits that wait for their turn. Of two values of one attribute only the later one is sent. */
export class EditQueue {
  #waiting: Edit[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get waiting(): readonly Edit[] {
    return this.#waiting;
  }

  add(edit: Edit): void {
    const key = keyOf(edit);
    if (key !== null) {
      // Not across an event: what was set before it is to be seen by whoever hears of it.
      for (let i = this.#waiting.length - 1; i >= 0 && !isEvent(this.#waiting[i]!); i--) {
        if (keyOf(this.#waiting[i]!) !== key) continue;
        if (!bringsModels(this.#waiting[i]!)) this.#waiting.splice(i, 1);
        break;
      }
    }
    this.#waiting.push(edit);
  }

  /** The next batch. Events are told after all else in their batch: so a change that follows one is in the next. */
  take(): Edit[] {
    const first = this.#waiting.findIndex(isEvent);
    let end = first < 0 ? this.#waiting.length : first;
    while (end < this.#waiting.length && isEvent(this.#waiting[end]!)) end++;
    return this.#waiting.splice(0, end);
  }

  clear(): void {
    this.#waiting = [];
  }
}

/** Whether it writes out models that are new, which later edits may mention by their ids. */
function bringsModels(edit: Edit): boolean {
  return typeof edit.new === "object" && JSON.stringify(edit.new).includes('"type":"object"');
}

function isEvent({ kind }: Edit): boolean {
  return kind === "MessageSent";
}
