interface Watched {
  isThere: boolean;
  tell(isThere: boolean): void;
}

/** Tells when elements leave the page and when they come back: notebooks take out cells that nobody looks at. */
export class ElementPresence {
  readonly #observer = new MutationObserver(() => this.#look());
  // Elements that nobody else holds any more are forgotten.
  readonly #elements = new Set<WeakRef<HTMLElement>>();
  readonly #watched = new WeakMap<HTMLElement, Watched>();

  /** Tells at once if the element is there. One that is only moved has not left. */
  watch(element: HTMLElement, tell: (isThere: boolean) => void): void {
    const watched = { isThere: false, tell };
    this.#elements.add(new WeakRef(element));
    this.#watched.set(element, watched);
    for (const root of [document, element.getRootNode()]) {
      this.#observer.observe(root, { childList: true, subtree: true });
    }
    compare(element, watched);
  }

  #look(): void {
    for (const reference of this.#elements) {
      const element = reference.deref();
      if (element) compare(element, this.#watched.get(element)!);
      else this.#elements.delete(reference);
    }
  }
}

function compare({ isConnected }: HTMLElement, watched: Watched): void {
  if (isConnected === watched.isThere) return;
  watched.isThere = isConnected;
  watched.tell(isConnected);
}
