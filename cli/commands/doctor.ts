import { Command } from "commander";
import { eventixHome } from "#stack/home.ts";
import { asText, examine, hasWrongSetting, isWell } from "../doctor/doctor.ts";
import { EXIT } from "../exit-codes.ts";

export const doctorCommand = (): Command =>
  new Command("doctor")
    .description("Say what this machine has and lacks to run Eventix, with the command that mends it.")
    .option("--json", "print one JSON object")
    .action(async ({ json }: { json?: true }) => {
      const findings = await examine(eventixHome(), process.env);
      process.stdout.write(json ? `${JSON.stringify({ ok: isWell(findings), findings })}\n` : asText(findings));
      process.exitCode = hasWrongSetting(findings) ? EXIT.usage : isWell(findings) ? EXIT.done : EXIT.failed;
    });
