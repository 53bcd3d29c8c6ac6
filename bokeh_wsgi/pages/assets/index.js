// The index: search, and what can be done with one's own documents.
import {call} from "./calls.js";
import {ask} from "./confirm.js";
import {copy, copyButtons} from "./copying.js";
import {rowMenus} from "./menu.js";
import {askTitle} from "./rename.js";
import {accessOf, drop, isPublished, rowOf, setPublished, tell, tellProblem} from "./rows.js";
import {refilter, searchBox} from "./search.js";
import {openShare, tellInShare} from "./share.js";
import {keepTimes} from "./times.js";

function askDelete(row) {
  ask({
    heading: (say) => say`Delete “${row.dataset.title}”?`,
    text: "Its plots and data are gone for everybody, and this cannot be undone.",
    verb: "Delete",
    // 404: somebody else was faster.
    run: () => call("DELETE", row.dataset.href, undefined, {fine: [404]}),
    done: () => {
      drop(row);
      refilter();
    },
  });
}

async function publish(row) {
  const wanted = !isPublished(row);
  const {docid, title} = row.dataset;
  try {
    const {published} = await call(wanted ? "PUT" : "DELETE", `${accessOf(docid)}/published`);
    setPublished(row, published);
    if (published) tell`Anybody with the link can see “${title}” now.`;
    else tell`“${title}” is not public any more.`;
  } catch (error) {
    tellProblem(error);
  }
}

async function copyLink(row) {
  const link = new URL(row.dataset.href, location.href).href;
  if (await copy(link)) tell`Copied the link to “${row.dataset.title}”.`;
  else tell`This browser does not let pages copy. The link is ${link}`;
}

function showMenuOf(row) {
  document.querySelector('[data-do="publish"]')?.setAttribute("aria-checked", String(isPublished(row)));
}

rowMenus(showMenuOf, {
  rename: askTitle,
  share: (row) => openShare(row.dataset.docid),
  publish,
  copy: copyLink,
  embed: (row) => openShare(row.dataset.docid, {codes: true}),
  delete: askDelete,
});
for (const button of document.querySelectorAll(".share")) {
  button.hidden = false;
  button.addEventListener("click", () => openShare(button.closest(".document").dataset.docid));
}
for (const button of document.querySelectorAll("#rename [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
copyButtons(tellInShare);
searchBox();
keepTimes();

const asked = new URLSearchParams(location.search).get("share");
if (asked) {
  // A reload shall not open the dialog again.
  history.replaceState(null, "", location.pathname);
  // To where the focus goes back when the dialog is closed.
  rowOf(asked)?.querySelector("a").focus({preventScroll: true});
  openShare(asked);
}
