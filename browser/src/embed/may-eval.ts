/** Whether the page's policy lets text become a function. */
export function mayEval(): boolean {
  try {
    return new Function("return true")() as boolean;
  } catch {
    return false;
  }
}
