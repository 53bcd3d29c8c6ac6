/** A script that a document needs cannot be had; the server may know a page that has it. */
export class MissingScript extends Error {
  override name = "MissingScript";

  constructor(url: string) {
    super(`the script ${url} could not be loaded`);
  }
}
