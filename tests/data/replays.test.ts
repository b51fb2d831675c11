import { describe, expect, it } from "@jest/globals";
import path from "node:path";
import { newFolder, runToEnd } from "../journey/program.js";
import { DATA_FOLDER, realDataIsHere } from "./real-data.js";

// `npm start -- --once --replay` on every real clickstream, through the whole road. The counts are those of the data's own README.

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

interface Expected {
  readonly file: string;
  readonly events: number;
  readonly subjects: number;
  readonly duplicates: number;
  /** At least so many carts had a price, so that Decide could be asked. */
  readonly decisionsMin: number;
  readonly counted: Readonly<Record<string, number>>;
}

const EXPECTED: readonly Expected[] = [
  {
    file: "storefront",
    events: 16_008,
    subjects: 250,
    duplicates: 4,
    decisionsMin: 500,
    counted: {
      Page: 7_616,
      "Product Viewed": 5_849,
      "Pop-up Email Viewed": 1_157,
      "Product Added": 702,
      "Checkout Started": 486,
      "Pop-up Email Accepted": 100,
      "Order Completed": 98,
      duplicates: 4,
      conflicts: 27,
      without_detail: 2_350,
    },
  },
  {
    file: "rees46/rees46_2019-10-01_first170min.csv.gz",
    events: 17_434,
    subjects: 4_504,
    duplicates: 5,
    decisionsMin: 150,
    counted: { view: 17_055, cart: 165, purchase: 214, duplicates: 5 },
  },
  {
    file: "rees46/rees46_cosmetics_5x1000.csv.gz",
    events: 4_994,
    subjects: 892,
    duplicates: 291,
    decisionsMin: 1_000,
    counted: { view: 2_320, cart: 1_300, remove_from_cart: 1_051, purchase: 323, duplicates: 291 },
  },
  {
    // Without prices there is no cart to ask for: all 5,292 are counted as such.
    file: "taobao/taobao_first2h_96k.csv.gz",
    events: 96_168,
    subjects: 58_732,
    duplicates: 0,
    decisionsMin: 0,
    counted: { pv: 85_773, cart: 5_292, fav: 2_959, buy: 2_144, "cart not asked for: without_price": 5_292 },
  },
  {
    file: "complete-journey",
    events: 46_063,
    subjects: 410,
    duplicates: 0,
    decisionsMin: 40_000,
    counted: { rows: 503_128, line: 503_128, "refused: quantity_zero": 4_275 },
  },
];

/** Half a million lines take about two minutes on two cores. */
const REPLAY_MAX_MS = 600_000;

const isHere = realDataIsHere("the replays of the real clickstreams");

(isHere ? describe : describe.skip)("the program replays", () => {
  it.each(EXPECTED)(
    "$file, and every event is accounted for",
    async ({ file, events, subjects, duplicates, decisionsMin, counted }) => {
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
    },
    REPLAY_MAX_MS,
  );
});
