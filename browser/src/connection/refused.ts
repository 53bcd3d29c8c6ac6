/** An answer other than 2xx. */
export class Refused extends Error {
  override name = "Refused";

  constructor(readonly status: number) {
    super(`the server answered ${status}`);
  }
}
