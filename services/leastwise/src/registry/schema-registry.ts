import { LogError } from "@leastwise/eventlog";

/** How to reach a schema registry that speaks Confluent's API. */
export interface SchemaRegistryOptions {
  readonly url: string;
  /** Absent: it asks nobody who they are. */
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** A schema that another one needs: under what name it imports it, and where the registry has it. */
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** A schema of protobuf: a file. */
export interface ProtobufSchema {
  /** The file's descriptor, `google.protobuf.FileDescriptorProto`, in base64: registries take it in the place of its text. */
  readonly schema: string;
  readonly references: readonly SchemaReference[];
}

/** What the registry knows a schema by. */
export interface RegisteredSchema {
  /** In the whole registry. */
  readonly id: number;
  /** Among those of its subject. */
  readonly version: number;
}

/** How long the registry may take for an answer, ms. */
const ANSWER_MAX_MS = 10_000;

/** The subject is not there, or has no such schema. */
const NOT_FOUND = 404;
const TOO_MANY = 429;

const MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";

/** A schema registry, as far as a writer needs it. Failures are LogErrors, since the log cannot be written without it: `log_unavailable`. */
export class SchemaRegistry {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ url, user, password }: SchemaRegistryOptions) {
    this.#url = url.replace(/\/+$/, "");
    const credentials = Buffer.from(`${user ?? ""}:${password ?? ""}`).toString("base64");
    this.#headers = {
      ...{ "content-type": MEDIA_TYPE, accept: MEDIA_TYPE },
      ...(user === undefined ? {} : { authorization: `Basic ${credentials}` }),
    };
  }

  /** The schema under its subject: as it is there, or else registered now. */
  async registered(subject: string, schema: ProtobufSchema): Promise<RegisteredSchema> {
    const known = await this.#lookUp(subject, schema);
    if (known !== undefined) return known;
    const doing = `registering a schema under ${subject}`;
    const made = await this.#post(doing, `/subjects/${encodeURIComponent(subject)}/versions`, schema);
    if (made.status !== 200) throw refused(doing, made);
    const registered = await this.#lookUp(subject, schema);
    if (registered !== undefined) return registered;
    throw new LogError("log_unavailable", `${doing}: the registry took it, and does not know it`, "retry");
  }

  async #lookUp(subject: string, schema: ProtobufSchema): Promise<RegisteredSchema | undefined> {
    const doing = `looking a schema up under ${subject}`;
    const answer = await this.#post(doing, `/subjects/${encodeURIComponent(subject)}`, schema);
    if (answer.status === NOT_FOUND) return undefined;
    if (answer.status !== 200) throw refused(doing, answer);
    return read(doing, answer);
  }

  async #post(doing: string, path: string, schema: ProtobufSchema): Promise<Answer> {
    const body = JSON.stringify({ schemaType: "PROTOBUF", ...schema });
    const signal = AbortSignal.timeout(ANSWER_MAX_MS);
    try {
      const response = await fetch(`${this.#url}${path}`, { method: "POST", headers: this.#headers, body, signal });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new LogError("log_unavailable", `${doing} at ${this.#url}: ${why}`, "retry", { cause: error });
    }
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What a registry says no to, it says no to again, unless it is in trouble itself. */
function refused(doing: string, { status, text }: Answer): LogError {
  const hint = status >= 500 || status === TOO_MANY ? "retry" : "terminal";
  return new LogError("log_unavailable", `${doing}: the registry answered ${status}: ${messageIn(text)}`, hint);
}

function messageIn(text: string): string {
  const said = parsed(text)["message"];
  return typeof said === "string" ? said : text.slice(0, 200);
}

function read(doing: string, { text }: Answer): RegisteredSchema {
  const { id, version } = parsed(text);
  if (Number.isSafeInteger(id) && Number.isSafeInteger(version))
    return { id: id as number, version: version as number };
  const message = `${doing}: expected an id and a version, got ${text.slice(0, 200)}`;
  throw new LogError("log_unavailable", message, "terminal");
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
