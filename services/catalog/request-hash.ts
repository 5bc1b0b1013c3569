import { createHash } from "node:crypto";

/** Characters a turn: a fraction of a millisecond. */
const TURN_CHARACTERS = 64 * 1024;

/**
 * SHA-256 of a JSON value as it was sent: the same fields in another order are another value. A generator, since a seating plan
 * may have 40 MB, and without recursion, since it may be nested to any depth.
 */
export function* hashOf(value: unknown): Generator<void, Buffer> {
  const hash = createHash("sha256");
  const open: Iterator<unknown>[] = [[value].values()];
  let text = "";
  for (let last = open.at(-1); last; last = open.at(-1)) {
    const { value: item, done } = last.next();
    if (done) {
      open.pop();
      text += "]";
    } else if (Array.isArray(item)) {
      open.push(item.values());
      text += "[";
    } else if (item !== null && typeof item === "object") {
      open.push(Object.entries(item).flat().values());
      text += "{";
    } else text += `${JSON.stringify(item)},`;
    if (text.length < TURN_CHARACTERS) continue;
    hash.update(text);
    text = "";
    yield;
  }
  return hash.update(text).digest();
}
