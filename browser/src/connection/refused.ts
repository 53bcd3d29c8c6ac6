/** An answer other than 2xx. */
export class Refused extends Error {
  override name = "Refused";

  /**
   * `docid`: which of several documents it is about, if the server says so. `isOurs`: the plot server says it, and not
   * something between.
   */
  constructor(readonly status: number, readonly docid: string | null = null, readonly isOurs = true) {
    super(`the server answered ${status}`);
  }
}
