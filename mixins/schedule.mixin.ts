import type { Service, ServiceSchema } from "moleculer";
import { retryWaitMs } from "./retryable.ts";

interface Schedule {
  name: string;
  /** From the end of one run to the start of the next. */
  everyMs: number;
  run: (service: Service) => Promise<void>;
}

interface Running {
  timer?: NodeJS.Timeout;
  run?: Promise<void>;
  stopped: boolean;
  failing: boolean;
}

/**
 * Runs `run` again and again while the service runs, never twice at once; a failure is logged, the first of several in a row,
 * and the next run comes as planned.
 * May be mixed in several times. List it before DatabaseMixin: Moleculer stops mixins in the order in which they are listed.
 */
export function ScheduleMixin({ name, everyMs, run }: Schedule): Partial<ServiceSchema> {
  const running = new WeakMap<object, Running>();

  function plan(service: Service, state: Running): void {
    if (state.stopped) return;
    state.timer = setTimeout(() => {
      state.run = Promise.resolve()
        .then(() => run(service))
        .then(
          () => {
            state.failing = false;
          },
          (error: Error) => failed(service, state, error),
        )
        .then(() => plan(service, state));
    }, everyMs);
  }

  function failed({ logger }: Service, state: Running, error: Error): void {
    const said = `scheduled ${name} failed: ${error.message}`;
    if (state.failing) logger.debug(said);
    else logger[retryWaitMs(error) === undefined ? "error" : "warn"]({ err: error }, said);
    state.failing = true;
  }

  return {
    started() {
      const state: Running = { stopped: false, failing: false };
      running.set(this, state);
      plan(this as unknown as Service, state);
    },
    async stopped() {
      const state = running.get(this);
      if (!state) return;
      state.stopped = true;
      clearTimeout(state.timer);
      await state.run;
      running.delete(this);
    },
  };
}
