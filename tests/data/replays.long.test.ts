import { describe, it } from "@jest/globals";
import { realDataIsHere } from "./real-data.js";
import { REPLAY_MAX_MS, replayAll, type Expected } from "./replay-all.js";

// `npm start -- --once --replay` on the real clickstreams, through the whole road. The counts are those of the data's own README. The
// largest file is replayed by `npm run test:long`.

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
];

const isHere = realDataIsHere("the replays of the real clickstreams");

(isHere ? describe : describe.skip)("the program replays", () => {
  it.each(EXPECTED)("$file, and every event is accounted for", replayAll, REPLAY_MAX_MS);
});
