// The account: making, showing and revoking keys, and ending logins.
import {call} from "./calls.js";
import {ask} from "./confirm.js";
import {copyButtons} from "./copying.js";
import {say} from "./say.js";
import {keepTimes} from "./times.js";

const announcement = document.getElementById("announcement");
const tell = say(announcement);
const form = document.getElementById("make-key");
const nameField = document.getElementById("key-name");
const problem = document.getElementById("key-problem");
const keys = document.getElementById("keys");

const showWhetherNone = () => (document.getElementById("no-keys").hidden = keys.children.length > 0);

function gone(way, verb) {
  const next = way.nextElementSibling ?? way.previousElementSibling;
  way.remove();
  showWhetherNone();
  tell`${verb === "Revoke" ? "Revoked" : "Signed out"}: ${way.dataset.name}`;
  (next?.querySelector("[data-end]") ?? nameField).focus();
}

function askEnd(way, verb) {
  const isKey = verb === "Revoke";
  ask({
    heading: (say) => (isKey ? say`Revoke the key “${way.dataset.name}”?` : say`Sign out “${way.dataset.name}”?`),
    text: isKey ? "Programs that use it are refused from now on." : "That browser has to sign in again.",
    verb,
    run: () => call("DELETE", way.dataset.href, undefined, {fine: [404]}),
    // Without the login of this very browser the account cannot be shown any more.
    done: () => ("current" in way.dataset ? location.reload() : gone(way, verb)),
  });
}

function liven(way) {
  const button = way.querySelector("[data-end]");
  button.hidden = false;
  button.addEventListener("click", () => askEnd(way, button.firstChild.data.trim()));
}

function addKey({id, name}) {
  const way = document.getElementById("key-template").content.firstElementChild.cloneNode(true);
  way.dataset.href = `${form.dataset.href}/${encodeURIComponent(id)}`;
  way.dataset.name = name;
  for (const shown of way.querySelectorAll("bdi")) shown.textContent = name;
  way.querySelector("time").dateTime = new Date().toISOString();
  keys.prepend(way);
  showWhetherNone();
  liven(way);
}

function showKey(text) {
  const field = document.getElementById("new-key-text");
  document.getElementById("new-key").hidden = false;
  field.value = text;
  field.focus();
  field.select();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  try {
    const made = await call("POST", form.dataset.href, {name: nameField.value.trim()});
    addKey(made);
    nameField.value = "";
    showKey(made.key);
  } catch (error) {
    problem.textContent = error.message;
    nameField.focus();
  }
});

form.hidden = false;
document.querySelectorAll(".way").forEach(liven);
copyButtons((text) => tell([text]));
keepTimes();
