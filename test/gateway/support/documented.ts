import { Ajv2020 } from "ajv/dist/2020.js";
import { openApiDocument } from "../../../services/gateway/openapi.ts";

interface Header {
  $ref: string;
}
interface Response {
  headers?: Record<string, Header>;
  content?: Record<string, { schema: object }>;
}
interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>;
  components: { headers: Record<string, { required: boolean }> };
}

export interface Given {
  method: string;
  /** As it was asked for, with or without a query. */
  path: string;
  status: number;
  header: (name: string) => string | null | undefined;
  /** What was parsed of JSON; undefined when it was something else. */
  json: unknown;
}

export const DOCUMENT = openApiDocument() as unknown as Document;
/** An answer may hold what is described and nothing else. */
const closed = JSON.parse(JSON.stringify(DOCUMENT), (_, value) =>
  value?.properties && value.additionalProperties === undefined ? { ...value, additionalProperties: false } : value,
);
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true, discriminator: true });
ajv.addSchema(closed, "openapi");

/** The path of the document that an address is one of: what is written out goes before what is a parameter. */
export function templateOf(address: string): string | undefined {
  const [path = ""] = address.split("?");
  const fits = (template: string) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
  return path in DOCUMENT.paths ? path : Object.keys(DOCUMENT.paths).find(fits);
}

/** What the document does not say of an answer, or says otherwise. */
export function undocumented({ method, path, status, header, json }: Given): string[] {
  const template = templateOf(path);
  const described = template && DOCUMENT.paths[template]?.[method.toLowerCase()]?.responses[status];
  if (!described) return [`an answer ${status} that is not described`];
  const missing = Object.entries(described.headers ?? {}).flatMap(([name, { $ref }]) => {
    const { required } = DOCUMENT.components.headers[$ref.split("/").at(-1) as string] as { required: boolean };
    return required && !header(name) ? [`no header ${name}`] : [];
  });
  const [type = ""] = (header("content-type") ?? "").split(";");
  if (!described.content) return missing;
  if (!described.content[type]) return [...missing, `content ${type} that is not described`];
  if (json === undefined) return missing;
  const way = ["paths", template, method.toLowerCase(), "responses", String(status), "content", type, "schema"];
  const pointer = way.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
  const validate = ajv.getSchema(`openapi#/${pointer}`);
  if (!validate) throw new Error(`no schema at ${pointer}`);
  return validate(json) ? missing : [...missing, ajv.errorsText(validate.errors)];
}
