/** Something the person at the terminal can mend: the message says what is wrong and what to do, and is all that is shown. */
export class StackError extends Error {
  override name = "StackError";
}
