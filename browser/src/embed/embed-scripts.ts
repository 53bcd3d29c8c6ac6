import { type BokehJS, type PageBokeh, hasComponent, hostBokeh } from "../bokehjs/bokeh";
import { MissingScript, type Scripts, runScript } from "../scripts/scripts";
import { Unshowable } from "./unshowable";

/**
 * Loads BokehJS in a host page: the page's own if it has the server's version, otherwise a private one.
 *
 * Scripts of BokehJS read and set `this.Bokeh`. The private one runs as functions with another `this`, so that it does
 * not change `window.Bokeh`, which scripts of the page may define later. Where a policy forbids that, it runs as script
 * elements, and BokehJS registers it as `Bokeh["3.9.2"]` of the first one loaded.
 */
export class EmbedScripts implements Scripts {
  readonly #private = mayEval();
  #folder: string;
  /** `this` of private scripts. */
  readonly #root: { Bokeh?: PageBokeh } = {};
  #bokeh!: PageBokeh;
  /** `window.Bokeh` as set by expose(). */
  #exposed: PageBokeh | undefined;

  constructor(base: string, private readonly version: string) {
    this.#folder = `${base}static/bokeh/${encodeURIComponent(version)}/js/`;
  }

  /** The BokehJS to use. Rejects with MissingScript. */
  async load(): Promise<BokehJS> {
    const theirs = this.#ofHost();
    if (theirs) {
      this.#root.Bokeh = Object.create(theirs, { [this.version]: { value: theirs } });
      return (this.#bokeh = theirs);
    }
    await this.#runOurs(`${this.#folder}bokeh.min.js`);
    this.#bokeh = this.#root.Bokeh!;
    this.#bokeh.logger.set_level("warn");
    return this.#bokeh;
  }

  /**
   * Define `window.Bokeh` for CustomJS and other scripts, if there is none. Without `__bokeh__`, so that a BokehJS that
   * the page loads later replaces it.
   */
  expose(): void {
    if (hostBokeh()) return;
    this.#exposed = Object.create(this.#bokeh, { __bokeh__: { value: undefined } }) as PageBokeh;
    Object.assign(globalThis, { Bokeh: this.#exposed });
  }

  component(name: string): string | null {
    return hasComponent(this.#bokeh, name) ? null : `${this.#folder}${encodeURIComponent(name)}.min.js`;
  }

  async run(url: string): Promise<void> {
    if (url.startsWith(this.#folder)) return this.#runOurs(url);
    // Other scripts may need the global Bokeh, of which there is only one.
    this.expose();
    const theirs = hostBokeh()!;
    if (theirs !== this.#bokeh && theirs !== this.#exposed) {
      throw new Unshowable(
        `This plot needs the script ${url}, which would find another BokehJS on this page: ${theirs.version} instead ` +
          `of ${this.version}. Show the plot in an iframe, or use BokehJS ${this.version} on this page.`,
      );
    }
    await runScript(url);
  }

  /** Run an inline script as Bokeh's own embedding does. */
  evaluate(code: string): void {
    if (!this.#private) {
      throw new Unshowable("This plot brings scripts of its own, which the policy of this page forbids (unsafe-eval).");
    }
    new Function("Bokeh", code).call(this.#root, this.#bokeh);
  }

  #ofHost(): PageBokeh | undefined {
    const theirs = hostBokeh();
    const same = (theirs?.[this.version] ?? theirs) as PageBokeh | undefined;
    return same?.version === this.version && typeof same.require === "function" ? same : undefined;
  }

  async #runOurs(url: string): Promise<void> {
    if (!this.#private) return this.#runBesideTheirs(url);
    const response = await fetch(url, { credentials: "omit" }).catch(() => null);
    const text = response?.ok ? await response.text().catch(() => null) : null;
    if (text === null) throw new MissingScript(url);
    // After a redirect, the components are there, too.
    this.#folder = response!.url.replace(/[^/]*$/, "");
    new Function(`${text}\n//# sourceURL=${url}`).call(this.#root);
  }

  async #runBesideTheirs(url: string): Promise<void> {
    const theirs = hostBokeh();
    const known = versions(theirs);
    await runScript(url);
    const first = hostBokeh()!;
    // The server may have another version than the tag says.
    const fresh = versions(first).find((version) => !known.includes(version)) ?? this.version;
    this.#root.Bokeh ??= (first[fresh] ?? first) as PageBokeh;
    if (!theirs || first === theirs) return;
    // The page's BokehJS was too old to stay: put it back, with ours as a property for the components.
    Object.assign(theirs, { [first.version]: this.#root.Bokeh });
    Object.assign(globalThis, { Bokeh: theirs });
  }
}

/** Versions registered as `Bokeh["3.9.2"]`. */
function versions(bokeh: PageBokeh | undefined): string[] {
  return Object.keys(bokeh ?? {}).filter((key) => /^\d+\./.test(key));
}

/** Whether the page's policy allows `new Function`. */
function mayEval(): boolean {
  try {
    return new Function("return true")() as boolean;
  } catch {
    return false;
  }
}
