import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { degradedOnlyInFaults, everyQuestionAnswered, noCallFailed, nothingNewWithoutOwner } from "./checks/answers.js";
import type { Found } from "./checks/check.js";
import {
  givenRecordedOnce,
  inTableOnce,
  noneLost,
  noneRecordedTwice,
  sameQuestionSameAnswer,
} from "./checks/decisions.js";
import {
  acknowledgedOnLog,
  countedOnce,
  eventsInTableOnce,
  featuresAsHistory,
  featuresAsSql,
  noneRefused,
  takenInOnce,
} from "./checks/events.js";
import {
  actsInTableOnce,
  budgetHolds,
  isIssue,
  ledgerKnowsOffers,
  oneOpenOffer,
  redeemedOnce,
  refusedRightly,
  toldOffersStand,
} from "./checks/offers.js";
import { readLog, sql, untilRawTakenIn, type Evidence } from "./evidence.js";
import { askForEverybody } from "./final-decisions.js";
import type { Places } from "./system.js";
import { readTold } from "./told.js";

/** How long the recorder may take until the tables have what the log has, ms. */
const TABLES_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 200;

/** How long the collector may take until it has taken in what the shop wrote itself, ms. */
const RAW_WITHIN_MS = 60_000;

const CHECKS: readonly ((evidence: Evidence) => Found | Promise<Found>)[] = [
  acknowledgedOnLog,
  noneRefused,
  takenInOnce,
  countedOnce,
  featuresAsHistory,
  featuresAsSql,
  eventsInTableOnce,
  givenRecordedOnce,
  noneLost,
  noneRecordedTwice,
  inTableOnce,
  sameQuestionSameAnswer,
  noCallFailed,
  everyQuestionAnswered,
  degradedOnlyInFaults,
  nothingNewWithoutOwner,
  toldOffersStand,
  ledgerKnowsOffers,
  redeemedOnce,
  refusedRightly,
  oneOpenOffer,
  budgetHolds,
  actsInTableOnce,
];

/** Everything that the checks found, for the folder of a run; the run's processes still serve. */
async function verify(folder: string): Promise<readonly Found[]> {
  const places = JSON.parse(readFileSync(path.join(folder, "places.json"), "utf8")) as Places;
  const told = readTold(path.join(folder, "told.ndjson"));
  await untilRawTakenIn(places, RAW_WITHIN_MS);
  await askForEverybody(places, told);
  const evidence = { places, told, ...(await readLog(places)) };
  await untilTablesHave(evidence);
  const found: Found[] = [];
  for (const check of CHECKS) found.push(await check(evidence));
  return found;
}

/** Waits until the tables have as many rows as the log has records. Where they never do, the checks say which. */
async function untilTablesHave({ places, decisions, offers, clickstream }: Evidence): Promise<void> {
  const issued = decisions.filter(({ record }) => isIssue(record)).length;
  const events = clickstream.filter(({ record }) => record.$case === "event").length;
  const wanted = [decisions.length, issued + offers.length, events];
  const deadlineMs = Date.now() + TABLES_WITHIN_MS;
  while (Date.now() < deadlineMs) {
    const [row] = await sql<{ n: number[] }>(
      places,
      "SELECT [toUInt32((SELECT count() FROM decisions)), toUInt32((SELECT count() FROM offers)), toUInt32((SELECT count() FROM clickstream))] AS n",
    );
    if (wanted.every((count, index) => (row?.n[index] ?? 0) >= count)) return;
    await delay(LOOK_AGAIN_MS);
  }
}

process.stdout.write(`${JSON.stringify(await verify(process.argv[2] ?? ""))}\n`);
