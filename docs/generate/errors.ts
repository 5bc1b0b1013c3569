import { ERRORS } from "#contracts/errors.ts";
import { table } from "./section.ts";

/** docs/errors.md, from the one table of errors. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([code, { status, retryable, message }]) => [
    `\`${code}\``,
    String(status),
    retryable ? "yes" : "no",
    message,
  ]);
  return `# Errors

Every error of the API has this form, whichever service it comes from, and the header \`x-correlation-id\` by which its way can be
found in the logs:

\`\`\`json
{ "success": false, "error": { "code": "SEAT_ALREADY_RESERVED", "message": "…", "details": { "conflicts": [] } } }
\`\`\`

Match on \`code\`: codes are stable, messages are for people. *Retry* tells whether the very same request may succeed when it is sent
again; answers 503, 429 and \`REQUEST_IN_PROGRESS\` say in \`Retry-After\` after how many seconds. A booking that is sent again should carry
the same \`Idempotency-Key\`, so that it is made once whatever was lost on the way.

${table(["code", "status", "retry", "what happened and what to do"], rows)}

The table is \`contracts/errors.ts\`; this page is made from it by \`npm run docs\`.
`;
}
