import { chooseKind } from "#stack/docker/engine.ts";
import { readState, type StackState } from "#stack/state.ts";
import { findSettings } from "../start/settings.ts";
import type { Finding, World } from "./finding.ts";
import { homeAndRuns } from "./home.ts";
import { machine } from "./machine.ts";
import { servers } from "./servers.ts";

/** Looks at everything that a start needs, and at what is up; changes nothing. */
export async function examine(home: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const stack = readState(home);
  const world: World = {
    home,
    env,
    stack,
    ...(await findSettings(env)),
    ...kindOf(home, stack, env),
    isGiven: ({ given }) => given.some((name) => env[name]),
  };
  return [...machine(world), ...(await homeAndRuns(world)), ...(await servers(world))];
}

function kindOf(home: string, { kind }: StackState, env: NodeJS.ProcessEnv): Pick<World, "kind" | "kindProblem"> {
  try {
    return { kind: chooseKind(home, kind, env) };
  } catch (kindProblem) {
    return { kind: "docker", kindProblem };
  }
}

/** Where settings are wrong the doctor goes on, and yet ends as every other command does then. */
export const hasWrongSetting = (findings: readonly Finding[]): boolean =>
  findings.some(({ about, state }) => about === "settings" && state === "fail");

export const isWell = (findings: readonly Finding[]): boolean => findings.every(({ state }) => state !== "fail");

/** One line a finding, and one to close with. */
export function asText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ about }) => about.length));
  const lines = findings.map(({ about, state, says, mend }) =>
    [state.padEnd(4), about.padEnd(width), mend ? `${says}. Mend it: ${mend}` : says].join("  "),
  );
  const failed = findings.filter(({ state }) => state === "fail").length;
  const verdict = failed === 0 ? "Eventix can run here." : `${failed} of ${findings.length} have to be mended first.`;
  return `${lines.join("\n")}\n\n${verdict}\n`;
}
