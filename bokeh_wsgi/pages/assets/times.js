// Times that stay true while the page is open, in the reader's own zone.

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

export function keepTimes() {
  tellTimes();
  setInterval(tellTimes, 30000);
}
