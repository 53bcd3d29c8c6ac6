// In this order of the modules the script is smallest when it is packed.
import { Connection, type Followed } from "./connection/connection";
import { type Viewer, viewer } from "./viewer";
import { pageScripts } from "./page/page-scripts";
import { watchVisibility } from "./dom/visibility";
import { PageEdits } from "./edits/page-edits";
import { readConfig } from "./page/config";
import { Notice } from "./page/notice";
import { Status } from "./page/status";
import { endedMessage, failedMessage, modelMessage, errorText, undrawnMessage } from "./document/messages";
import { bokeh } from "./bokehjs/bokeh";
import type { LiveDocument } from "./document/live-document";
import type { Place } from "./document/document-view";
import { MissingScript } from "./scripts/scripts";

/** For tests and debugging: docs/browser.md. */
export interface Probe {
  documents: Map<string, LiveDocument>;
  state: string;
  columns: Viewer["columns"];
}

/** How long temporary notices stay. */
const NOTICE_MS = 10_000;
/** Longer than the time between two `late` events. */
const LATE_MS = 6_000;
/** A page younger than this does not reload itself: it would fail again. */
const YOUNG_MS = 30_000;

/** The scripts after this one have run: BokehJS, and what the documents need. Data are requested before. */
const scriptsLoaded = new Promise<unknown>((resolve) => {
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", resolve);
  else resolve(null);
});

async function main(): Promise<void> {
  const config = readConfig();
  const view = document.getElementById("bokeh-wsgi-view")!;
  const heading = document.getElementById("bokeh-wsgi-title");
  const serverTitle = document.title;
  const status = new Status();
  const notice = new Notice(view);
  const documents = new Map<string, LiveDocument>();
  /** After an error, until the document is shown again. */
  let isReloading = false;
  const bokehLoaded = scriptsLoaded.then(() => {
    try {
      // Without the message for each drawn document.
      bokeh().logger.set_level("warn");
    } catch (error) {
      status.show("ended", String(error));
      notice.show("BokehJS, which draws the plots, could not be loaded. Reload the page to try again.");
      for (const { docid } of config.docs) connection.leave(docid);
      return new Promise<never>(() => {});
    }
  });
  const { ahead, begin, columns } = await viewer(config.base, (docid) => documents.get(docid));

  const shown = (docid: string) => {
    if (docid !== config.docid) return;
    // Without a title, use that of the server's HTML.
    const title = documents.get(docid)!.document!.title() || serverTitle;
    if (document.title !== title) document.title = title;
    if (heading && heading.textContent !== title) heading.textContent = title;
    if (status.state === "connecting" || isReloading) status.show("live", "the document is shown as it is now");
    isReloading = false;
  };
  const place = (only: string | null): Place => ({
    element: view,
    only,
    onStatus(modelStatus) {
      const text = modelMessage(modelStatus, only ?? "");
      if (text === null) notice.clear();
      else notice.show(text);
    },
  });
  const editsOf = (docid: string) => {
    const url = `${config.base}doc/${encodeURIComponent(docid)}/edits`;
    return new PageEdits(url, () => connection.token(docid), {
      due: () => documents.get(docid)?.refresh(),
      refused(httpStatus, message) {
        if (httpStatus === 401 && reload()) return;
        // 409: somebody else removed the model.
        if (httpStatus !== 409) notice.show(`Your change was not accepted: ${message}`, NOTICE_MS);
        connection.restart(docid, null);
      },
      late: (why) => notice.show(`What was done here has not reached the server yet; trying again. (${why})`, LATE_MS),
    });
  };
  const follow = ({ docid }: Followed) => {
    const live = begin(pageScripts, {
      shown: () => shown(docid),
      failed: (error) => connection.restart(docid, error),
      undrawn: (failures) => notice.show(undrawnMessage(failures)),
      notice: (text) => notice.show(text, NOTICE_MS),
    }, config.write ? editsOf(docid) : undefined);
    documents.set(docid, live);
    void live.queue.waitFor(bokehLoaded);
    void live.show(place(docid === config.docid ? config.model : null));
  };

  const { token } = config;
  const followed = config.docs.map((document) => ({ ...document, token }));
  const connection = new Connection(config.base, followed, {
    onChange: (change) => documents.get(change.doc)!.queue.apply(change),
    onEnd(docid, reason) {
      // A reloaded page gets a new token, if it may still read the document.
      if (reason === "withdrawn" || reason === "expired") return location.reload();
      if (docid === config.docid) status.show("ended", reason);
      notice.show(endedMessage(reason));
    },
    onState(state, detail) {
      // The page is live when the plot is shown, not when the connection is open.
      if (state !== "live" || documents.get(config.docid)?.seq) status.show(state, detail);
    },
    onError(error) {
      if (error instanceof MissingScript && reload()) return;
      console.error(error);
      notice.show(failedMessage(error));
      isReloading = true;
      status.show("reconnecting", errorText(error));
    },
    onRefused(httpStatus) {
      if (httpStatus === 401 && reload()) return;
      status.show("ended", `the server answered ${httpStatus}`);
      notice.show("The server does not let this page read the document any more. Reload the page to try again.");
    },
  }, ahead);
  followed.forEach(follow);
  watchVisibility((isVisible) => connection.rest(!isVisible));

  const probe: Probe = {
    documents,
    get state() {
      return status.state;
    },
    columns,
  };
  Object.assign(globalThis, { bokehWSGI: probe });
  await connection.run();
}

/** Reload the page for a new token or policy; false if the page has just been loaded. */
function reload(): boolean {
  if (performance.now() < YOUNG_MS) return false;
  location.reload();
  return true;
}

void main();
