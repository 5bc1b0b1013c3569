export interface KeepAlive {
  /** Throws what a heartbeat failed with since: the session is lost or the group rebalances. */
  check(): void;
  end(): void;
}

/** Sends heartbeats of its own while a batch is applied, since kafkajs sends them only between batches. */
export function keepAlive(heartbeat: () => Promise<void>, everyMs: number): KeepAlive {
  let failure: unknown;
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => {
      failure ??= error;
    });
  }, everyMs);
  return {
    check() {
      if (failure) throw failure;
    },
    end: () => clearInterval(timer),
  };
}
