/**
 * Entry point of `seldom.js`: rarely used code, loaded on first use. Its modules are not those of the page's script, so
 * it gets BokehJS as an argument.
 */
export { plainDecoder } from "../chunks/plain-decoder";
export { exactValues } from "./exact-values";
export { fold } from "./fold";
export { PartialDrawing } from "./partial-drawing";
export { StaleViews } from "./stale-views";
export { UndrawnRoots } from "./undrawn-roots";

/** Loads `seldom.js`. */
export type Lazy = () => Promise<typeof import("./lazy")>;
