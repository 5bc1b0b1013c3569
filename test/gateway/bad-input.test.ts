import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ENDPOINTS } from "../../services/gateway/routes.ts";
import { until } from "../support/until.ts";
import { type Answered, ask } from "./support/asked.ts";
import { type Attacked, startAttacked } from "./support/attacked.ts";
import { read, TABLES } from "./support/bad-input.tables.ts";
import { KINDS } from "./support/bad-input-kinds.ts";
import { cellOf, shown } from "./support/cells.ts";
import { ODD_VALUES, withEverywhere } from "./support/odd-values.ts";
import { type Case, casesOf, routeOf, toAsked, WRITES } from "./support/right-requests.ts";
import type { Try } from "./support/tries.ts";

let attacked: Attacked;
let cases: Map<string, Case>;
before(async () => {
  attacked = await startAttacked();
  cases = new Map(casesOf(attacked.ids).map((each) => [each.route, each]));
});
after(() => attacked.stop());

const caseOf = (route: string) => cases.get(route) as Case;
const triesOf = (of: Case, column: string): Try[] => KINDS[column]?.(of, attacked.ids) ?? [];
const answerTo = (asked: Try["asked"]) => ask(attacked.node.url, asked);

const tables = Object.entries(TABLES).map(([name, text]) => [name, read(text)] as const);
const routes = ENDPOINTS.map(routeOf);

test("every route has a line in every table, and every column its requests", () => {
  for (const [name, lines] of tables) {
    assert.deepEqual([...lines.keys()], routes, name);
    for (const cells of lines.values())
      assert(
        Object.values(cells).every((cell) => cell !== ""),
        name,
      );
  }
  const columns = tables.flatMap(([, lines]) => Object.keys(lines.get(routes[0] as string) as object));
  assert.deepEqual(columns.sort(), Object.keys(KINDS).sort());
});

for (const [name, lines] of tables) {
  describe(`what is bad in ${name} is answered as the table says, and changes no row:`, () => {
    for (const [route, expected] of lines) {
      test(route, async () => {
        const answers: Record<string, string> = {};
        for (const column of Object.keys(expected)) answers[column] = await answered(triesOf(caseOf(route), column));
        const changed = await attacked.rows.changed();
        assert.deepEqual({ answers, changed }, { answers: expected, changed: [] });
      });
    }
  });
}

/** One cell if all are answered alike; else what was answered to which. */
async function answered(tries: Try[]): Promise<string> {
  const cells = new Map<string, Try>();
  for (const each of tries) cells.set(cellOf(each, await answerTo(each.asked)), each);
  if (cells.size <= 1) return [...cells.keys()][0] ?? "-";
  return [...cells].map(([cell, last]) => `${cell} for ${shown(last)}`).join(" and ");
}

describe("what is another's cannot be told from what does not exist:", () => {
  for (const route of routes) {
    test(route, async (t) => {
      const [unknown, others] = ["unknown id", "another's id"].flatMap((column) => triesOf(caseOf(route), column));
      if (!unknown || !others) return t.skip("is about no thing");
      assert.deepEqual(lastingOf(await answerTo(others.asked)), lastingOf(await answerTo(unknown.asked)));
    });
  }
});

/** An answer without what differs between any two. */
function lastingOf({ status, headers, json }: Answered): object {
  const { date, "x-correlation-id": id, "x-request-id": id2, "x-ratelimit-remaining": count, ...rest } = headers;
  return { status, rest, json };
}

test("forged addresses are counted for the one that they come from", async () => {
  const left = async (address: string) => {
    const { asked } = triesOf(caseOf("GET /api/events"), "address")[0] as Try;
    const { headers } = await answerTo({ ...asked, headers: { "x-forwarded-for": address } });
    return Number(headers["x-ratelimit-remaining"]);
  };
  const before = await left("203.0.113.1");
  assert.equal(await left("203.0.113.2"), before - 1);
});

describe("the right request is answered well, and the rows it writes are seen:", () => {
  // Those that write come last: what they set off goes on writing.
  for (const route of routes.toSorted((a, b) => Number(a in WRITES) - Number(b in WRITES))) {
    test(route, async () => {
      const right = caseOf(route);
      await attacked.rows.changed();
      const { status, json } = await (route.endsWith("/cancel") ? cancel(right) : answerTo(toAsked(right, right.said)));
      assert.equal(status, right.endpoint.status ?? 200, JSON.stringify(json));
      const changed = await attacked.rows.changed();
      if (route in WRITES) assert(changed.includes(WRITES[route] as string), `${changed}`);
      else assert.deepEqual(changed, []);
    });
  }
});

describe("whatever stands in a field, a query or a path, nothing breaks:", () => {
  for (const route of routes) {
    test(route, async () => {
      const of = caseOf(route);
      for (const { asked } of ODD_VALUES.flatMap((value) => withEverywhere(of, value))) {
        const { status, json } = await answerTo(asked);
        assert(status < 500, `${shown({ asked })} is answered ${status} ${JSON.stringify(json)}`);
      }
    });
  }
});

/** A booking of its own: the one of the tables is paid. */
function cancel(right: Case): Promise<Answered> {
  const { shop, rows, ids } = attacked;
  return until(
    async () => {
      const { id } = await shop.hold("alice", ids.event, [ids.seats.pop() as string]);
      await rows.changed();
      const answer = await answerTo(toAsked(right, { ...right.said, path: { id } }));
      return answer.status === 200 ? answer : undefined;
    },
    { what: "a booking to be cancelled before it is paid" },
  );
}
