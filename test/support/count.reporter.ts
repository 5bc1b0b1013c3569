import { relative } from "node:path";

interface TestEvent {
  type: string;
  data: { name?: string; file?: string };
}

export interface Counted {
  /** Tests that ran: the runner itself is content with none, and counts a file without tests as one. */
  ran: number;
  /** The files whose tests failed, from the current folder. */
  failed: string[];
}

/** Writes what was Counted, as JSON. */
export default async function* count(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let ran = 0;
  const failed = new Set<string>();
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (!data.file?.endsWith(data.name ?? "")) ran += 1;
    if (type === "test:fail") failed.add(relative("", data.file ?? ""));
  }
  yield JSON.stringify({ ran, failed: [...failed] } satisfies Counted);
}
