import type * as module from "./lazy/lazy";

/** Loads what is needed seldom. Rejects where it cannot be had. */
export type Seldom = () => Promise<typeof module>;

/** That of the server at `base`; fetched once. */
export function seldomOf(base: string): Seldom {
  let loaded: ReturnType<Seldom> | null = null;
  return () => (loaded ??= import(new URL(`${base}static/seldom.js`, document.baseURI).href).catch((error: unknown) => {
    loaded = null;
    throw error;
  }));
}
