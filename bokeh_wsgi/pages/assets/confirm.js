// The question before something that cannot be undone. A failure is told in it, and it stays open.
import {say} from "./say.js";

const dialog = document.getElementById("confirm");
const problem = document.getElementById("confirm-problem");
const yes = document.getElementById("confirm-yes");
let asked = null;

/**
 * `heading` is given say() for the heading; `text` says what is lost, `verb` stands on the button; `run` does it,
 * and `done` comes after, when the question is closed and the focus back where it was.
 */
export function ask({heading, text, verb, run, done}) {
  asked = {run, done};
  heading(say(document.getElementById("confirm-title")));
  document.getElementById("confirm-text").textContent = text;
  problem.textContent = "";
  yes.textContent = verb;
  yes.disabled = false;
  dialog.showModal();
}

yes.addEventListener("click", async () => {
  const {run, done} = asked;
  yes.disabled = true;
  problem.textContent = "";
  try {
    await run();
  } catch (error) {
    problem.textContent = error.message;
    return;
  } finally {
    yes.disabled = false;
  }
  dialog.close();
  done();
});
