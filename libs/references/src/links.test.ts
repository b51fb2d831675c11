import { TOPICS, wire } from "@leastwise/contracts";
import type { SubjectId } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { givenLog, NOON, put, takeBack, type GivenLog } from "./given/log.js";
import { withStrangers } from "./given/strangers.js";
import { followLinks, type FollowLinksOptions, type Links } from "./links.js";
import type { PassedOver } from "./passed-over.js";

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

describe("what somebody else wrote onto the links", () => {
  const said = (fields: wire.DeepPartial<wire.SubjectLink>) =>
    wire.SubjectLink.encode(wire.SubjectLink.fromPartial(fields)).finish();

  it("is passed over, and it is said where it stands and what is wrong with it", async () => {
    const ours = { anonymousSubject: browser(1), knownSubject: BOB, assignmentKey: "k" };
    await given.log.append([
      link(browser(1), ADA),
      put(TOPICS.links, browser(1), Buffer.from([0x0a, 0xff, 0xff])),
      put(TOPICS.links, browser(1), said({ ...ours, assignmentKey: "" })),
      put(TOPICS.links, browser(1), said({ ...ours, knownSubject: "bob" })),
      put(TOPICS.links, "raw-id", said({ ...ours, anonymousSubject: "raw-id" })),
      put(TOPICS.links, browser(2), said(ours)),
      put(TOPICS.links, ADA, said({ ...ours, anonymousSubject: "" })),
    ]);
    const told: PassedOver[] = [];
    const book = await start({ onPassedOver: (one) => told.push(one) });
    expect([book.linkOf(browser(1))?.known, book.keyOf(ADA), book.keyOf(BOB)]).toEqual([ADA, browser(1), undefined]);
    expect(told.map(({ topic, partition, offset, problem }) => [`${topic}/${partition}/${offset}`, problem])).toEqual([
      ["links/0/1", "premature EOF"],
      ["links/0/2", "assignment_key is missing"],
      ["links/0/3", "known_subject is no subject's id"],
      ["links/0/4", "anonymous_subject is no subject's id"],
      ["links/0/5", "its key is not its anonymous_subject"],
      ["links/0/6", "its key is not its known_subject"],
    ]);
  });

  it("changes nothing, wherever it stands", async () => {
    const own = [
      link(browser(1), ADA),
      link(browser(2), BOB),
      takeBack(TOPICS.links, browser(2)),
      put(TOPICS.links, ADA, said({ knownSubject: ADA, assignmentKey: "her own" })),
    ];
    await fc.assert(
      fc.asyncProperty(withStrangers(TOPICS.links, own, [browser(1), browser(2), ADA]), async (mix) => {
        const mixed = await givenLog();
        await mixed.log.append(mix.records);
        let passedOver = 0;
        const followed = await followLinks(mixed.log, { onPassedOver: () => (passedOver += 1) });
        const { book } = followed;
        const known = [1, 2].map((index) => book.linkOf(browser(index))?.known);
        const keys = [book.keyOf(ADA), book.keyOf(BOB)];
        await followed.stop();
        await mixed.end();
        expect([known, keys, passedOver]).toEqual([[ADA, undefined], ["her own", browser(2)], mix.strangers]);
      }),
      { numRuns: 25 },
    );
  });
});
