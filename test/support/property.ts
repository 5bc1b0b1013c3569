import fc from "fast-check";

/** In CI the same cases each time; elsewhere each run looks at others. What fails prints its seed: set it here to run it again. */
const seed = process.env.PROPERTY_SEED ?? (process.env.CI ? "20261128" : undefined);

fc.configureGlobal({
  ...(seed && { seed: Number(seed) }),
  numRuns: 300,
  // A slow machine looks at fewer cases; what has failed is still shrunk to its end.
  interruptAfterTimeLimit: 1_500,
});

export { fc };
