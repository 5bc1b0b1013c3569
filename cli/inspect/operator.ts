import { userInfo } from "node:os";
import type { Middleware } from "moleculer";
import type { Caller, CallMeta, Scope } from "#contracts/caller.ts";

export const SCOPES: readonly Scope[] = ["catalog:write", "internal", "ops:read", "ops:write"];

/** Whoever sits at this terminal. Manages what `seed` and `import` put on sale, which have the same organizer. */
export const operator = (through: "repl" | "cli", scopes: readonly Scope[] = SCOPES): Caller => ({
  id: `${through}:${osUser()}`,
  organizer: "operator",
  scopes,
});

/** Calls that say nothing of their user are the operator's: also those typed as `call …`. */
export function OperatorMiddleware(caller: Caller): Middleware {
  type Options = { meta?: CallMeta; parentCtx?: unknown };
  return {
    name: "Operator",
    call(next: (name: string, params?: unknown, options?: Options) => unknown) {
      return (name: string, params?: unknown, options: Options = {}) => {
        if (options.parentCtx !== undefined || options.meta?.user) return next(name, params, options);
        return next(name, params, { ...options, meta: { ...options.meta, user: caller } });
      };
    },
  } as unknown as Middleware;
}

function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return String(process.getuid?.() ?? "unknown");
  }
}
