// What the pages' scripts ask of the server. Every failure is a Problem, whose message people can read.

export class Problem extends Error {}

const csrf = document.querySelector('meta[name="csrf"]')?.content;

function headers(body) {
  return {
    Accept: "application/json",
    ...(csrf ? {"X-CSRF-Token": csrf} : {}),
    ...(body === undefined ? {} : {"Content-Type": "application/json"}),
  };
}

async function refusal(answer) {
  if (answer.status === 401) return "You are not signed in any more. Load the page again to sign in.";
  try {
    const {message} = await answer.json();
    if (message) return message;
  } catch { /* not JSON: the status has to do */ }
  return `The server answered ${answer.status} ${answer.statusText}`.trim() + ".";
}

/** The JSON of an answer; `fine` are statuses that are no failure, and then null. */
export async function call(method, url, body, {fine = []} = {}) {
  let answer;
  try {
    answer = await fetch(url, {
      method,
      headers: headers(body),
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem("The server does not answer. Try again when it is back.");
  }
  if (fine.includes(answer.status)) return null;
  if (!answer.ok) throw new Problem(await refusal(answer));
  try {
    return await answer.json();
  } catch {
    throw new Problem("The server's answer cannot be read. Load the page again.");
  }
}
