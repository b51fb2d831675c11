import { TOPICS, wire } from "@leastwise/contracts";
import type { SubjectId } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { givenLog, NOON, put, takeBack, type GivenLog } from "./given/log.js";
import { followLinks, type FollowLinksOptions, type Links } from "./links.js";

const ADA = "a0".repeat(16) as SubjectId;
const BOB = "a1".repeat(16) as SubjectId;
const browser = (index: number) => index.toString(16).padStart(32, "0") as SubjectId;

let given: GivenLog;
let links: Links | undefined;

beforeEach(async () => {
  given = await givenLog();
});

afterEach(async () => {
  await links?.stop();
  await given.end();
});

async function start(options?: FollowLinksOptions): Promise<Links["book"]> {
  links = await followLinks(given.log, options);
  return links.book;
}

function link(anonymousSubject: string, knownSubject: string) {
  const said = {
    anonymousSubject,
    knownSubject,
    assignmentKey: anonymousSubject,
    linkedAtMs: BigInt(NOON),
    sessionId: "v",
  };
  return put(TOPICS.links, anonymousSubject, wire.SubjectLink.encode(said).finish());
}

describe("the links", () => {
  it("are in the book as the topic has them", async () => {
    await given.log.append([link(browser(1), ADA)]);
    const book = await start();
    expect(book.linkOf(browser(1))).toEqual({
      ...{ anonymous: browser(1), known: ADA, assignmentKey: browser(1), sessionId: "v" },
      ...{ linkedAtMs: NOON, lastMs: NOON },
    });
    expect(book.keyOf(ADA)).toBe(browser(1));
  });

  it("without an anonymous subject are the known one's key, which no link takes over and no other login takes away", async () => {
    const key = { knownSubject: ADA, assignmentKey: "her own", linkedAtMs: BigInt(NOON) };
    await given.log.append([
      link(browser(1), ADA),
      put(TOPICS.links, ADA, wire.SubjectLink.encode(wire.SubjectLink.fromPartial(key)).finish()),
      link(browser(2), ADA),
      link(browser(1), BOB),
    ]);
    const book = await start();
    expect([book.keyOf(ADA), book.keyOf(BOB)]).toEqual(["her own", browser(1)]);
    expect(book.linkOf(browser(1))?.known).toBe(BOB);
  });

  it("that name no subject, and tombstones, are passed over", async () => {
    await given.log.append([link("raw-id", ADA), link(browser(1), "raw-id"), takeBack(TOPICS.links, browser(2))]);
    const book = await start();
    expect([book.linkOf(browser(1)), book.linkOf(browser(2)), book.keyOf(ADA)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("are not there after they were taken back; the known shopper's key stays", async () => {
    await given.log.append([
      link(browser(1), ADA),
      takeBack(TOPICS.links, browser(1)),
      takeBack(TOPICS.links, "other"),
    ]);
    const book = await start();
    expect([book.linkOf(browser(1)), book.keyOf(ADA)]).toEqual([undefined, browser(1)]);
  });

  it("are forgotten, the oldest first, when they are more than are to be remembered", async () => {
    await given.log.append([1, 2, 3].map((index) => link(browser(index), ADA)));
    let evicted = 0;
    const book = await start({ linksMax: 2, onEvicted: () => (evicted += 1) });
    expect([1, 2, 3].map((index) => book.linkOf(browser(index)) !== undefined)).toEqual([false, true, true]);
    expect(evicted).toBe(1);
  });
});
