/**
 * How the page asks for changes, best first: one response kept open, one held until there is news, or one
 * answered at once.
 */
export type Mode = "stream" | "long-poll" | "poll";
