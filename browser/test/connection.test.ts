import assert from "node:assert/strict";
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Connection, type Listener, type State } from "../src/connection/connection";
import { Streams } from "../src/connection/streams";
import { TIMING, type Timing } from "../src/connection/timing";

const PIECES = Object.fromEntries(
  Object.entries(JSON.parse(readFileSync("test/fixtures/pieces.json", "utf8")) as Record<string, string>)
    .map(([name, base64]) => [name, Buffer.from(base64, "base64")]),
);
const QUICK: Timing = {
  ...TIMING,
  longPollS: 1,
  heldBackMs: 150,
  silenceMs: 300,
  backOffMs: 10,
  errorMs: 10,
  goodMs: 40,
  pollMs: 5,
  maxPollMs: 20,
  maxGatherMs: 60,
};

// The first fetch of a process is slow.
await fetch("data:,");

// The parts of a page that a connection uses.
const page = Object.assign(new EventTarget(), { hidden: false });
setMaxListeners(0, page);
Object.assign(globalThis, { document: page, addEventListener: page.addEventListener.bind(page) });
Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });

type Answer = (response: ServerResponse, request: Request) => void;
interface Request {
  docs: string[];
  after: number;
  wait: string;
  token: string;
}

/** A server with a list of answers, of which the last repeats, and a recorded connection to it. */
class Scenario {
  readonly requests: Request[] = [];
  readonly seen: number[] = [];
  readonly states: State[] = [];
  readonly errors: unknown[] = [];
  ended = "";
  refused = 0;
  readonly left: string[] = [];
  connection!: Connection;
  #server!: Server;
  #wake: () => void = () => {};

  constructor(
    private readonly answers: Answer[],
    private readonly documents = [{ docid: "doc", after: 0, token: "first" }],
  ) {}

