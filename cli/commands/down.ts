import { Command } from "commander";
import { eventixHome } from "#stack/home.ts";
import { sayOnStderr } from "#stack/progress.ts";
import { stackDown } from "#stack/stack.ts";

export const downCommand = (): Command =>
  new Command("down").description("End the servers that up or start left running; data stays.").action(async () => {
    const home = eventixHome();
    const stopped = await stackDown({ home });
    sayOnStderr(stopped.length > 0 ? `Stopped ${stopped.join(", ")}.` : `Nothing was running in ${home}.`);
  });
