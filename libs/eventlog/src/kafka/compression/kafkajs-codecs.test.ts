import { describe, expect, it } from "@jest/globals";
import kafkajs from "kafkajs";
import { createRequire } from "node:module";
import { batchBytes, plain } from "../scan/given/batch-bytes.js";
import { RequestBytes } from "../scan/wire-bytes.js";
import { registerKafkajsCodecs } from "./kafkajs-codecs.js";

registerKafkajsCodecs();
// A second time, as each client does it.
registerKafkajsCodecs();

interface Response {
  readonly responses: readonly {
    readonly partitions: readonly {
      readonly messages: readonly { readonly offset: string; readonly value: Buffer }[];
    }[];
  }[];
}

const decoder = createRequire(import.meta.url)("kafkajs/src/protocol/requests/fetch/v11/response") as {
  readonly decode: (bytes: Buffer) => Promise<Response>;
};

/** A response to a fetch, version 11, with these batches of each partition. */
function response(topic: string, ...partitions: readonly Buffer[]): Buffer {
  const bytes = new RequestBytes().int32(0).int16(0).int32(0).int32(1).string(topic).int32(partitions.length);
  for (const [partition, batches] of partitions.entries()) {
    bytes.int32(partition).int16(0).int64(100).int64(100).int64(0).int32(-1).int32(-1).bytes(batches);
  }
  return bytes.done();
}

describe("kafkajs", () => {
  it.each(["none", "gzip", "snappy", "lz4", "zstd"] as const)("reads a batch packed with %s", async (codec) => {
    const { responses } = await decoder.decode(response("t", batchBytes({ ...plain(7, "one", "two"), codec })));
    const messages = responses[0]?.partitions[0]?.messages ?? [];
    expect(messages.map(({ offset, value }) => [offset, value.toString()])).toEqual([
      ["7", "one"],
      ["8", "two"],
    ]);
  });

  it.each(["gzip", "snappy", "lz4", "zstd"] as const)(
    "says where a batch stands that is not %s, though it says so",
    async (codec) => {
      const torn = batchBytes({ ...plain(12, "one", "two"), codec, isPackedSo: false });
      const bytes = response(
        "clickstream.raw",
        batchBytes(plain(0, "other")),
        Buffer.concat([batchBytes(plain(9, "a")), torn]),
      );
      await expect(decoder.decode(Buffer.concat([Buffer.alloc(5), bytes]).subarray(5))).rejects.toMatchObject({
        code: "corrupt_record",
        hint: "terminal",
        message: expect.stringMatching(
          new RegExp(
            `^clickstream.raw/1, offsets 12 to 13: a batch that was packed with ${codec} cannot be unpacked: .+; ` +
              "a group whose offset of clickstream.raw/1 is set to 14 reads on behind it, and who follows it without a group .+ below 14 are deleted$",
          ),
        ),
      });
    },
  );

  it("says where a batch stands that has more records than the library can take over", async () => {
    const records = Array.from({ length: 150_000 }, (_, delta) => ({ value: Buffer.alloc(0), delta }));
    const many = batchBytes({ baseOffset: 12, records, codec: "gzip" });
    const bytes = response("clickstream.raw", Buffer.concat([batchBytes(plain(0, "one", "two")), many]));
    await expect(decoder.decode(bytes)).rejects.toMatchObject({
      code: "record_too_large",
      hint: "terminal",
      message: expect.stringMatching(/^clickstream.raw\/0, offsets 12 to 150011: a batch of 150000 records is more/),
    });
  });

  it("packs with gzip as it did, and with no more than that", async () => {
    const codecs = kafkajs.CompressionCodecs as Record<number, () => { compress(encoder: object): Promise<Buffer> }>;
    const packed = await codecs[1]?.().compress({ buffer: Buffer.from("text") });
    expect(packed?.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    for (const type of [2, 3, 4])
      await expect((async () => codecs[type]?.().compress({ buffer: Buffer.from("text") }))()).rejects.toThrow(
        "not implemented",
      );
  });
});
