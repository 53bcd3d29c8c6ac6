import { type BokehJS, type PageBokeh, hasComponent, hostBokeh } from "../bokehjs/bokeh";
import { MissingScript, type Scripts, runScript } from "../scripts/scripts";
import { Unshowable } from "./unshowable";

/**
 * BokehJS in a page of somebody else: the page's own if it has the server's version, else one that only we see.
 *
 * Scripts of BokehJS look for `this.Bokeh` and put themselves there. Ours run with a `this` of their own, so that
 * the page's `window.Bokeh` stays what it is, and stays undefined until the page's own scripts, which may come
 * later, define it. Where a policy forbids that, they run as script elements, and BokehJS's own way of letting
 * versions live beside each other is used: `Bokeh["3.9.2"]` of whichever was there first.
 */
export class EmbedScripts implements Scripts {
  readonly #private = mayEval();
  #folder: string;
  /** What `this` is to our scripts. */
  readonly #root: { Bokeh?: PageBokeh } = {};
  #bokeh!: PageBokeh;
  /** What the page has as `window.Bokeh` if it has none of its own and a document needs one. */
  #lent: PageBokeh | undefined;

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
   * Let the page's scripts, CustomJS among them, have `Bokeh`, if there is none. It lacks the mark by which a
   * BokehJS that the page loads later would leave it in its place.
   */
  lend(): void {
    if (hostBokeh()) return;
    this.#lent = Object.create(this.#bokeh, { __bokeh__: { value: undefined } }) as PageBokeh;
    Object.assign(globalThis, { Bokeh: this.#lent });
  }

  component(name: string): string | null {
    return hasComponent(this.#bokeh, name) ? null : `${this.#folder}${encodeURIComponent(name)}.min.js`;
  }

  async run(url: string): Promise<void> {
    if (url.startsWith(this.#folder)) return this.#runOurs(url);
    // A script of whatever kind, that may need the global Bokeh: there can be only one.
    this.lend();
    const theirs = hostBokeh()!;
    if (theirs !== this.#bokeh && theirs !== this.#lent) {
      throw new Unshowable(
        `This plot needs the script ${url}, which would find another BokehJS on this page: ${theirs.version} instead ` +
          `of ${this.version}. Show the plot in an iframe, or use BokehJS ${this.version} on this page.`,
      );
    }
    await runScript(url);
  }

  /** As Bokeh's own embedding runs inline scripts. */
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
    // After a redirect the rest lies there, too.
    this.#folder = response!.url.replace(/[^/]*$/, "");
    new Function(`${text}\n//# sourceURL=${url}`).call(this.#root);
  }

  async #runBesideTheirs(url: string): Promise<void> {
    const theirs = hostBokeh();
    const known = versions(theirs);
    await runScript(url);
    const first = hostBokeh()!;
    // The server may have another version by now than the tag says.
    const fresh = versions(first).find((version) => !known.includes(version)) ?? this.version;
    this.#root.Bokeh ??= (first[fresh] ?? first) as PageBokeh;
    if (!theirs || first === theirs) return;
    // Theirs is so old that BokehJS took its place; components still look for us there.
    Object.assign(theirs, { [first.version]: this.#root.Bokeh });
    Object.assign(globalThis, { Bokeh: theirs });
  }
}

/** Those that are beside each other as `Bokeh["3.9.2"]`. */
function versions(bokeh: PageBokeh | undefined): string[] {
  return Object.keys(bokeh ?? {}).filter((key) => /^\d+\./.test(key));
}

/** Whether the page's policy lets text become a function. */
function mayEval(): boolean {
  try {
    return new Function("return true")() as boolean;
  } catch {
    return false;
  }
}
