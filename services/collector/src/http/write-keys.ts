import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { createHash } from "node:crypto";

/**
 * The keys with which a shop's pages and apps may write, as user name of basic auth; as `write_key` in the query where no header can be
 * set (`navigator.sendBeacon`); or as `writeKey` in the body, where Segment's SDK for browsers puts it. They stand in every page and are no secret: they keep strangers' noise out.
 */
export class WriteKeys {
  readonly #digests: ReadonlySet<string>;

  /** @param keys none: whoever reaches the door may write, as in the embedded default on the loopback address */
  constructor(keys: readonly string[]) {
    this.#digests = new Set(keys.map(digest));
  }

  /** Reasons: `write_key_missing`, `write_key_unknown`. The key is never quoted. */
  check(authorization: string | undefined, queryKey: unknown, bodyKey: () => unknown): Result<void, Refusal> {
    if (this.#digests.size === 0) return ok(undefined);
    const key = basicUser(authorization) ?? textOrNone(queryKey) ?? textOrNone(bodyKey());
    const expected =
      "a write key as user name of basic auth, as write_key in the query, or in a Segment call as writeKey";
    if (key === undefined || key === "") return err(refusal("write_key_missing", "authorization", undefined, expected));
    if (this.#digests.has(digest(key))) return ok(undefined);
    return err({ reason: "write_key_unknown", field: "authorization", came: "another key", expected });
  }
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function basicUser(authorization: string | undefined): string | undefined {
  const [, encoded] = /^basic\s+([A-Za-z0-9+/=_-]{1,1024})$/i.exec(authorization ?? "") ?? [];
  return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString("utf8").split(":")[0];
}

/** Keys are compared by digest, so that the time that it takes tells nothing about them. */
function digest(key: string): string {
  return createHash("sha256").update(key).digest("base64");
}
