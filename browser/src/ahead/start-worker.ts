import code from "../../build/ahead.worker.js";

/** Start worker.ts, built, from a blob: pages of documents may load no worker from elsewhere. */
export function startWorker(): Worker {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return new Worker(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
