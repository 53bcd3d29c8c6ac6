/** The JSON that the server writes into the page, in #bokeh-wsgi-config. */
export interface Config {
  /** Where the server is mounted, with a slash at the end. */
  base: string;
  token: string;
  docs: { docid: string; after: number }[];
  /** The page's main document. */
  docid: string;
  /** Whether changes made in the page are sent to the server. */
  write: boolean;
  /** Id or name of the one model of it to show. */
  model: string | null;
}

export function readConfig(): Config {
  return JSON.parse(document.getElementById("bokeh-wsgi-config")!.textContent!) as Config;
}
