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
let opened = 0;

function show(answer) {
  access = answer;
  for (const title of dialog.querySelectorAll(".its-title")) title.textContent = answer.title || "Untitled";
  for (const section of dialog.querySelectorAll("[data-for]")) {
    section.hidden = RANK[answer.right] < RANK[section.dataset.for];
  }
  part("link").value = answer.link;
  part("public-link").value = answer.public_link;
  part("public-part").hidden = !answer.published;
  part("embed-hint").textContent = answer.published
    ? "For as long as this document is public."
    : "Whoever sees a page with this code sees the plot.";
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

/** Do one thing at a time: `done` is given the answer. What fails is told, and what is shown stays true. */
async function attempt(ask, done) {
  if (busy) return false;
  busy = true;
  const mine = opened;
  let problem = "";
  let answer;
  try {
    answer = await ask();
  } catch (error) {
    problem = error.message;
  }
  // The dialog was closed meanwhile, and opened for another document.
  if (mine !== opened) return false;
  busy = false;
  part("problem").textContent = problem;
  if (!problem) done(answer);
  if (access) show(access);
  return !problem;
}

const userOf = (user) => `${accessOf(access.docid)}/users/${encodeURIComponent(user)}`;

function showCodes(shown) {
  part("codes").hidden = !shown;
  part("embed").hidden = shown;
}

function change(user, right) {
  const granted = (answer) => {
    access = answer;
    told`${user} ${right === "write" ? "can change it" : "can see it"} now.`;
  };
  return attempt(() => call("PUT", userOf(user), {right}), granted);
}

async function remove(user) {
  const removed = (answer) => {
    access = answer;
    told`${user} cannot see it any more.`;
  };
  await attempt(() => call("DELETE", userOf(user)), removed);
  if (access.shares.length === 0) part("user").focus();
}

async function add(event) {
  event.preventDefault();
  if (await change(part("user").value.trim(), part("right").value)) part("user").value = "";
  part("user").focus();
}

function publish() {
  const wanted = part("public").checked;
  const published = (answer) => {
    access = answer;
    showCodes(false);
    part("done").textContent = wanted ? "Anybody with the link can see it." : "It is not public any more.";
  };
  return attempt(() => call(wanted ? "PUT" : "DELETE", `${accessOf(access.docid)}/published`), published);
}

function makeCodes() {
  const base = new URL(mount, location.href).href;
  const {docid, title, published} = access;
  const made = ({token}) => {
    part("script").value = scriptCode({base, docid, token, version: dialog.dataset.bokehVersion});
    part("frame").value = frameCode({base, docid, token, title});
    showCodes(true);
    part("script").focus();
    part("script").select();
    part("script").scrollTop = 0;
  };
  return attempt(() => call("POST", `${accessOf(docid)}/tokens`, {public: published}), made);
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

/** Open the dialog of a document; with `codes`, its embed code is made at once. */
export async function openShare(docid, {codes = false} = {}) {
  opened += 1;
  busy = false;
  access = null;
  part("body").hidden = true;
  part("problem").textContent = "";
  part("done").textContent = "";
  showCodes(false);
  for (const title of dialog.querySelectorAll(".its-title")) title.textContent = rowOf(docid)?.dataset.title ?? "…";
  dialog.showModal();
  part("title").focus();
  const loaded = await attempt(() => call("GET", accessOf(docid)), (answer) => (access = answer));
  if (loaded && codes) await makeCodes();
}

dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
part("embed").addEventListener("click", makeCodes);
part("withdraw").addEventListener("click", withdraw);
part("public")?.addEventListener("change", publish);
part("add")?.addEventListener("submit", add);

export const tellInShare = (text) => (part("done").textContent = text);
