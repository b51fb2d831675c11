import type { AssignmentKey, Millis, SubjectId } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { NOON } from "./given/log.js";
import { holds, LinkBook, LinkDraft, LOGIN_SILENCE_MAX_MS, type Link } from "./link-book.js";

const BROWSER = "b0".repeat(16) as SubjectId;
const PHONE = "b1".repeat(16) as SubjectId;
const ADA = "a0".repeat(16) as SubjectId;
const BOB = "a1".repeat(16) as SubjectId;

const at = (ms: number) => (NOON + ms) as Millis;
const key = (text: string) => text as AssignmentKey;

function link(changes: Partial<Link> = {}): Link {
  return {
    ...{
      anonymous: BROWSER,
      known: ADA,
      assignmentKey: key("browser's"),
      linkedAtMs: NOON,
      sessionId: "",
      lastMs: NOON,
    },
    ...changes,
  };
}

/** A book, and how many it has forgotten. */
function bookOf(max = 100) {
  const forgotten = { count: 0 };
  return { book: new LinkBook(max, () => (forgotten.count += 1)), forgotten };
}

describe("a link", () => {
  it("holds within its session and not beyond, however long that lasts, where both name theirs", () => {
    const inVisit = link({ sessionId: "visit-1" });
    expect(holds(inVisit, "visit-1", at(10 * LOGIN_SILENCE_MAX_MS))).toBe(true);
    expect(holds(inVisit, "visit-2", at(0))).toBe(false);
  });

  it("holds until 30 minutes of silence where one of them names none; exactly 30 still hold", () => {
    for (const [linked, event] of [
      ["", ""],
      ["visit", ""],
      ["", "visit"],
    ] as const) {
      const silent = (ms: number) => holds(link({ sessionId: linked }), event, at(ms));
      expect(silent(LOGIN_SILENCE_MAX_MS)).toBe(true);
      expect(silent(LOGIN_SILENCE_MAX_MS + 1)).toBe(false);
      // Events may arrive out of their order.
      expect(silent(-LOGIN_SILENCE_MAX_MS)).toBe(true);
      expect(silent(-LOGIN_SILENCE_MAX_MS - 1)).toBe(false);
    }
  });
});

describe("the link book", () => {
  it("has the newest link of a browser, whatever order they come in", () => {
    const links = [link(), link({ known: BOB, linkedAtMs: at(10), lastMs: at(10) })];
    for (const inOrder of [links, links.toReversed()]) {
      const { book } = bookOf();
      for (const one of inOrder) book.add(one);
      expect(book.linkOf(BROWSER)).toMatchObject({ known: BOB });
    }
    expect(bookOf().book.linkOf(BROWSER)).toBeUndefined();
  });

  it("remembers the newest event of a login, and begins anew with the next", () => {
    const { book } = bookOf();
    book.add(link({ sessionId: "visit-1", lastMs: at(500) }));
    book.add(link({ sessionId: "visit-1", lastMs: at(100) }));
    expect(book.linkOf(BROWSER)?.lastMs).toBe(at(500));
    book.add(link({ sessionId: "visit-2", linkedAtMs: at(1), lastMs: at(1) }));
    expect(book.linkOf(BROWSER)?.lastMs).toBe(at(1));
  });

  it("keeps the key of the oldest link of a known shopper, in whatever order links come (a law)", () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(times, (linkedAt) => {
        const { book } = bookOf();
        for (const ms of linkedAt) book.add(link({ linkedAtMs: at(ms), assignmentKey: key(`of ${ms}`) }));
        expect(book.keyOf(ADA)).toBe(`of ${Math.min(...linkedAt)}`);
      }),
    );
  });

  it("lets no link take over from a shopper who was seen before any", () => {
    const { book } = bookOf();
    book.keep(ADA, key("her own"));
    book.add(link());
    expect(book.keyOf(ADA)).toBe("her own");
    expect(book.keyOf(BOB)).toBeUndefined();
    book.add(link({ known: BOB }));
    book.keep(BOB, key("his own"));
    expect(book.keyOf(BOB)).toBe("his own");
  });

  it("has the newest key that was kept, as a compacted topic has after a race of two collectors", () => {
    const { book } = bookOf();
    book.keep(ADA, key("first"));
    book.keep(ADA, key("second"));
    expect(book.keyOf(ADA)).toBe("second");
  });

  it("forgets no more than it must, and says so (a law)", () => {
    const browsers = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), browsers, (max, order) => {
        const { book, forgotten } = bookOf(max);
        const browserOf = (index: number) => index.toString(16).padStart(32, "0") as SubjectId;
        for (const index of order) book.add(link({ anonymous: browserOf(index) }));
        const held = [...new Set(order)].filter((index) => book.linkOf(browserOf(index)) !== undefined);
        const newest = [...new Set(order.toReversed())].slice(0, max);
        expect(new Set(held)).toEqual(new Set(newest));
        expect(forgotten.count === 0).toBe(new Set(order).size <= max);
      }),
    );
  });

  it("forgets no key, however many there are", () => {
    const { book } = bookOf(1);
    for (const known of [ADA, BOB]) book.add(link({ anonymous: known, known, assignmentKey: key(`of ${known}`) }));
    expect([book.keyOf(ADA), book.keyOf(BOB)]).toEqual([`of ${ADA}`, `of ${BOB}`]);
  });
});

describe("a draft", () => {
  it("shows what it adds to whoever made it, and to nobody else until it is told", () => {
    const { book } = bookOf();
    const draft = new LinkDraft(book);
    draft.add(link());
    draft.keep(BOB, key("his own"));
    expect([draft.linkOf(BROWSER)?.known, draft.keyOf(BOB)]).toEqual([ADA, "his own"]);
    expect([book.linkOf(BROWSER), book.keyOf(ADA), book.keyOf(BOB)]).toEqual([undefined, undefined, undefined]);

    draft.end(true);
    expect([book.linkOf(BROWSER)?.known, book.keyOf(ADA), book.keyOf(BOB)]).toEqual([ADA, "browser's", "his own"]);
  });

  it("gives a shopper one key, though two requests meet them first at the same moment", () => {
    const { book } = bookOf();
    const [one, other] = [new LinkDraft(book), new LinkDraft(book)];
    expect(one.keep(ADA, key("browser's"))).toBe("browser's");
    expect(other.keep(ADA, key("her own"))).toBe("browser's");
    one.end(false);
    expect(book.keyOf(ADA)).toBeUndefined();
    other.end(true);
    expect(book.keyOf(ADA)).toBe("browser's");
  });

  it("promises nothing any more once it is over", () => {
    const { book } = bookOf();
    const draft = new LinkDraft(book);
    draft.keep(ADA, key("browser's"));
    draft.end(false);
    expect(new LinkDraft(book).keep(ADA, key("her own"))).toBe("her own");
  });

  it("sees what the book has, and outranks it only in links", () => {
    const { book } = bookOf();
    book.add(link({ assignmentKey: key("first") }));
    const draft = new LinkDraft(book);
    expect(draft.linkOf(BROWSER)?.known).toBe(ADA);
    draft.add(link({ known: BOB, linkedAtMs: at(5) }));
    draft.add(link({ anonymous: PHONE, linkedAtMs: at(6), assignmentKey: key("second") }));
    expect([draft.linkOf(BROWSER)?.known, draft.keyOf(ADA)]).toEqual([BOB, "first"]);
    expect(book.linkOf(BROWSER)?.known).toBe(ADA);
  });
});
