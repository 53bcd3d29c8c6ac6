// In this order of the modules the script is smallest when it is packed.
import { Connection, type Followed } from "./connection/connection";
import { type Viewer, viewer } from "./viewer";
import { pageScripts } from "./page/page-scripts";
import { whenSeen } from "./dom/attention";
import { PageEdits } from "./edits/page-edits";
import { readConfig } from "./page/config";
import { Notice } from "./page/notice";
import { Status } from "./page/status";
import { ended, failedWords, foundWords, messageOf, undrawnWords } from "./document/words";
import { bokeh } from "./bokehjs/bokeh";
import type { LiveDocument } from "./document/live-document";
import type { Place } from "./document/document-view";
import { MissingScript } from "./scripts/scripts";

/** For tests, and for people with a console: docs/browser.md. */
export interface Probe {
  documents: Map<string, LiveDocument>;
  state: string;
  columns: Viewer["columns"];
}

/** How long people may read what is not about the state of the page. */
const NOTICE_MS = 10_000;
/** A little longer than it takes until it is told again. */
const LATE_MS = 6_000;
/** A page this young does not reload itself: what is wrong with it would be so again. */
const YOUNG_MS = 30_000;

async function main(): Promise<void> {
  const config = readConfig();
  const view = document.getElementById("bokeh-wsgi-view")!;
  const heading = document.getElementById("bokeh-wsgi-title");
  const named = document.title;
  const status = new Status();
  const notice = new Notice(view);
  const documents = new Map<string, LiveDocument>();
  /** For an error, until it is shown. */
  let isFetching = false;
  try {
    // Warnings and errors are for people with a console; that a document is drawn can be seen.
    bokeh().logger.set_level("warn");
  } catch (error) {
    status.show("ended", String(error));
    notice.show("BokehJS, which draws the plots, could not be loaded. Reload the page to try again.");
    return;
  }
  const { ahead, begin, columns } = await viewer(config.base, (docid) => documents.get(docid));

  const shown = (docid: string) => {
    if (docid !== config.docid) return;
    // A document without a title goes by the name that the server has written.
    const title = documents.get(docid)!.document!.title() || named;
    if (document.title !== title) document.title = title;
    if (heading && heading.textContent !== title) heading.textContent = title;
    if (status.state === "connecting" || isFetching) status.show("live", "the document is shown as it is now");
    isFetching = false;
  };
  const place = (only: string | null): Place => ({
    element: view,
    only,
    found(what) {
      const text = foundWords(what, only ?? "");
      if (text === null) notice.clear();
      else notice.show(text);
    },
  });
  const editsOf = (docid: string) => {
    const url = `${config.base}doc/${encodeURIComponent(docid)}/edits`;
    return new PageEdits(url, () => connection.token(docid), {
      due: () => documents.get(docid)?.look(),
      refused(httpStatus, message) {
        if (httpStatus === 401 && reload()) return;
        // Somebody else took away what it was about: that will be seen.
        if (httpStatus !== 409) notice.show(`What was done here was not taken: ${message}`, NOTICE_MS);
        connection.restart(docid, null);
      },
      late: (why) => notice.show(`What was done here has not reached the server yet; trying again. (${why})`, LATE_MS),
    });
  };
  const follow = ({ docid }: Followed) => {
    const live = begin(pageScripts, {
      shown: () => shown(docid),
      failed: (error) => connection.restart(docid, error),
      undrawn: (failures) => notice.show(undrawnWords(failures)),
      notice: (text) => notice.show(text, NOTICE_MS),
    }, config.write ? editsOf(docid) : undefined);
    documents.set(docid, live);
    void live.show(place(docid === config.docid ? config.model : null));
  };

  const { token } = config;
  const followed = config.docs.map((document) => ({ ...document, token }));
  const connection = new Connection(config.base, followed, {
    onChange: (change) => documents.get(change.doc)!.queue.apply(change),
    onEnd(docid, reason) {
      // What it may still read, and with what, a page that is loaded again is told.
      if (reason === "withdrawn" || reason === "expired") return location.reload();
      if (docid === config.docid) status.show("ended", reason);
      notice.show(ended(reason));
    },
    onState(state, detail) {
      // What a person calls live is a plot, not an open connection.
      if (state !== "live" || documents.get(config.docid)?.seq) status.show(state, detail);
    },
    onError(error) {
      if (error instanceof MissingScript && reload()) return;
      console.error(error);
      notice.show(failedWords(error));
      isFetching = true;
      status.show("reconnecting", messageOf(error));
    },
    onRefused(httpStatus) {
      if (httpStatus === 401 && reload()) return;
      status.show("ended", `the server answered ${httpStatus}`);
      notice.show("The server does not let this page read the document any more. Reload the page to try again.");
    },
  }, ahead);
  followed.forEach(follow);
  whenSeen((isSeen) => connection.rest(!isSeen));

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

/** Reload the page to get what only the server can give it, a token or scripts; false if that was just done. */
function reload(): boolean {
  if (performance.now() < YOUNG_MS) return false;
  location.reload();
  return true;
}

void main();
