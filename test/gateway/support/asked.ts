import { request } from "node:http";

export interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Answered {
  status: number;
  headers: Record<string, string | undefined>;
  /** Undefined where there was none. */
  json: { success: boolean; data?: unknown; error?: { code: string; message: string; details?: Details } } | undefined;
}
export interface Details {
  errors?: { field?: string; message: string }[];
}

/** By node:http, which sends what it is told. A body that is said to be longer than it is, is never sent to its end. */
export function ask(url: string, { method, path, headers, body }: Asked): Promise<Answered> {
  const own = {
    ...headers,
    ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)), ...headers }),
  };
  return new Promise((resolve, reject) => {
    const req = request(url + path, { method, headers: own }, async (res) => {
      let text = "";
      for await (const chunk of res.setEncoding("utf8")) text += chunk;
      const { statusCode, headers: answered } = res;
      const isJson = answered["content-type"]?.startsWith("application/json");
      resolve({
        status: statusCode as number,
        headers: answered as Answered["headers"],
        json: isJson && text !== "" ? JSON.parse(text) : undefined,
      });
      if (!req.writableEnded) req.destroy();
    });
    req.on("error", reject);
    if (body !== undefined && Number(own["content-length"]) > Buffer.byteLength(body)) req.write(body);
    else req.end(body);
  });
}
