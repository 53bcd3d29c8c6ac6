/** Loads the scripts that a document needs into the page. */
export interface Scripts {
  /** The URL of a component of BokehJS (for example "bokeh-widgets"); null if it is loaded or has no known URL. */
  component(name: string): string | null;
  /** Run the script at a URL; rejects with MissingScript or Unshowable. */
  run(url: string): Promise<void>;
  evaluate(code: string): void;
}

/** A script failed to load. Reloading the page may help: the server may then allow the script. */
export class MissingScript extends Error {
  override name = "MissingScript";

  constructor(url: string) {
    super(`the script ${url} could not be loaded`);
  }
}

/** Run a script as a script element. Rejects with MissingScript, also where a policy forbids the script. */
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
