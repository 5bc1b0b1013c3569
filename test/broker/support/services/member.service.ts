import type { Context } from "moleculer";

/** What a child process of a test serves. */
export default {
  name: "member",
  actions: {
    pid: { access: "anyone", handler: () => process.pid },
    slow: {
      access: "anyone",
      handler: (ctx: Context<{ ms: number }>) =>
        new Promise((resolve) => setTimeout(() => resolve("done"), ctx.params.ms)),
    },
  },
};
