/** What a person is told about the connection; the names are those of `data-state` in the page. */
export type State = "connecting" | "live" | "reconnecting" | "offline" | "ended";
