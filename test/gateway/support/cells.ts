import { ERRORS } from "#contracts/errors.ts";
import type { Answered } from "./asked.ts";
import { REFUSALS } from "./bad-input.tables.ts";
import { FOREIGN_ORIGIN } from "./bad-input-kinds.ts";
import { undocumented } from "./documented.ts";
import type { Try } from "./tries.ts";

/** The cell of the table that an answer is, and what is wrong with it besides. */
export function cellOf(asked: Try, answer: Answered): string {
  const cell = codeOf(answer);
  const faults = faultsOf(asked, answer);
  if (faults.length === 0) return cell;
  return `${cell} with ${faults.join(", ")} for ${shown(asked)}: ${JSON.stringify(answer)}`;
}

/** A request for a person to read, without its token. */
export function shown({ asked: { method, path, headers, body = "" } }: Try): string {
  const { authorization, ...others } = headers;
  return `${method} ${path} ${JSON.stringify(others)} ${body}`.slice(0, 500);
}

function codeOf({ status, json }: Answered): string {
  if (status === 204) return "204";
  if (!json?.error) return status < 300 ? "ok" : String(status);
  const { code } = json.error;
  return Object.entries(REFUSALS).find(([, refusal]) => refusal === code)?.[0] ?? `${status} ${code}`;
}

function faultsOf({ asked, names }: Try, { status, headers, json }: Answered): string[] {
  const { error } = json ?? {};
  const wanted: Record<string, unknown> = {
    "no correlation id": headers["x-correlation-id"],
    "no nosniff": headers["x-content-type-options"] === "nosniff",
    "no body of the usual form": status === 204 || json?.success === !error,
    "a page of another origin allowed":
      asked.headers.origin !== FOREIGN_ORIGIN ||
      (Object.keys(headers).every((name) => !name.startsWith("access-control-")) && /origin/i.test(headers.vary ?? "")),
    "no count": [204, 405].includes(status) || isCount(headers),
    "no methods named": ![204, 405].includes(status) || namesMethods(headers.allow, asked.method),
    ...(error && {
      "a status that is not the code's": ERRORS[error.code as keyof typeof ERRORS]?.status === status,
      "a refusal that may be kept": headers["cache-control"] === "no-store",
      "a code that is not asked to sign in": status !== 401 || headers["www-authenticate"] === "Bearer",
      [`a refusal that does not name ${names}`]:
        names === undefined || error.details?.errors?.some(({ field }) => field?.startsWith(names)),
    }),
  };
  const faults = Object.entries(wanted).flatMap(([fault, isRight]) => (isRight ? [] : [fault]));
  if ([204, 405].includes(status)) return faults;
  return [...faults, ...undocumented({ ...asked, status, header: (name) => headers[name], json })];
}

const isCount = (headers: Answered["headers"]) =>
  ["limit", "remaining", "reset"].every((name) => /^\d+$/.test(headers[`x-ratelimit-${name}`] ?? ""));

const namesMethods = (allow = "", refused: string) =>
  /^(GET|POST)\b.*, OPTIONS$/.test(allow) && (refused === "OPTIONS" || !allow.includes(refused));
