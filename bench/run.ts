import { resolve } from "node:path";
import { Argument, Command, InvalidArgumentError } from "commander";
import { costsOf, saveCosts } from "./costs.ts";
import { postgresProfile, resetPostgresProfile } from "./profile.ts";
import { asJson, asText, CONDITIONS, isMet, type Result } from "./report.ts";
import { costs } from "./scenarios/costs.ts";
import { SCENARIOS } from "./scenarios.ts";
import { World } from "./world.ts";

interface Options {
  seconds: number;
  repeats: number;
  scale: number;
  profile?: string;
  json?: true;
  save?: true;
}

const positive = (raw: string): number => {
  if (!(Number(raw) > 0)) throw new InvalidArgumentError("It must be a number above 0.");
  return Number(raw);
};

const bench = new Command("bench")
  .description("Measures Eventix on real servers of its own, beside what the same Postgres can do at most.")
  .addArgument(
    new Argument("[names...]", "what to measure; all when absent").choices(SCENARIOS.map(({ name }) => name)),
  )
  .option("--seconds <n>", "how long each load lasts", positive, 5)
  .option("--repeats <n>", "how often each is measured; the median counts", positive, 5)
  .option("--scale <share>", "share of the tables' sizes, to see only that everything works", positive, 1)
  .option("--profile <folder>", "write a CPU profile of each node there, and print what took Postgres' time")
  .option("--json", "print one JSON object a scenario")
  .option("--save", "keep what `costs` measures in bench/costs.json, for the model")
  .action(async (names: string[], { json, profile, save, ...effort }: Options) => {
    const chosen = SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name));
    process.stderr.write(`${CONDITIONS.join("\n")}\n`);
    const world = await World.open(profile && resolve(profile));
    const results: Result[] = [];
    try {
      for (const scenario of chosen) {
        if (profile) await resetPostgresProfile(world);
        const result = { scenario, figures: await scenario.run(world, effort) };
        results.push(result);
        process.stdout.write(`${json ? JSON.stringify(asJson(result)) : asText(result)}\n`);
        if (profile) process.stderr.write(`${await postgresProfile(world)}\n`);
        if (save && scenario === costs) saveCosts(costsOf(result.figures, effort));
      }
    } finally {
      await world.close();
    }
    const missed = results.flatMap(({ figures }) => figures).filter((figure) => isMet(figure) === false);
    process.stderr.write(`${missed.length === 0 ? "All bars are met." : `${missed.length} bars are not met.`}\n`);
  });

await bench.parseAsync();
