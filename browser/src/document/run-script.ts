import { MissingScript } from "./missing-script";

/** Run the script at `url` as an element of the page. Rejects with MissingScript (a policy may forbid it). */
export function runScript(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const element = document.head.appendChild(document.createElement("script"));
    element.onload = () => resolve();
    element.onerror = () => {
      element.remove();
      reject(new MissingScript(url));
    };
    element.src = url;
  });
}
