import type { Config } from "@leastwise/config";
import { framed, messageFiles, messageIndexesOf, TOPICS } from "@leastwise/contracts";
import { SchemaRegistry, type RegisteredSchema } from "./schema-registry.js";

/** Puts a message on `decisions` into the form in which the topic has it. */
export type Framing = (message: Uint8Array) => Uint8Array;

const MESSAGE = "DecisionRecord";

/** Under which a registry's clients look for the values of a topic, unless told otherwise (TopicNameStrategy). */
const SUBJECT = `${TOPICS.decisions}-value`;

/**
 * How decisions are written, as configured; undefined: bare. With a registry the schema is registered first, and the files that it imports
 * under their own names. Rejects with a LogError, `log_unavailable`.
 */
export async function decisionsFraming(log: Config["log"]): Promise<Framing | undefined> {
  const { decisions_framing, schema_registry_url: url } = log;
  if (decisions_framing === "bare") return undefined;
  if (url === undefined) throw new Error("the configuration was checked: confluent has a registry");
  const registry = new SchemaRegistry({ url, user: log.schema_registry_user, password: log.schema_registry_password });
  const { id } = await registerMessage(registry);
  const indexes = messageIndexesOf(MESSAGE);
  return (message) => framed(id, indexes, message);
}

async function registerMessage(registry: SchemaRegistry): Promise<RegisteredSchema> {
  const files = messageFiles(MESSAGE);
  const registered = new Map<string, RegisteredSchema>();
  let last: RegisteredSchema | undefined;
  for (const [place, { name, descriptor, imports }] of files.entries()) {
    const subject = place === files.length - 1 ? SUBJECT : name;
    const references = imports.map((imported) => {
      return { name: imported, subject: imported, version: registered.get(imported)?.version ?? 0 };
    });
    last = await registry.registered(subject, { schema: Buffer.from(descriptor).toString("base64"), references });
    registered.set(name, last);
  }
  if (last === undefined) throw new Error(`${MESSAGE} is in no file`);
  return last;
}
