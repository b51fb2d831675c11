// Collects the golden corpus from plays: a share of the decisions of each data directory, spread over what came out, with the policies that they name.
// The plays have to be made with the codes' key that the corpus is tested with (see tests/golden/README.md).
//
//   node scripts/collect-golden.js [--add] [--count N] DIRECTORY...
//
// With --add the decisions are added to those that are there, as when rules have changed: records of earlier rules stay.

import { TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog } from "@leastwise/eventlog";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";

const { values: options, positionals: directories } = parseArgs({
  options: { add: { type: "boolean", default: false }, count: { type: "string", default: "140" } },
  allowPositionals: true,
});
/** Decisions of each directory. */
const COUNT = Number(options.count);
const FOLDER = path.join(import.meta.dirname, "../tests/golden");

/** Values of a topic, in the order of their partitions and offsets. */
async function valuesOf(log, topic) {
  const values = [];
  for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
    const { end } = await log.offsets(topic, partition);
    if (end === 0) continue;
    let scan;
    await new Promise((resolve, reject) => {
      scan = log.scan({
        topic,
        partitions: [partition],
        from: () => Promise.resolve(0),
        onSpans: ({ bytes, count, valueFrom, valueTo, nextOffset }) => {
          for (let at = 0; at < count; at += 1)
            values.push(Uint8Array.from(bytes.subarray(valueFrom[at], valueTo[at])));
          if (nextOffset >= end) resolve();
        },
        onPoisoned: ({ reason }) => reject(new Error(reason)),
      });
    });
    await (await scan).stop();
  }
  return values;
}

/** What came out, by which the corpus is spread: rare ends are in it, too. */
function kindOf({ reason, candidates, chosen, exploit, ghost, continued }) {
  const { campaignId, incentive } = candidates[chosen];
  const blocked = [...new Set(candidates.map(({ blockedBy }) => blockedBy))].sort().join("+");
  return [reason, campaignId, incentive?.kind?.$case ?? "", chosen === exploit, ghost, continued, blocked].join(" ");
}

/** One of each kind in turn, until there are enough. */
function spread(values) {
  const kinds = new Map();
  for (const value of values) {
    const record = wire.DecisionRecord.decode(value);
    if (record.decisionId === "") continue;
    const kind = kindOf(record);
    kinds.set(kind, [...(kinds.get(kind) ?? []), value]);
  }
  const chosen = [];
  for (let turn = 0; chosen.length < COUNT && [...kinds.values()].some((of) => turn < of.length); turn += 1)
    for (const of of kinds.values()) if (turn < of.length && chosen.length < COUNT) chosen.push(of[turn]);
  return chosen;
}

/** What is there already. */
function kept(name) {
  if (!options.add) return [];
  const lines = gunzipSync(readFileSync(path.join(FOLDER, `${name}.base64.gz`))).toString("utf8");
  return lines
    .trimEnd()
    .split("\n")
    .map((line) => Uint8Array.from(Buffer.from(line, "base64")));
}

const corpus = { policies: kept("policies"), decisions: kept("decisions") };
const versions = new Set(corpus.policies.map((value) => wire.PolicyRecord.decode(value).policy.version));
for (const directory of directories) {
  const log = await openEmbeddedLog({ directory: path.join(directory, "log"), isAsFound: true });
  const policies = await valuesOf(log, TOPICS.policy);
  corpus.policies.push(...policies.filter((value) => !versions.has(wire.PolicyRecord.decode(value).policy.version)));
  const decisions = spread(await valuesOf(log, TOPICS.decisions));
  console.log(`${directory}: ${decisions.length} decisions`);
  corpus.decisions.push(...decisions);
  await log.close();
}
for (const [name, values] of Object.entries(corpus)) {
  const lines = values.map((value) => `${Buffer.from(value).toString("base64")}\n`).join("");
  writeFileSync(path.join(FOLDER, `${name}.base64.gz`), gzipSync(lines, { level: 9 }));
}
