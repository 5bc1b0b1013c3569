/** pretix keeps such text in columns of this length, and so do we. */
export const TEXT_LENGTH_MAX = 190;

/** What keeps a text from being stored, or undefined. Length is counted in characters, as Postgres does. */
export function textFault(text: string): string | undefined {
  // Both would be refused or silently changed by Postgres, and two guids could become one.
  if (text.includes("\u0000")) return "holds a NUL character, which cannot be stored";
  if (!text.isWellFormed()) return "holds half a surrogate pair, which cannot be stored";
  if (text.length <= TEXT_LENGTH_MAX) return undefined;
  const length = [...text].length;
  return length > TEXT_LENGTH_MAX ? `has ${length} characters; ${TEXT_LENGTH_MAX} is the most` : undefined;
}

const GUID = /^[^ ].*[^ ]$/u;

/** What is wrong with the form of a seat's guid, or undefined. */
export function guidFault(guid: string): string | undefined {
  if (guid === "") return "is empty: each seat needs a guid of its own";
  if (!GUID.test(guid)) return "must have at least 2 characters, no space first or last and no line break";
  return textFault(guid);
}

/** A label with its placeholder filled in: each `%s` becomes the number. */
export const fillLabel = (label: string | null | undefined, number: string) =>
  typeof label === "string" ? label.replaceAll("%s", () => number) : null;

const COLOR = /^(#[0-9a-f]{3,8}|[a-z]{3,30}|(rgb|hsl)a?\([0-9a-z .,%/+-]{1,60}\))$/i;

/** A colour that is safe in HTML, CSS and SVG; whatever else the plan holds is dropped, since any text passes the format. */
export const safeColor = (color: string | undefined) => (color && COLOR.test(color.trim()) ? color.trim() : null);
