import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { StartFailure } from "../host/start-failure.js";
import { playModel } from "./play-model.js";

const DOCUMENT = `
version: mine-1
horizon: 7d
baseline:
  - { feature: intercept, mean: -1.2, sd: 0.05 }
custom: { feature_count: 3 }
`;

let folder: string;
let model: string;
let onnx: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "play-model-"));
  model = path.join(folder, "model.yaml");
  onnx = path.join(folder, "mine.onnx");
  await writeFile(model, DOCUMENT);
  await writeFile(onnx, Uint8Array.of(1, 2, 3));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the model that a play decides by", () => {
  it("is the document's, with the bytes of the file in ONNX", async () => {
    expect(await playModel({ model, onnx })).toMatchObject({
      version: "mine-1",
      custom: { featureCount: 3, onnx: Buffer.of(1, 2, 3) },
    });
  });

  it("is none where none is named", async () => {
    expect(await playModel({ model: undefined, onnx: undefined })).toBeUndefined();
  });

  it.each([
    ["a model in ONNX without its document", { model: undefined, onnx: "mine.onnx" }, /^--onnx: .*--model/],
    ["a model on standard input", { model: "-", onnx: undefined }, /^--model: expected the name of a file/],
  ])("is refused as %s", async (_, files, said) => {
    const failure: unknown = await playModel(files).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailure);
    expect((failure as StartFailure).message).toMatch(said);
  });

  it("is refused with what is wrong in the document", async () => {
    await writeFile(model, DOCUMENT.replace("intercept", "purchases_30d"));
    await expect(playModel({ model, onnx })).rejects.toThrow("intercept_missing");
  });
});
