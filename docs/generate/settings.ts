import { SETTINGS } from "#config";
import { table } from "./section.ts";

/** README's table of settings, from config.ts. */
export function settingsTable(): string {
  const rows = Object.values(SETTINGS).map(({ env, fallback, doc }) => [
    `\`${env}\``,
    fallback === "" ? "" : `\`${fallback}\``,
    doc,
  ]);
  return table(["setting", "default", "what it does"], rows);
}
