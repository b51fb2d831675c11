import { describe, expect, it } from "@jest/globals";
import { authenticate, type Credentials, credentialsOf, type Exchange, scram } from "./sasl.js";

/** Answers message after message, and keeps what was asked. */
function scripted(answers: readonly string[]): { exchange: Exchange; asked: string[] } {
  const asked: string[] = [];
  const exchange: Exchange = (message) => {
    asked.push(message.toString());
    return Promise.resolve(Buffer.from(answers[asked.length - 1] ?? ""));
  };
  return { exchange, asked };
}

const RFC_5802 = {
  digest: "sha1",
  nonce: "fyko+d2lbbFgONRv9qkxdawL",
  clientFirst: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
  serverFirst: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
  clientFinal: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
  serverFinal: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
} as const;

const RFC_7677 = {
  digest: "sha256",
  nonce: "rOprNGfwEbeRWgbNEkqO",
  clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  clientFinal:
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
} as const;

const USER = { username: "user", password: "pencil" };

describe("SCRAM", () => {
  it.each([
    ["RFC 5802, section 5", RFC_5802],
    ["RFC 7677, section 3", RFC_7677],
  ])("says and believes what %s says", async (_, vector) => {
    const { exchange, asked } = scripted([vector.serverFirst, vector.serverFinal]);
    await scram(USER, vector.digest, exchange, vector.nonce);
    expect(asked).toEqual([vector.clientFirst, vector.clientFinal]);
  });

  it.each([
    ["a nonce that is not ours", ["r=other,s=QSXCR+Q6sek8bf92,i=4096", ""], "nonce"],
    ["too few iterations", [RFC_7677.serverFirst.replace("4096", "1000"), ""], "1000 iterations"],
    ["iterations without end", [RFC_7677.serverFirst.replace("4096", "2147483647"), ""], "2147483647 iterations"],
    ["an error", [RFC_7677.serverFirst, "e=invalid-proof"], "invalid-proof"],
    ["a wrong signature", [RFC_7677.serverFirst, "v=AAAA"], "signature"],
    ["nothing", [], "nonce"],
  ])("refuses a broker that answers with %s", async (_, answers, words) => {
    const { exchange } = scripted(answers);
    const refused = { code: "unauthenticated", hint: "terminal", message: expect.stringContaining(words) };
    await expect(scram(USER, "sha256", exchange, RFC_7677.nonce)).rejects.toMatchObject(refused);
  });

  it("spells names so that they end where they end, and never says the same nonce twice", async () => {
    const { exchange, asked } = scripted([]);
    const credentials: Credentials = { mechanism: "scram-sha-512", username: "a=b,c", password: "p" };
    await expect(authenticate(credentials, exchange)).rejects.toThrow("nonce");
    await expect(authenticate(credentials, exchange)).rejects.toThrow("nonce");
    expect(asked[0]).toMatch(/^n,,n=a=3Db=2Cc,r=[^,]{24}$/);
    expect(asked[1]).not.toBe(asked[0]);
  });
});

describe("PLAIN", () => {
  it("says name and password", async () => {
    const { exchange, asked } = scripted([]);
    await authenticate({ mechanism: "plain", ...USER }, exchange);
    expect(asked).toEqual(["\0user\0pencil"]);
  });
});

describe("OAUTHBEARER", () => {
  const credentials: Credentials = { mechanism: "oauthbearer", token: () => Promise.resolve("abc.def") };

  it("shows the token", async () => {
    const { exchange, asked } = scripted([""]);
    await authenticate(credentials, exchange);
    expect(asked).toEqual(["n,,\u0001auth=Bearer abc.def\u0001\u0001"]);
  });

  it("says what the broker has against it, and ends the exchange as it should be", async () => {
    const { exchange, asked } = scripted(['{"status":"invalid_token"}', ""]);
    const refused = { code: "unauthenticated", hint: "terminal", message: expect.stringContaining("invalid_token") };
    await expect(authenticate(credentials, exchange)).rejects.toMatchObject(refused);
    expect(asked[1]).toBe("\u0001");
  });
});

describe("credentialsOf", () => {
  it("takes four mechanisms, in any case, and refuses the others in words", async () => {
    expect(credentialsOf(undefined)).toBeUndefined();
    expect(credentialsOf({ mechanism: "plain", ...USER })).toEqual({ mechanism: "plain", ...USER });
    const custom = {
      mechanism: "SCRAM-SHA-512",
      ...USER,
      authenticationProvider: () => ({ authenticate: () => Promise.resolve() }),
    };
    expect(credentialsOf(custom)).toEqual({ mechanism: "scram-sha-512", ...USER });
    const bearer = credentialsOf({
      mechanism: "oauthbearer",
      oauthBearerProvider: () => Promise.resolve({ value: "abc" }),
    });
    expect(bearer?.mechanism === "oauthbearer" && (await bearer.token())).toBe("abc");
    const aws = { mechanism: "aws", authorizationIdentity: "", accessKeyId: "", secretAccessKey: "" } as const;
    expect(() => credentialsOf(aws)).toThrow("plain, scram-sha-256, scram-sha-512, oauthbearer, but aws is configured");
  });
});
