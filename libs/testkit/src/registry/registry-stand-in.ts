import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What is posted to a registry. */
interface Posted {
  readonly schemaType: string;
  readonly schema: string;
  readonly references: readonly { readonly name: string; readonly subject: string; readonly version: number }[];
}

/** A registry that knows of the schemas' API what a writer uses, with the codes and the rules of Confluent's own. */
export class RegistryStandIn {
  /** By subject, the first being version 1. */
  readonly subjects = new Map<string, { readonly id: number; readonly posted: Posted }[]>();
  /** Calls that it heard, such as `POST /subjects/a/versions`. */
  readonly calls: string[] = [];
  /** What callers must say in `authorization`; undefined: nothing. */
  authorization: string | undefined;
  /** Answers the next calls with these, whatever they ask. */
  readonly troubles: { readonly status: number; readonly body: string }[] = [];
  readonly #server: Server;
  /** One id for one schema, under whatever subject. */
  readonly #ids = new Map<string, number>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<RegistryStandIn> {
    const registry = new RegistryStandIn();
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.calls.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const trouble = this.troubles.shift();
    const { status, body } = trouble ?? this.#said(request, Buffer.concat(chunks).toString());
    response.writeHead(status, { "content-type": "application/vnd.schemaregistry.v1+json" }).end(body);
  }

  #said({ method, url = "", headers }: IncomingMessage, text: string): { status: number; body: string } {
    if (this.authorization !== undefined && headers.authorization !== this.authorization)
      return failure(401, 40101, "User cannot access the resource.");
    const [, subject = "", versions] = /^\/subjects\/([^/]+)(\/versions)?$/.exec(url) ?? [];
    if (method !== "POST" || subject === "") return failure(404, 404, "HTTP 404 Not Found");
    const posted = JSON.parse(text) as Posted;
    const name = decodeURIComponent(subject);
    return versions === undefined ? this.#lookUp(name, posted) : this.#register(name, posted);
  }

  #lookUp(subject: string, posted: Posted): { status: number; body: string } {
    const known = this.subjects.get(subject);
    if (known === undefined) return failure(404, 40401, `Subject '${subject}' not found.`);
    const place = known.findIndex((one) => same(one.posted) === same(posted));
    const found = known[place];
    if (found === undefined) return failure(404, 40403, "Schema not found");
    return { status: 200, body: JSON.stringify({ subject, id: found.id, version: place + 1, ...posted }) };
  }

  #register(subject: string, posted: Posted): { status: number; body: string } {
    for (const { subject: of, version } of posted.references)
      if (this.subjects.get(of)?.[version - 1] === undefined)
        return failure(
          422,
          42201,
          `Invalid schema: no schema reference found for subject "${of}" and version ${version}`,
        );
    const id = this.#ids.get(same(posted)) ?? this.#ids.size + 1;
    this.#ids.set(same(posted), id);
    const known = this.subjects.get(subject) ?? [];
    this.subjects.set(subject, [...known, { id, posted }]);
    return { status: 200, body: JSON.stringify({ id }) };
  }
}

function same({ schemaType, schema, references }: Posted): string {
  return JSON.stringify({ schemaType, schema, references });
}

function failure(status: number, code: number, message: string): { status: number; body: string } {
  return { status, body: JSON.stringify({ error_code: code, message }) };
}
