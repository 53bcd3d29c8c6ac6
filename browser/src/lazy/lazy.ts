/**
 * What a page needs seldom, in a script of its own, `seldom.js`, that is fetched when it is needed first. It shares no
 * modules with the page's script: what it has to know is handed in, BokehJS too.
 */
export { plainDecoder } from "../chunks/plain-decoder";
export { exactValues } from "./exact-values";
export { fold } from "./fold";
export { InPart } from "./in-part";
export { StaleViews } from "./stale-views";
export { Undrawn } from "./undrawn";

/** Loads it. Rejects where it cannot be had. */
export type Lazy = () => Promise<typeof import("./lazy")>;
