import { InvalidArgumentError } from "commander";

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span of time as options take it, in milliseconds. Throws InvalidArgumentError. */
export function spanMs(value: string): number {
  const [, number = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined) throw new InvalidArgumentError("Write a number and s, m, h or d: 10m.");
  return Number(number) * unitMs;
}
