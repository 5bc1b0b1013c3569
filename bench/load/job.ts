/** What the generator is told to send, and how. */
export interface LoadJob {
  port: number;
  requests: RequestLine[];
  /** Tokens of the buyers; a request names one by its place. */
  tokens: string[];
  /** `closed`: so many in flight, each sent when one is answered. `open`: so many a second, whether answered or not. */
  pace: { closed: number } | { open: number };
  seconds: number;
  /** Begins again with the first when all are sent; else the run ends then. */
  repeat: boolean;
  /** Tells of each request when it was due. */
  times?: boolean;
}

export interface RequestLine {
  method: "GET" | "POST";
  path: string;
  accept?: string;
  body?: string;
  token?: number;
}

export interface LoadResult {
  /** How many answers of each status; 0 stands for unknown outcomes. */
  statuses: Record<number, number>;
  /** Refusals 503 that carried no Retry-After. */
  withoutRetryAfter: number;
  /** From the first request to the last answer. */
  seconds: number;
  /** When the last request was due, in ms since the epoch. */
  lastDue: number;
  /** When each request was due, in ms since the epoch, if the job asks for them. */
  due: number[];
  /** Milliseconds; of an open loop from when the request was due, of a closed one from when it was sent. */
  latency: Latency;
  /** Of answers that were not 2xx. */
  refusalLatency: Latency;
  /** Processor seconds that the generator itself took. */
  cpuSeconds: number;
}

export interface Latency {
  count: number;
  p50: number;
  p99: number;
  max: number;
}
