import type { AheadDecoder } from "../ahead/ahead-decoder";
import { Connection, type Followed, type Listener } from "./connection";
import { TIMING } from "./timing";

/** Any number of documents of one server, over one connection, or over more where one cannot take them all. */
export class Streams {
  readonly #connections = new Set<Connection>();

  constructor(
    private readonly base: string,
    private readonly listener: Listener,
    private readonly ahead: AheadDecoder | null = null,
    private readonly timing = TIMING,
  ) {}

  /** Follow a document, from now on with this token if it is followed already. */
  follow(document: Followed): void {
    const all = [...this.#connections];
    const found = all.find((one) => one.has(document.docid)) ?? all.find((one) => one.hasRoom(document.token));
    if (found) found.follow(document);
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
