// The share dialog: who may see a document, its links, and its embed code.
// Everything shown comes from GET access/<docid>, and each deed's answer is that anew.
import {call} from "./calls.js";
import {ask} from "./confirm.js";
import {frameCode, scriptCode} from "./embed-code.js";
import {showPeople} from "./people.js";
import {accessOf, mount, rowOf, setPublished} from "./rows.js";
import {say} from "./say.js";

const dialog = document.getElementById("share");
const part = (id) => document.getElementById(`share-${id}`);
const told = say(part("done"));
const RANK = {read: 0, write: 1, own: 2};
let access = null;
let busy = false;

function show(answer) {
  access = answer;
  for (const title of dialog.querySelectorAll(".its-title")) title.textContent = answer.title || "Untitled";
  for (const section of dialog.querySelectorAll("[data-for]")) {
    section.hidden = RANK[answer.right] < RANK[section.dataset.for];
  }
  part("link").value = answer.link;
  part("public-link").value = answer.public_link;
  part("public-part").hidden = !answer.published;
  if (part("public")) showWho(answer);
  part("body").hidden = false;
}

function showWho({docid, published, shares}) {
  part("public").checked = published;
  const row = rowOf(docid);
  if (row?.querySelector(".more")) setPublished(row, published);
  showPeople(part("people"), shares, {change, remove});
  part("nobody").hidden = shares.length > 0;
}

/** Do one thing at a time; what fails is told, and what is shown goes back to how things are. */
async function attempt(deed) {
  if (busy) return false;
  busy = true;
  part("problem").textContent = "";
  try {
    await deed();
    return true;
  } catch (error) {
    part("problem").textContent = error.message;
    part("problem").scrollIntoView({block: "nearest"});
    return false;
  } finally {
    busy = false;
    if (access) show(access);
  }
}

const userOf = (user) => `${accessOf(access.docid)}/users/${encodeURIComponent(user)}`;

function showCodes(shown) {
  part("codes").hidden = !shown;
  part("embed").hidden = shown;
}

async function grant(user, right) {
  access = await call("PUT", userOf(user), {right});
}

const change = (user, right) =>
  attempt(async () => {
    await grant(user, right);
    told`${user} ${right === "write" ? "can change it" : "can see it"} now.`;
  });

async function remove(user) {
  const removed = await attempt(async () => {
    access = await call("DELETE", userOf(user));
    told`${user} cannot see it any more.`;
  });
  if (removed && access.shares.length === 0) part("user").focus();
}

async function add(event) {
  event.preventDefault();
  const user = part("user").value.trim();
  const right = part("right").value;
  const added = await attempt(async () => {
    await grant(user, right);
    told`${user} ${right === "write" ? "can change it" : "can see it"} now.`;
  });
  if (added) part("user").value = "";
  part("user").focus();
}

const publish = () =>
  attempt(async () => {
    const wanted = part("public").checked;
    access = await call(wanted ? "PUT" : "DELETE", `${accessOf(access.docid)}/published`);
    if (!wanted) showCodes(false);
    part("done").textContent = wanted ? "Anybody with the link can see it." : "It is not public any more.";
  });

async function makeCodes() {
  const base = new URL(mount, location.href).href;
  const {docid, title} = access;
  const {token} = await call("POST", `${accessOf(docid)}/tokens`, {public: access.published});
  part("script").value = scriptCode({base, docid, token, version: dialog.dataset.bokehVersion});
  part("frame").value = frameCode({base, docid, token, title});
  showCodes(true);
  part("script").focus();
  part("script").select();
}

function withdraw() {
  const {docid} = access;
  ask({
    heading: (say) => say`Withdraw all embed codes?`,
    text: "The plots disappear from every page that the codes were put in, and links with a token end. This cannot be undone; new codes can be made.",
    verb: "Withdraw",
    run: () => call("DELETE", `${accessOf(docid)}/tokens`),
    done: () => {
      showCodes(false);
      part("done").textContent = "All embed codes given out so far have ended.";
    },
  });
}

/** Open the dialog of a document; with `codes`, and an embed code is made at once. */
export async function openShare(docid, {codes = false} = {}) {
  access = null;
  part("body").hidden = true;
  showCodes(false);
  for (const title of dialog.querySelectorAll(".its-title")) title.textContent = rowOf(docid)?.dataset.title ?? "…";
  part("done").textContent = "";
  dialog.showModal();
  part("title").focus();
  const loaded = await attempt(async () => {
    access = await call("GET", accessOf(docid));
  });
  if (loaded && codes) await attempt(makeCodes);
}

dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
part("embed").addEventListener("click", () => attempt(makeCodes));
part("withdraw").addEventListener("click", withdraw);
part("public")?.addEventListener("change", publish);
part("add")?.addEventListener("submit", add);

export const tellInShare = (text) => (part("done").textContent = text);
