import { expect } from "@jest/globals";
import path from "node:path";
import { newFolder, runToEnd } from "../journey/program.js";
import { DATA_FOLDER } from "./real-data.js";

/** What `--json` prints, as far as it is looked at here. */
interface Summary {
  readonly is_aa_check: boolean;
  readonly subjects: number;
  readonly file: Readonly<Record<string, number>>;
  readonly events: {
    readonly sent: number;
    readonly accepted: number;
    readonly verdicts: Readonly<Record<string, number>>;
  };
  readonly decisions: { readonly answered: number; readonly degraded: object };
  readonly spend: object;
}

/** What the data's own README says of a file, and what a replay must say. */
export interface Expected {
  readonly file: string;
  readonly events: number;
  readonly subjects: number;
  readonly duplicates: number;
  /** At least so many carts had a price, so that Decide could be asked. */
  readonly decisionsMin: number;
  readonly counted: Readonly<Record<string, number>>;
}

/** How long the longest replay may take, ms: half a million lines take some minutes on two cores. */
export const REPLAY_MAX_MS = 2_400_000;

/** Replays a real file through the whole program, and accounts for every event of it. */
export async function replayAll({
  file,
  events,
  subjects,
  duplicates,
  decisionsMin,
  counted,
}: Expected): Promise<void> {
  const args = ["play", "--once", "--json", "--data", path.join(newFolder(), "play")];
  const replay = ["--replay", path.join(DATA_FOLDER, file)];
  const { exit, stdout, stderr } = await runToEnd({ args: [...args, ...replay] }, REPLAY_MAX_MS);
  if (exit.code !== 0) throw new Error(stderr.join("\n"));
  const summary = JSON.parse(stdout.join("")) as Summary;
  expect(summary.file).toMatchObject(counted);
  expect(summary.events).toMatchObject({ sent: events, accepted: events });
  expect(summary.events.verdicts).toEqual({
    applied: events - duplicates,
    ...(duplicates === 0 ? {} : { duplicate: duplicates }),
  });
  expect(summary.subjects).toBe(subjects);
  expect(summary.decisions.answered).toBeGreaterThanOrEqual(decisionsMin);
  expect(summary.decisions.degraded).toEqual({});
  // Nothing is invented: nothing was offered, so that any difference of the arms is chance.
  expect(summary.is_aa_check).toBe(true);
  expect(summary.spend).toEqual({ held_minor: 0, redeemed_minor: 0, redeemed: 0 });
}
