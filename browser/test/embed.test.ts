import assert from "node:assert/strict";
import { test } from "node:test";
import { Gatherer } from "../src/connection/timers";
import { readTag } from "../src/embed/tags";
import { endedMessage } from "../src/document/messages";

Object.assign(globalThis, { document: { baseURI: "https://host.example/pages/one.html" } });

function script(dataset: Record<string, string>, src = "https://plots.example/mount/autoload.js?v=1"): HTMLScriptElement {
  return { dataset, src } as unknown as HTMLScriptElement;
}

test("a tag names its document, plot, token, place and server", () => {
  const element = script({
    bokehDoc: "d", bokehModel: "p", bokehToken: "t", bokehBase: "https://plots.example/mount", bokehVersion: "3.9.2",
    bokehElement: "there",
  });
  assert.deepEqual(readTag(element), {
    base: "https://plots.example/mount/", docid: "d", model: "p", token: "t", version: "3.9.2", elementId: "there",
    script: element,
  });
});

test("without a model it is the whole document, without an element the tag's place, without a base the script's", () => {
  const { base, model, elementId, token } = readTag(script({ bokehDoc: "d" }));
  assert.deepEqual([base, model, elementId, token], ["https://plots.example/mount/", null, null, ""]);
  assert.equal(readTag(script({ bokehDoc: "d" }, "https://h.example/autoload.js/some-id")).base, "https://h.example/");
});

test("a relative base is resolved against the page", () => {
  assert.equal(readTag(script({ bokehDoc: "d", bokehBase: "/plots" })).base, "https://host.example/plots/");
});

test("a tag without a document is an error", () => {
  assert.throws(() => readTag(script({})), /data-bokeh-doc/);
});

test("every reason for an end has a message, unknown ones too", () => {
  for (const reason of ["deleted", "not-found", "unpublished", "unshared", "withdrawn", "signed-out", "disabled"]) {
    assert.doesNotMatch(endedMessage(reason), /The server ended/);
  }
  assert.match(endedMessage("something new"), /something new/);
});

test("requests of one moment run the task once, and soon even after later()", async () => {
  let runs = 0;
  const ran = new Promise<void>((resolve) => {
    const gatherer = new Gatherer(5, 1e9, () => {
      runs++;
      resolve();
    });
    gatherer.later();
    for (let i = 0; i < 3; i++) gatherer.soon();
  });
  await ran;
  assert.equal(runs, 1);
});

test("a task that is requested repeatedly waits longer and longer", async () => {
  const at: number[] = [];
  await new Promise<void>((resolve) => {
    const gatherer: Gatherer = new Gatherer(4, 64, () => {
      at.push(performance.now());
      if (at.length === 7) resolve();
      else gatherer.soon();
    });
    gatherer.soon();
  });
  assert.ok(at.at(-1)! - at.at(-2)! >= 63);
});
