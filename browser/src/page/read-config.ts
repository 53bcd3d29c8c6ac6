import type { Config } from "./config";

export function readConfig(): Config {
  return JSON.parse(document.getElementById("bokeh-wsgi-config")!.textContent!) as Config;
}
