// The index: times that stay true, and deleting a document after a question.
"use strict";
(() => {
  const steps = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat("en", {numeric: "auto"});
  const exact = new Intl.DateTimeFormat(undefined, {dateStyle: "full", timeStyle: "long"});

  function ago(then) {
    const seconds = Math.max(0, (Date.now() - then) / 1000);
    const step = steps.find(([, length]) => seconds >= length);
    return step ? relative.format(-Math.floor(seconds / step[1]), step[0]) : "just now";
  }

  function tellTimes() {
    for (const time of document.querySelectorAll("time")) {
      const then = new Date(time.dateTime);
      time.textContent = ago(then);
      time.title = exact.format(then);
    }
  }
  tellTimes();
  setInterval(tellTimes, 30000);

  const dialog = document.getElementById("confirm");
  const problem = document.getElementById("confirm-error");
  const sure = document.getElementById("confirm-delete");
  let asked = null;

  function ask(button) {
    asked = button;
    document.getElementById("confirm-name").textContent = button.dataset.title;
    problem.textContent = "";
    sure.disabled = false;
    dialog.showModal();
  }

  async function refusal(answer) {
    try {
      const {message} = await answer.json();
      if (message) return message;
    } catch { /* not JSON: the status has to do */ }
    return `The server answered ${answer.status} ${answer.statusText}`.trim() + ".";
  }

  // What keeps it from being deleted, or null once it is gone (also when somebody else was faster).
  async function remove(url) {
    try {
      const answer = await fetch(url, {method: "DELETE", headers: {Accept: "application/json"}, credentials: "same-origin"});
      return answer.ok || answer.status === 404 ? null : await refusal(answer);
    } catch {
      return "The server does not answer. Nothing was deleted; try again when it is back.";
    }
  }

  function drop(row, title) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    const left = document.querySelectorAll(".document").length;
    document.getElementById("count").textContent = left;
    document.getElementById("announcement").textContent = `Deleted “${title}”.`;
    document.getElementById("list").hidden = left === 0;
    document.getElementById("empty").hidden = left > 0;
    next?.querySelector("a").focus();
  }

  sure.addEventListener("click", async () => {
    sure.disabled = true;
    problem.textContent = (await remove(asked.dataset.delete)) ?? "";
    sure.disabled = false;
    if (problem.textContent) return;
    dialog.close();
    drop(asked.closest(".document"), asked.dataset.title);
  });

  for (const button of document.querySelectorAll(".delete")) {
    button.hidden = false;
    button.addEventListener("click", () => ask(button));
  }
})();
