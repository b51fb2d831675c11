import { describe, expect, it } from "@jest/globals";
import { readPolicyDocument } from "@leastwise/policy";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../journey/built-program.js";
import { newFolder } from "../journey/program.js";

// The worked policies: each is checked and played by the commands that the page and the document itself print.

const run = promisify(execFile);

/** A play beside other tests, ms. */
const PLAY_MAX_MS = 600_000;

const PAGE = readFileSync(path.join(ROOT, "docs/policy.md"), "utf8");
const FOLDER = path.join(ROOT, "deploy/examples");
const NAMES = readdirSync(FOLDER).map((file) => path.basename(file, ".yaml"));

const inherited = Object.entries(process.env).filter(([name]) => !/^(LEASTWISE_|NODE_OPTIONS|JEST_)/.test(name));

/** What a command of the page prints, in a folder and on ports of its own. */
async function printed(command: string): Promise<string> {
  const env = {
    ...Object.fromEntries(inherited),
    LEASTWISE_DATA_DIRECTORY: path.join(newFolder(), "play"),
    LEASTWISE_RPC__PORT: "0",
    LEASTWISE_COLLECTOR__HTTP_PORT: "0",
    LEASTWISE_OPS__PORT: "0",
    LEASTWISE_SQL_DOOR__PORT: "0",
    LEASTWISE_SCORER__POLICY_UNSEEN_MS: "10000",
  };
  const { stdout } = await run("bash", ["-c", command], { cwd: ROOT, env, timeout: PLAY_MAX_MS, maxBuffer: 64 << 20 });
  return stdout;
}

/** The one line of a text that is a command with these words. */
function commandIn(text: string, ...words: readonly string[]): string {
  const lines = text.split("\n").map((line) => line.replace(/^#/, "").trim());
  const [found] = lines.filter((line) => line.startsWith("npm start") && words.every((word) => line.includes(word)));
  if (found === undefined) throw new Error(`no command with ${words.join(" ")}`);
  return found;
}

/** Kinds that came of each campaign, by the table's own rows. */
function givenIn(table: string): ReadonlyMap<string, ReadonlySet<string>> {
  const [, section = ""] = /^by campaign\n.*\n((?: {2}.*\n)*)/m.exec(table) ?? [];
  const given = new Map<string, Set<string>>();
  for (const [, campaign = "", kind = ""] of section.matchAll(/^ {2}(\S+) +(\S+) /gm))
    given.set(campaign, (given.get(campaign) ?? new Set()).add(kind));
  return given;
}

/** Kinds that each campaign of a document may give, as the table calls them. */
function allowedBy(document: string): ReadonlyMap<string, ReadonlySet<string>> {
  const read = readPolicyDocument(document);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const inSnakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return new Map(
    read.value.policy.campaigns.map(({ campaignId, experimentId, ladder }) => [
      campaignId,
      new Set(
        experimentId === "" ? ["entitlement"] : ladder.map(({ incentive }) => inSnakeCase(incentive!.kind!.$case)),
      ),
    ]),
  );
}

it("are three", () => {
  expect(NAMES.sort()).toEqual(["electronics", "fashion", "grocery"]);
});

describe.each(NAMES)("the policy of %s", (name) => {
  const file = `deploy/examples/${name}.yaml`;
  const document = readFileSync(path.join(ROOT, file), "utf8");
  const command = commandIn(PAGE, `--policy ${file}`);

  it("is played by the same command in its own words and on the page", () => {
    expect(commandIn(document, "--policy")).toBe(command);
  });

  it(
    "could be put into force, without a notice",
    async () => {
      const said = await printed(
        commandIn(PAGE, "policy validate", "--silent").replace(/deploy\/examples\/\w+\.yaml/, file),
      );
      expect(said).toMatch(new RegExp(`^${file}: ${name}-1 could be put into force: .* 0 notices\n$`));
    },
    PLAY_MAX_MS,
  );

  it(
    "gives, of each of its campaigns, what its ladder allows and nothing else",
    async () => {
      const table = await printed(command);
      const [given, allowed] = [givenIn(table), allowedBy(document)];
      expect([...given.keys()].sort()).toEqual([...allowed.keys()].sort());
      for (const [campaign, kinds] of given)
        for (const kind of kinds)
          expect([campaign, [...allowed.get(campaign)!]]).toEqual([campaign, expect.arrayContaining([kind])]);
      expect(table).toMatch(/^policy +\w+-1$/m);
      expect(table).toMatch(/^lift, treatment − holdout/m);
      expect(table).toMatch(/^redeemed +[1-9]\d* offers/m);
    },
    PLAY_MAX_MS,
  );
});
