import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../stack/support/compose-file.ts";
import { kustomize, type Resource } from "./support/kustomize.ts";

/** What the policies let through, as Kubernetes reads them: a pod is open for what any policy allows that selects it. */
const policies = kustomize(join(root, "deploy/example")).filter(({ kind }) => kind === "NetworkPolicy");
const ROLES = ["gateway", "booking", "catalog", "payment", "migrate"];

interface Expression {
  key: string;
  operator: string;
  values: string[];
}

function selects({ spec }: Resource, role: string): boolean {
  const labels: Record<string, string> = { "app.kubernetes.io/name": "eventix", "app.kubernetes.io/component": role };
  const { matchLabels = {}, matchExpressions = [] } = spec.podSelector;
  const hasLabels = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return (
    hasLabels &&
    matchExpressions.every(({ key, operator, values }: Expression) => {
      assert.equal(operator, "In");
      return values.includes(labels[key] as string);
    })
  );
}

/** `port from|to whom`, of one role and direction. */
function openings(role: string, direction: "ingress" | "egress"): string[] {
  const own = policies.filter((policy) => selects(policy, role));
  const type = direction === "ingress" ? "Ingress" : "Egress";
  assert.ok(
    own.some(({ spec }) => spec.policyTypes.includes(type)),
    `${role} is open to all`,
  );
  const rules = own.flatMap(({ spec }) => (spec.policyTypes.includes(type) ? (spec[direction] ?? []) : []));
  return rules
    .flatMap((rule) => {
      const peers =
        rule[direction === "ingress" ? "from" : "to"] ?? assert.fail("a rule without peers lets all through");
      return rule.ports.flatMap(({ port, protocol }: { port: string | number; protocol: string }) =>
        peers.map((peer: { ipBlock?: { cidr: string }; namespaceSelector?: { matchLabels: object } }) => {
          const whom =
            peer.ipBlock?.cidr ??
            Object.entries(peer.namespaceSelector?.matchLabels ?? {})
              .join()
              .replace(",", "=");
          return `${protocol} ${port} ${whom}`;
        }),
      );
    })
    .sort();
}

const METRICS = "TCP probe eventix/may=read-metrics";
const DNS = ["TCP 53 kubernetes.io/metadata.name=kube-system", "UDP 53 kubernetes.io/metadata.name=kube-system"];
const [KAFKA, POSTGRES, REDIS, OUTSIDE] = [
  "9093 10.0.0.0/8",
  "5432 10.0.0.0/8",
  "6380 10.0.0.0/8",
  "443 0.0.0.0/0",
].map((to) => `TCP ${to}`) as [string, string, string, string];

const ALLOWED: Record<string, { in: string[]; out: string[] }> = {
  gateway: { in: ["TCP http eventix/may=send-requests", METRICS], out: [...DNS, KAFKA, OUTSIDE] },
  booking: { in: [METRICS], out: [...DNS, KAFKA, POSTGRES, REDIS] },
  catalog: { in: [METRICS], out: [...DNS, KAFKA, POSTGRES] },
  payment: { in: [METRICS], out: [...DNS, KAFKA, POSTGRES, OUTSIDE] },
  migrate: { in: [], out: [...DNS, POSTGRES] },
};

for (const role of ROLES) {
  test(`${role} is reached by, and reaches, nobody but those it needs`, () => {
    assert.deepEqual(openings(role, "ingress"), ALLOWED[role]?.in.sort());
    assert.deepEqual(openings(role, "egress"), ALLOWED[role]?.out.sort());
  });
}

test("every policy selects somebody", () => {
  for (const policy of policies)
    assert.ok(
      ROLES.some((role) => selects(policy, role)),
      policy.metadata.name,
    );
});
