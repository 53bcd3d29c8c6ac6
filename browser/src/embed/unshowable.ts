/** A document cannot be shown in this page, and trying again is of no use; the message is for people. */
export class Unshowable extends Error {
  override name = "Unshowable";
}
