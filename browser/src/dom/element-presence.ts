interface Watched {
  isPresent: boolean;
  onChange(isPresent: boolean): void;
}

/** Reports when elements leave the page and come back. Notebooks remove cells that are scrolled out of view. */
export class ElementPresence {
  readonly #observer = new MutationObserver(() => this.#check());
  // Weak: must not keep removed elements in memory.
  readonly #elements = new Set<WeakRef<HTMLElement>>();
  readonly #watched = new WeakMap<HTMLElement, Watched>();

  /** Calls `onChange` at once if the element is in the page. Moving it does not count. */
  watch(element: HTMLElement, onChange: (isPresent: boolean) => void): void {
    const watched = { isPresent: false, onChange };
    this.#elements.add(new WeakRef(element));
    this.#watched.set(element, watched);
    for (const root of [document, element.getRootNode()]) {
      this.#observer.observe(root, { childList: true, subtree: true });
    }
    compare(element, watched);
  }

  #check(): void {
    for (const reference of this.#elements) {
      const element = reference.deref();
      if (element) compare(element, this.#watched.get(element)!);
      else this.#elements.delete(reference);
    }
  }
}

function compare({ isConnected }: HTMLElement, watched: Watched): void {
  if (isConnected === watched.isPresent) return;
  watched.isPresent = isConnected;
  watched.onChange(isConnected);
}
