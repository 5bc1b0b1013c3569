import { eventixHome } from "#stack/home.ts";
import { signToken } from "#stack/issuer/token.ts";

interface Wish {
  scopes?: readonly string[];
  /** `org_id`; the name itself when absent. */
  organizer?: string;
  /** Seconds, or a span like `1h`. */
  expires?: string | number;
}

/** A token of the test stack's issuer. */
export const tokenFor = (name: string, wish: Wish = {}): string => signToken(eventixHome(), name, wish);
