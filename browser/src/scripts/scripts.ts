/** How scripts that a document needs get into the page. */
export interface Scripts {
  /** The address of one of BokehJS's components, "bokeh-widgets" for example; null if it is there or cannot be had. */
  component(name: string): string | null;
  /** Run the script at an address; rejects with MissingScript or Unshowable. */
  run(url: string): Promise<void>;
  evaluate(code: string): void;
}

/** A script that a document needs cannot be had; the server may know a page that has it. */
export class MissingScript extends Error {
  override name = "MissingScript";

  constructor(url: string) {
    super(`the script ${url} could not be loaded`);
  }
}

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
