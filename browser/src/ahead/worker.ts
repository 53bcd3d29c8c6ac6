import type { ChunkDecoder } from "../chunks/chunk";
import { wasmDecoder } from "../chunks/wasm-decoder";
import { RunDecoder } from "./run-decoder";
import type { Answer, Request } from "./tasks";

/** The worker's script: a RunDecoder with its own wasm instance. */
const page = self as unknown as {
  onmessage: (event: { data: Request }) => void;
  postMessage(answer: Answer, memory: ArrayBuffer[]): void;
};

function begin(decode: ChunkDecoder): void {
  const decoder = new RunDecoder(decode, (answer, memory) => page.postMessage(answer, memory));
  page.onmessage = ({ data }) => decoder.handle(data);
  page.postMessage({ kind: "started", ok: true }, []);
}

page.onmessage = ({ data }) => {
  if (data.kind !== "start") return;
  wasmDecoder(data.wasm).then(begin, () => page.postMessage({ kind: "started", ok: false }, []));
};
