import type { AheadDecoder } from "../ahead/ahead-decoder";
import { Connection, type Followed, type Listener } from "./connection";
import { TIMING } from "./timing";

/** Follows any number of documents of one server, over as few connections as possible. */
export class Streams {
  readonly #connections = new Set<Connection>();

  constructor(
    private readonly base: string,
    private readonly listener: Listener,
    private readonly ahead: AheadDecoder | null = null,
    private readonly timing = TIMING,
  ) {}

  /** Follow a document, or change its token. */
  follow(document: Followed): void {
    const all = [...this.#connections];
    const connection = all.find((one) => one.has(document.docid)) ?? all.find((one) => one.hasRoom(document.token));
    if (connection) connection.follow(document);
    else this.#connect(document);
  }

  leave(docid: string): void {
    for (const connection of this.#connections) connection.leave(docid);
  }

  #connect(document: Followed): void {
    const connection = new Connection(this.base, [document], this.listener, this.ahead, this.timing);
    this.#connections.add(connection);
    setTimeout(() => void connection.run().then(() => this.#connections.delete(connection)), this.timing.gatherMs);
  }
}