  async start(context: TestContext, listener: Partial<Listener> = {}, timing = QUICK): Promise<this> {
    this.#server = createServer((request, response) => this.#answer(request, response)).listen(0, "127.0.0.1");
    await new Promise((resolve) => this.#server.once("listening", resolve));
    const { port } = this.#server.address() as AddressInfo;
    const recording = <Args extends unknown[]>(record: (...args: Args) => void) => (...args: Args) => {
      record(...args);
      this.#wake();
    };
    this.connection = new Connection(`http://127.0.0.1:${port}/`, this.documents, {
      onChange: recording(({ seq }) => this.seen.push(seq)),
      onEnd: recording((_, reason) => (this.ended = reason)),
      onState: recording((state) => this.states.at(-1) !== state && this.states.push(state)),
      onError: recording((error) => this.errors.push(error)),
      onRefused: recording((status, docid) => {
        this.refused = status;
        this.left.push(docid);
      }),
      ...listener,
    }, null, timing);
    const running = this.connection.run();
    context.after(async () => {
      for (const docid of ["doc", "other", "a", "b", "c"]) this.connection.leave(docid);
      this.#server.closeAllConnections();
      await running;
      this.#server.close();
    });
    return this;
  }

  /** Wait for a condition; checked at each event. */
  async until(what: () => boolean): Promise<void> {
    while (!what()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const query = new URL(request.url!, "http://host").searchParams;
    const parsed: Request = {
      docs: query.getAll("doc"),
      after: Number(query.get("doc")!.split(":")[1]),
      wait: query.get("wait")!,
      token: String(request.headers["document-token"] ?? ""),
    };
    this.requests.push(parsed);
    (this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!)(response, parsed);
    this.#wake();
  }
}

function write(response: ServerResponse, ...names: string[]): void {
  for (const name of names) response.write(PIECES[name]!);
}

function send(response: ServerResponse, ...names: string[]): void {
  write(response, ...names);
  response.end();
}

/** Refuses requests with the token "bad", with this body. */
const refusing = (body: string): Answer => (response, { token }) => {
  if (token.includes("bad")) response.writeHead(401).end(body);
  else write(response, "schema", "1");
};

const BOTH = [{ docid: "doc", after: 0, token: "first" }, { docid: "other", after: 0, token: "bad" }];
const heartbeats: Answer = (response) => write(response, "schema", "heartbeat");
const limited = { timeout: 20_000 };

test("changes come in order over one stream, and the page is live", limited, async (context) => {
  const scene = await new Scenario([(response) => write(response, "schema", "1", "heartbeat", "2", "3")]).start(context);
  await scene.until(() => scene.seen.length === 3);
  assert.deepEqual(scene.seen, [1, 2, 3]);
  // On a busy machine the first attempt may time out.
  assert.deepEqual(scene.states.filter((state) => state !== "connecting"), ["live"]);
  assert.deepEqual(scene.requests[0], { docs: ["doc:0"], after: 0, wait: "stream", token: "first" });
});

test("a cut stream is resumed after the last whole change", limited, async (context) => {
  const cut: Answer = (response) => {
    write(response, "schema", "1", "2");
    response.write(PIECES["3"]!.subarray(0, 100), () => response.destroy());
  };
  const scene = await new Scenario([cut, (response) => write(response, "schema", "3")]).start(context);
  await scene.until(() => scene.seen.length === 3);
  assert.deepEqual(scene.requests.map(({ after }) => after), [0, 2]);
});

test("a silent stream is replaced by a new one", limited, async (context) => {
  const scene = await new Scenario([(response) => write(response, "schema", "1"), heartbeats]).start(context);
  await scene.until(() => scene.requests.length === 2);
  assert.equal(scene.requests[1]!.after, 1);
});

test("an unreachable server is retried, and the state says so", limited, async (context) => {
  const away: Answer = (response) => response.destroy();
  const scene = await new Scenario([away, away, away, away, (response) => write(response, "schema", "1")])
    .start(context, {}, { ...QUICK, offlineAfter: 3 });
  await scene.until(() => scene.seen.length === 1);
  assert.deepEqual(scene.states, ["connecting", "offline", "live"]);
});

test("a server that cannot hold a response is polled", limited, async (context) => {
  const poll: Answer = (response, { after }) => {
    response.setHeader("X-Wait", "poll");
    send(response, "schema", ...(after < 3 ? [String(after + 1)] : []), "end");
  };
  const scene = await new Scenario([poll]).start(context);
  await scene.until(() => scene.requests.length > 6);
  assert.deepEqual(scene.seen, [1, 2, 3]);
  assert.deepEqual(scene.requests.slice(0, 3).map(({ wait }) => wait), ["stream", "0", "0"]);
});

test("behind a proxy that buffers streams, long polls are used", limited, async (context) => {
  const silent: Answer = () => {};
  const scene = await new Scenario([silent, (response) => send(response, "schema", "1", "end"), heartbeats]).start(context);
  await scene.until(() => scene.requests.length === 3);
  assert.deepEqual(scene.requests.map(({ wait }) => wait), ["stream", "1", "1"]);
  assert.deepEqual(scene.seen, [1]);
});

test("streams that are always cut early are replaced by long polls", limited, async (context) => {
  const cut: Answer = (response) => response.write(PIECES.schema!, () => response.destroy());
  const scene = await new Scenario([cut, cut, cut, heartbeats]).start(context);
  await scene.until(() => scene.requests.length === 4);
  assert.deepEqual(scene.requests.map(({ wait }) => wait), ["stream", "stream", "stream", "1"]);
});

test("long polls that are answered at once become polls", limited, async (context) => {
  const silent: Answer = () => {};
  const empty: Answer = (response) => send(response, "schema", "end");
  const scene = await new Scenario([silent, empty]).start(context, {}, { ...QUICK, goodMs: 4_000 });
  await scene.until(() => scene.requests.length === 4);
  assert.deepEqual(scene.requests.map(({ wait }) => wait), ["stream", "1", "0", "0"]);
});

test("a stream is retried after a while", limited, async (context) => {
  const poll: Answer = (response) => {
    response.setHeader("X-Wait", "poll");
    send(response, "schema", "end");
  };
  const scene = await new Scenario([poll, poll, poll, heartbeats]).start(context, {}, { ...QUICK, retryMs: 10 });
  await scene.until(() => scene.requests.filter(({ wait }) => wait === "stream").length > 1);
});

test("a renewed token is used from then on", limited, async (context) => {
  const scene = await new Scenario([(response) => send(response, "schema", "1", "token", "end"), heartbeats]).start(context);
  await scene.until(() => scene.requests.length === 2);
  assert.deepEqual(scene.requests.map(({ token }) => token), ["first", "second"]);
});

test("when all documents have ended there are no more requests", limited, async (context) => {
  const scene = await new Scenario([(response) => send(response, "schema", "1", "deleted", "end")]).start(context);
  await scene.until(() => scene.ended !== "");
  assert.equal(scene.ended, "deleted");
  assert.equal(scene.requests.length, 1);
});

test("a refusal is reported and ends the connection", limited, async (context) => {
  const scene = await new Scenario([(response) => response.writeHead(401).end()]).start(context);
  await scene.until(() => scene.refused !== 0);
  assert.equal(scene.refused, 401);
});

test("an error of the server is a failed attempt, not the end", limited, async (context) => {
  const broken: Answer = (response) => response.writeHead(502).end("<html>bad gateway");
  const scene = await new Scenario([broken, (response) => write(response, "schema", "1")]).start(context);
  await scene.until(() => scene.seen.length === 1);
});

test("an error of the wire format is reported, and the document is reloaded", limited, async (context) => {
  const strange: Answer = (response) => {
    write(response, "schema", "1", "2");
    response.end("<html>the proxy's idea of a page</html>");
  };
  const scene = await new Scenario([strange, (response) => write(response, "schema", "1")]).start(context);
  await scene.until(() => scene.requests.length === 2);
  assert.equal(scene.errors.length, 1);
  assert.deepEqual(scene.requests.map(({ after }) => after), [0, 0]);
});

test("a change that cannot be applied reloads the document", limited, async (context) => {
  const scene = new Scenario([(response) => write(response, "schema", "1", "2"), (response) => write(response, "schema", "2")]);
  const seen: number[] = [];
  await scene.start(context, {
    onChange({ seq }) {
      seen.push(seq);
      if (seen.length === 2) throw new Error("does not fit");
    },
  });
  await scene.until(() => scene.requests.length === 2);
  assert.match(String(scene.errors[0]), /does not fit/);
  assert.equal(scene.requests[1]!.after, 0);
});

test("restart() reloads a document, and ignores changes received meanwhile", limited, async (context) => {
  const scene = await new Scenario([(response) => write(response, "schema", "1", "2"), heartbeats]).start(context);
  await scene.until(() => scene.seen.length === 2);
  scene.connection.restart("doc", new Error("could not be drawn"));
  await scene.until(() => scene.requests.length === 2);
  assert.equal(scene.requests[1]!.after, 0);
});

test("going online ends the wait", limited, async (context) => {
  const scene = new Scenario([(response) => response.destroy(), (response) => send(response, "schema", "deleted", "end")]);
  await scene.start(context, {}, { ...QUICK, backOffMs: 1e9, maxBackOffMs: 1e9 });
  await scene.until(() => scene.states.includes("connecting"));
  await new Promise((resolve) => setImmediate(resolve));
  page.dispatchEvent(new Event("online"));
  await scene.until(() => scene.ended !== "");
});

test("several documents share a request, and tokens are renewed one by one", limited, async (context) => {
  const renewing: Answer = (response) => send(response, "schema", "1", "other", "end");
  const scene = await new Scenario([renewing, heartbeats], BOTH).start(context);
  await scene.until(() => scene.requests.length === 2);
  assert.deepEqual(scene.requests.map(({ docs }) => docs), [["doc:0", "other:0"], ["doc:1", "other:1"]]);
  assert.deepEqual(scene.requests.map(({ token }) => token), ["first,bad", "first,renewed"]);
});

test("documents with the same token send it once", limited, async (context) => {
  const scene = await new Scenario([heartbeats], BOTH.map((one) => ({ ...one, token: "same" }))).start(context);
  await scene.until(() => scene.requests.length === 1);
  assert.equal(scene.requests[0]!.token, "same");
});

test("documents added at the same moment share one request, and the others resume", limited, async (context) => {
  const scene = await new Scenario([(response) => write(response, "schema", "1", "2"), heartbeats]).start(context);
  await scene.until(() => scene.seen.length === 2);
  for (const docid of ["a", "b", "c"]) scene.connection.follow({ docid, after: 0, token: docid });
  await scene.until(() => scene.requests.length === 2);
  assert.deepEqual(scene.requests[1]!.docs, ["doc:2", "a:0", "b:0", "c:0"]);
  assert.equal(scene.requests[1]!.token, "first,a,b,c");
});

test("a document that is left is not requested again", limited, async (context) => {
  const scene = await new Scenario([heartbeats], BOTH).start(context);
  await scene.until(() => scene.requests.length === 1);
  scene.connection.leave("other");
  await scene.until(() => scene.requests.length === 2);
  assert.deepEqual(scene.requests[1]!.docs, ["doc:0"]);
});

test("the refused one of several documents is dropped and the others go on", limited, async (context) => {
  const scene = await new Scenario([refusing('{"error": "token", "docid": "other"}')], BOTH).start(context);
  await scene.until(() => scene.seen.length === 1);
  assert.deepEqual(scene.left, ["other"]);
  assert.deepEqual(scene.requests.map(({ docs }) => docs), [["doc:0", "other:0"], ["doc:0"]]);
});

test("if the server does not say which one it refuses, they are requested one by one", limited, async (context) => {
  const poll: Answer = (response, { token }) => {
    if (token.includes("bad")) response.writeHead(401).end("<html>no JSON");
    else send(response, "schema", "1", "end");
  };
  const scene = await new Scenario([poll], BOTH).start(context);
  await scene.until(() => scene.left.length === 1 && scene.requests.length > 3);
  assert.deepEqual(scene.left, ["other"]);
  assert.deepEqual(scene.requests.slice(0, 4).map(({ docs, wait }) => [...docs, wait]), [
    ["doc:0", "other:0", "stream"], ["doc:0", "0"], ["other:0", "0"], ["doc:1", "stream"],
  ]);
});

test("a server that refuses documents only together is a failed attempt, not a loop", limited, async (context) => {
  const together: Answer = (response, { docs }) => {
    if (docs.length > 1) response.writeHead(401).end();
    else send(response, "schema", "end");
  };
  const scene = await new Scenario([together], BOTH).start(context, {}, { ...QUICK, offlineAfter: 1 });
  await scene.until(() => scene.states.includes("offline"));
  assert.deepEqual(scene.left, []);
});

test("a connection has room for 64 documents and 6 KB of tokens", async () => {
  const documents = (count: number, token: string) =>
    Array.from({ length: count }, (_, n) => ({ docid: `d${n}`, after: 0, token: token + n }));
  const connection = (count: number, token: string) => new Connection("", documents(count, token), {} as Listener);
  assert.equal(connection(63, "t").hasRoom("one more"), true);
  assert.equal(connection(64, "t").hasRoom("one more"), false);
  assert.equal(connection(5, "t".repeat(999)).hasRoom("t".repeat(990)), true);
  assert.equal(connection(6, "t".repeat(999)).hasRoom("t".repeat(999)), false);
});

test("too many documents for one request have a second one", limited, async () => {
  const asked: string[][] = [];
  const streams = await new Promise<Streams>((resolve) => {
    Object.assign(globalThis, {
      fetch(url: string) {
        asked.push(new URL(url).searchParams.getAll("doc"));
        if (asked.length === 2) resolve(made);
        return new Promise(() => {});
      },
    });
    const made = new Streams("http://server/", {} as Listener, null, QUICK);
    for (let n = 0; n < 70; n++) made.follow({ docid: `d${n}`, after: 0, token: `t${n}` });
  });
  assert.deepEqual(asked.map((docs) => docs.length), [64, 6]);
  for (let n = 0; n < 70; n++) streams.leave(`d${n}`);
});
