/** How scripts that a document needs get into the page. */
export interface Scripts {
  /** The address of one of BokehJS's components, "bokeh-widgets" for example; null if it is there or cannot be had. */
  component(name: string): string | null;
  /** Run the script at an address; rejects with MissingScript or Unshowable. */
  run(url: string): Promise<void>;
  evaluate(code: string): void;
}
