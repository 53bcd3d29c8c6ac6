// The rows of own documents: what is done with them shows here.
import {say} from "./say.js";

const list = document.getElementById("list");
const announcement = document.getElementById("announcement");

export const mount = list.dataset.mount;
export const rowOf = (docid) => document.querySelector(`.document[data-docid="${CSS.escape(docid)}"]`);
export const isPublished = (row) => !row.querySelector(".public").hidden;

/** Tell what was done, above the list: tell`Deleted “${title}”.` */
export function tell(texts, ...names) {
  announcement.classList.remove("problem");
  say(announcement)(texts, ...names);
}

/** Tell what went wrong, above the list. */
export function tellProblem(error) {
  announcement.textContent = error.message;
  announcement.classList.add("problem");
  announcement.scrollIntoView({block: "nearest"});
}

/** The address of what the server knows about a row's document: `access/<docid>`, and below it. */
export const accessOf = (docid) => `${mount}access/${encodeURIComponent(docid)}`;

export function setTitle(row, title) {
  row.dataset.title = title;
  for (const shown of row.querySelectorAll(".document-title bdi, .its-title")) shown.textContent = title;
}

export function setPublished(row, published) {
  row.querySelector(".public").hidden = !published;
}

export function drop(row) {
  const {title} = row.dataset;
  const shown = [...document.querySelectorAll(".document:not([hidden])")];
  const place = shown.indexOf(row);
  const next = shown[place + 1] ?? shown[place - 1];
  const group = row.closest(".group");
  row.remove();
  group.hidden = !group.querySelector(".document:not([hidden])");
  const left = document.querySelectorAll(".document").length;
  list.hidden = left === 0;
  document.getElementById("empty").hidden = left > 0;
  tell`Deleted “${title}”.`;
  next?.querySelector("a").focus();
}
