// What the pages' scripts ask of the server. Every failure is a Problem, whose message people can read.

export class Problem extends Error {}

const csrf = document.querySelector('meta[name="csrf"]')?.content;
const userinfo = new URL("../userinfo", import.meta.url);

function headers(body) {
  return {
    Accept: "application/json",
    ...(csrf ? {"X-CSRF-Token": csrf} : {}),
    ...(body === undefined ? {} : {"Content-Type": "application/json"}),
  };
}

async function send(method, url, body) {
  try {
    return await fetch(url, {
      method,
      headers: headers(body),
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem("The server does not answer. Try again when it is back.");
  }
}

// To somebody who is not signed in any more, a private document is not there (404).
async function checkSignedIn(status) {
  const ended = status === 401 || (csrf && status === 404 && (await send("GET", userinfo)).status === 401);
  if (ended) throw new Problem("You are not signed in any more. Load the page again to sign in.");
}

async function refusal(answer) {
  try {
    const {message} = await answer.json();
    if (message) return message;
  } catch { /* not JSON: the status has to do */ }
  return `The server answered ${answer.status} ${answer.statusText}`.trim() + ".";
}

/** The JSON of an answer; `fine` are statuses that are no failure, and then null. */
export async function call(method, url, body, {fine = []} = {}) {
  const answer = await send(method, url, body);
  await checkSignedIn(answer.status);
  if (fine.includes(answer.status)) return null;
  if (!answer.ok) throw new Problem(await refusal(answer));
  try {
    return await answer.json();
  } catch {
    throw new Problem("The server's answer cannot be read. Load the page again.");
  }
}
