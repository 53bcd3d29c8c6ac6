/** What the server tells the page, in #bokeh-wsgi-config. */
export interface Config {
  /** Where the server is mounted, with a slash at the end. */
  base: string;
  token: string;
  docs: { docid: string; after: number }[];
  /** The document that the page is about. */
  docid: string;
  /** Whether what is done in the page goes to the server. */
  write: boolean;
  /** Id or name of the one model of it to show. */
  model: string | null;
}

export function readConfig(): Config {
  return JSON.parse(document.getElementById("bokeh-wsgi-config")!.textContent!) as Config;
}
