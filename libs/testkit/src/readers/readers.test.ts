import { kindName, wire, writeJson } from "@leastwise/contracts";
import { err, ok, refusal, type CurrencyCode } from "@leastwise/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { csvRecords } from "./csv-rows.js";
import { FORMATS } from "./formats.js";
import { openClickstream, type Clickstream } from "./open-clickstream.js";
import type { SegmentMapping } from "./segment-ndjson.js";
import { eventOf, productOf } from "./source-event.js";

const USD = "USD" as CurrencyCode;
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "leastwise-readers-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const noSegment: SegmentMapping = () => err(refusal("not_here", "", "", ""));

async function write(name: string, text: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
  return path;
}

async function opened(path: string, format?: string, segmentToEvents = noSegment): Promise<Clickstream> {
  const result = await openClickstream({ path, format, currency: USD, segmentToEvents });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

async function refused(path: string, format?: string): Promise<[reason: string, expected: string]> {
  const result = await openClickstream({ path, format, currency: USD, segmentToEvents: noSegment });
  if (result.ok) throw new Error("was opened");
  return [result.error.reason, result.error.expected];
}

async function eventsOf(stream: Clickstream): Promise<wire.Event[]> {
  const events: wire.Event[] = [];
  for await (const event of stream.events) events.push(event);
  return events;
}

describe("records of a CSV file", () => {
  it("say on which line they end, header, quoted line breaks and empty lines counted", async () => {
    const path = await write("records.csv", gzipSync('\uFEFFa,b\n1,"x\ny"\n\n2,"say ""hi"""\n3\n'));
    const records: unknown[] = [];
    for await (const record of csvRecords(path)) records.push(record);
    expect(records).toEqual([
      { line: 1, values: ["a", "b"] },
      { line: 3, values: ["1", "x\ny"] },
      { line: 5, values: ["2", 'say "hi"'] },
      { line: 6, values: ["3"] },
    ]);
  });

  it("do not take the rest of a file into memory for a quote that is never closed", async () => {
    const path = await write("unclosed.csv", `a,b\n1,"${"x\n".repeat(2_000_000)}`);
    const readAll = async () => {
      for await (const { line } of csvRecords(path)) expect(line).toBe(1);
    };
    await expect(readAll()).rejects.toMatchObject({ code: "CSV_MAX_RECORD_SIZE" });
  });
});

const REES46_HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session";

describe("rees46", () => {
  it("maps every kind, orders by (time, line), and keeps exact repeats under one id", async () => {
    const path = await write(
      "rees.csv",
      [
        REES46_HEADER,
        "2019-10-01 00:00:02 UTC,cart,10,7,a.b,acme,2.62,u1,s1",
        "2019-10-01 00:00:01 UTC,view,10,7,,,0.00,u1,s1",
        "2019-10-01 00:00:02 UTC,cart,10,7,a.b,acme,2.62,u1,s1",
        "2019-10-01 00:00:03 UTC,remove_from_cart,10,7,a.b,acme,2.62,u1,s1",
        "2019-10-01 00:00:04 UTC,purchase,10,7,a.b,acme,2.62,u1,s1",
      ].join("\n"),
    );
    const stream = await opened(path);
    const events = await eventsOf(stream);
    expect(stream.format.name).toBe("rees46");
    expect(events.map((event) => kindName(event.kind))).toEqual([
      "product_view",
      "cart_add",
      "cart_add",
      "cart_remove",
      "purchase",
    ]);
    expect(events[0]?.product).toMatchObject({ unitPrice: undefined, category: "7", brand: "" });
    expect(events[1]?.product).toMatchObject({ unitPrice: { minor: 262n, currency: "USD" }, category: "a.b" });
    expect(events[2]?.eventId).toBe(events[1]?.eventId);
    expect(events[4]?.order).toMatchObject({ orderId: `s1:10:${Date.UTC(2019, 9, 1, 0, 0, 4)}` });
    expect(Object.fromEntries(stream.account.notes)).toEqual({ duplicates: 1, without_price: 1, zero_price: 1 });
  });

  it("refuses single rows by name, and loses none", async () => {
    const rows = [
      "2019-10-01 00:00:01 UTC,viewed,10,7,,,1.00,u1,s1",
      "yesterday,view,10,7,,,1.00,u1,s1",
      "2019-13-01 00:00:01 UTC,view,10,7,,,1.00,u1,s1",
      "2019-10-01 00:00:01 UTC,view,10,7,,,-1.00,u1,s1",
      "2019-10-01 00:00:01 UTC,view,10,7,,,1.00,,s1",
      "2019-10-01 00:00:01 UTC,view,10",
    ];
    const { account, total } = await opened(await write("bad-rows.csv", [REES46_HEADER, ...rows, ""].join("\r\n")));
    expect([account.rows, total]).toEqual([6, 0]);
    expect(Object.fromEntries(account.refused)).toEqual({
      kind_unknown: 1,
      time_unreadable: 2,
      amount_unreadable: 1,
      id_missing: 1,
      wrong_column_count: 1,
    });
  });
});

describe("taobao", () => {
  it("maps every behaviour and invents no price", async () => {
    const rows = ["pv", "cart", "fav", "buy"].map((behaviour, i) => `u,i,c,${behaviour},${1511658000 + i}`);
    const stream = await opened(
      await write("taobao.csv", ["user_id,item_id,category_id,behavior,timestamp", ...rows].join("\n")),
    );
    const events = await eventsOf(stream);
    expect(events.map((event) => kindName(event.kind))).toEqual([
      "product_view",
      "cart_add",
      "content_engagement",
      "purchase",
    ]);
    expect(events[2]).toMatchObject({ content: { contentKind: "favourite" }, product: { productId: "i" } });
    expect(events[3]?.order).toMatchObject({ orderId: "u:i:1511658003", total: undefined });
    expect(stream.account.notes.get("without_price")).toBe(3);
  });
});

describe("complete-journey", () => {
  const HEADER =
    "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,coupon_match_disc,week,transaction_timestamp";

  it("makes one order of a basket, its lines adding up to the cent", async () => {
    const rows = [
      "h1,s,b1,p1,2,3.00,0.50,1.0,0.50,1,2017-01-01 12:00:00",
      "h1,s,b1,p2,3,1.00,0.0,0.0,0.0,1,2017-01-01 12:00:00",
      "h1,s,b1,p3,8725,20.06,0.01,0.0,0.0,1,2017-01-01 12:00:00",
      "h1,s,b1,p4,1,2.220446e-16,0.0,0.0,0.0,1,2017-01-01 12:00:00",
      "h1,s,b1,p5,0,0.0,0.0,2.0,0.0,1,2017-01-01 12:00:00",
      "h2,s,b2,p5,0,0.0,0.0,0.0,0.0,1,2017-01-01 11:00:00",
      "h2,s,b1,p1,1,1.0,0.0,0.0,0.0,1,2017-01-01 11:00:00",
    ];
    const stream = await opened(await write("cj/transactions-x.csv.gz", gzipSync([HEADER, ...rows].join("\n"))));
    const [empty, order] = (await eventsOf(stream)).map((event) => event.order);
    expect(empty).toMatchObject({ orderId: "b2", lines: [], total: { minor: 0n } });
    const lines = order?.lines.map((line) => [
      line.productId,
      Number(line.quantity),
      Number(line.unitPrice?.minor),
      Number(line.discount?.minor ?? 0),
    ]);
    expect(lines).toEqual([
      ["p1", 2, 200, 100],
      ["p2", 2, 33, 0],
      ["p2", 1, 34, 0],
      ["p3", 1, 2007, 1],
      ["p4", 1, 0, 0],
    ]);
    const sum = lines?.reduce(
      (acc, [, units, price, discount]) => acc + Number(units) * Number(price) - Number(discount),
      0,
    );
    expect(order?.total?.minor).toBe(BigInt(sum ?? -1));
    expect(Object.fromEntries(stream.account.refused)).toEqual({ quantity_zero: 2, basket_of_two_households: 1 });
    expect(Object.fromEntries(stream.account.notes)).toEqual({
      manufacturer_coupon: 2,
      line_split: 1,
      sold_by_weight: 1,
      order_without_lines: 1,
    });
  });

  it("is found in its folder", async () => {
    expect((await opened(join(folder, "cj"))).format).toMatchObject({ name: "complete-journey", asksAt: "order" });
  });
});

describe("storefront", () => {
  const FILES = {
    events: [
      "user_id,event_type,event_id,ts",
      "u1,Page,e1,2023-01-01 00:00:01.956000",
      "u1,Product Viewed,e2,2023-01-01 00:00:02.000000",
      "u1,Product Viewed,e3,2023-01-01 00:00:03.000000",
      "u1,Product Added,e4,2023-01-01 00:00:04.000000",
      "u1,Checkout Started,e5,2023-01-01 00:00:05.000000",
      "u1,Order Completed,e6,2023-01-01 00:00:06.000000",
      "u1,Order Completed,e7,2023-01-01 00:00:07.000000",
      "u1,Pop-up Email Viewed,e8,2023-01-01 00:00:08.000000",
      "u2,Pop-up Email Accepted,e8,2023-01-01 00:00:08.000000",
    ],
    product_viewed: ["id,timestamp,variant,price", 'e2,t,"",28.99'],
    product_added: ["id,timestamp,price,variant", "e4,t,28.99,V1"],
    checkout_started: [
      "timestamp,id,funnel_id,total_price,without_discount_price,variant_item_1,variant_item_2,variant_item_3,variant_item_4,variant_item_5",
      "t,e5,1,67.5,80,V1,V2,V1,,",
    ],
    order_completed: [
      "id,timestamp,total_price,discount_codes,total_discounts,shipping_country,variant_item_1,variant_item_2,variant_item_3,variant_item_4,variant_item_5",
      'e6,t,69.73,"[{""amount"":""23.24"",""code"":""SMS25"",""type"":""fixed_amount""}]",23.24,United States,V1,,,,',
    ],
    popup_view: ["id,day,popup_id,popup_name,popup_strategy,popup_discount", "e8,d,p9,,,"],
    popup_acepted: ["id,day,popup_id,popup_name,popup_strategy,popup_discount"],
  };

  it("joins events with their details and says which have none", async () => {
    for (const [name, lines] of Object.entries(FILES)) await write(`shop/${name}.csv`, lines.join("\n"));
    const stream = await opened(join(folder, "shop"));
    const events = await eventsOf(stream);
    expect(stream.format.name).toBe("storefront");
    expect(events[0]?.occurredAtMs).toBe(BigInt(Date.UTC(2023, 0, 1, 0, 0, 1, 956)));
    expect(events[1]?.product).toMatchObject({ productId: "unknown", unitPrice: { minor: 2899n } });
    expect(events[2]?.product).toMatchObject({ productId: "unknown", unitPrice: undefined });
    expect(events[4]?.order).toMatchObject({
      lines: [
        { productId: "V1", quantity: 2n },
        { productId: "V2", quantity: 1n },
      ],
      total: { minor: 6750n },
      discount: { minor: 1250n },
    });
    expect(events[5]).toMatchObject({
      place: { country: "US" },
      order: { codes: ["SMS25"], discount: { minor: 2324n } },
    });
    expect(events[6]?.order).toMatchObject({ lines: [{ productId: "unknown", quantity: 1n }], total: undefined });
    expect(events[7]?.content).toEqual({ contentId: "p9", contentKind: "popup_view" });
    expect(Object.fromEntries(stream.account.notes)).toEqual({
      without_detail: 3,
      without_variant: 1,
      without_price: 2,
      total_with_shipping: 1,
      conflicts: 1,
    });
  });

  it("names the detail file that is missing", async () => {
    await write("half/events.csv", FILES.events.join("\n"));
    expect((await refused(join(folder, "half")))[0]).toBe("file_not_found");
  });
});

describe("NDJSON", () => {
  it("reads our own events, and refuses lines by the reason of the JSON door", async () => {
    const event = eventOf(wire.EventKind.EVENT_KIND_PRODUCT_VIEW, Date.UTC(2024, 0, 1), {
      eventId: "e",
      userId: "u",
      product: productOf("p", { minor: 5n, currency: "EUR" }),
    });
    const line = JSON.stringify(writeJson("Event", event));
    const stream = await opened(await write("own.ndjson", `\uFEFF${line}\n\nnot json\n{"kindd":1}\n${line}`));
    expect(stream.format.name).toBe("leastwise");
    expect(await eventsOf(stream)).toEqual([event, event]);
    expect(stream.account.rows).toBe(4);
    expect(Object.fromEntries(stream.account.refused)).toEqual({ json_malformed: 1, unknown_field: 1 });
    expect(stream.account.notes.get("duplicates")).toBe(1);
  });

  it("hands Segment messages to the mapping, which may make any number of events of one", async () => {
    const page = eventOf(wire.EventKind.EVENT_KIND_PAGE_VIEW, Date.UTC(2024, 0, 1), { eventId: "m", userId: "u" });
    const mapping: SegmentMapping = (message) =>
      JSON.stringify(message).includes("page")
        ? ok([page])
        : JSON.stringify(message).includes("alias")
          ? ok([])
          : err(refusal("unknown_event", "event", "", "a known one"));
    const lines = ['{"type":"page"}', '{"type":"alias"}', '{"type":"track"}', '{"type":7}', "{"];
    const stream = await opened(await write("segment.ndjson", lines.join("\n")), undefined, mapping);
    expect(stream.format.name).toBe("segment");
    expect(await eventsOf(stream)).toEqual([page]);
    expect(Object.fromEntries(stream.account.refused)).toEqual({
      no_event_of_ours: 1,
      unknown_event: 2,
      json_malformed: 1,
    });
    expect(Object.fromEntries(stream.account.bySourceType)).toEqual({ page: 1, alias: 1, track: 1, other: 2 });
  });
});

describe("openClickstream", () => {
  it("refuses in words what it cannot read", async () => {
    expect((await refused(join(folder, "nowhere.csv")))[0]).toBe("file_not_found");
    expect((await refused(await write("odd.csv", "a,b\n1,2\n")))[0]).toBe("format_unknown");
    expect((await refused(await write("empty.csv", ""), "taobao"))[0]).toBe("file_empty");
    expect(await refused(await write("other.csv", "a,b\n1,2\n"), "taobao")).toEqual([
      "column_missing",
      "a column user_id",
    ]);
    expect((await refused(folder, "rees46"))[0]).toBe("not_a_file");
    expect((await refused(folder))[0]).toBe("format_unknown");
    const cut = gzipSync(`${REES46_HEADER}\n${"2019-10-01 00:00:01 UTC,view,10,7,,,1,u,s\n".repeat(999)}`).subarray(
      0,
      90,
    );
    expect((await refused(await write("cut.csv.gz", cut), "rees46"))[0]).toBe("gzip_malformed");
    expect((await refused(await write("quote.csv", `${REES46_HEADER}\na"b",c\n"open`), "rees46"))[0]).toBe(
      "csv_malformed",
    );
  });

  it("names the nearest format", async () => {
    const [reason, expected] = await refused(await write("x.csv", "a\n"), "taobo");
    expect(reason).toBe("format_unknown");
    expect(expected).toContain("did you mean taobao?");
  });

  it("says of every format what it is", () => {
    for (const format of FORMATS) expect(format.help).toMatch(/^\S.{20,}$/);
  });
});
