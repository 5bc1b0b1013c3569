/** Something the person at the terminal can mend: the message says what is wrong and what to do, and is all that is shown. */
export class StackError extends Error {
  override name = "StackError";
}

/** What was asked for cannot be meant: nothing has been done, and the message says what to write instead. */
export class UsageError extends StackError {
  override name = "UsageError";
}
