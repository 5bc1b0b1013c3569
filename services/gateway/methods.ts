/** An address that is answered: moleculer-web's alias, as far as it is looked at here. */
export interface Alias {
  method: string;
  re: RegExp;
  match(path: string): Record<string, string> | false;
}

/** What answers a method at a path; HEAD is answered by what answers GET, and sent without its body. */
export function findAlias<A extends Alias>(
  aliases: readonly A[],
  path: string,
  method: string,
): { alias: A; params: Record<string, string> } | false {
  const asked = method === "HEAD" ? "GET" : method;
  for (const alias of aliases) {
    const params = alias.method === asked && alias.match(path);
    if (params) return { alias, params };
  }
  return false;
}

/** The methods that a path takes, as for Allow; empty where there is nothing. */
export const methodsAt = (aliases: readonly Alias[], path: string): string =>
  methodsOf(aliases.filter(({ re }) => re.test(path)));

/** The methods that any of these takes, as for Allow. */
export function methodsOf(aliases: readonly Alias[]): string {
  const methods = new Set(aliases.map(({ method }) => method));
  if (methods.size === 0) return "";
  return [...methods, ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
}
