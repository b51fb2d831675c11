import type { wire } from "@leastwise/contracts";
import { StartFailure } from "../host/start-failure.js";
import { ModelClient } from "../model/model-client.js";
import { checkModelFile } from "../model/model-file.js";
import { sayDocumentProblem } from "../policy/document-text.js";
import { PlayFailure } from "./player.js";

/** What a play is told of the model that it is to decide by. */
export interface PlayModelFiles {
  /** The document. Undefined: the priors decide. */
  readonly model: string | undefined;
  /** A model in ONNX whose bytes become the document's `custom.onnx`. */
  readonly onnx: string | undefined;
}

/**
 * Reads the model that a play is to decide by, before anything is started: throws a StartFailure that says where in the document each thing is wrong. Undefined: the
 * priors decide.
 */
export async function playModel({ model: file, onnx }: PlayModelFiles): Promise<wire.ResponseModel | undefined> {
  if (file === undefined && onnx !== undefined)
    throw new StartFailure("--onnx: expected with --model, whose document says how many features it takes");
  if (file === undefined) return undefined;
  if (file === "-")
    throw new StartFailure("--model: expected the name of a file, got -: a play reads nothing from standard input");
  const checked = await checkModelFile({ file, onnx });
  if (checked.ok) return checked.value;
  throw new StartFailure(checked.error.map((problem) => sayDocumentProblem(file, problem)).join("\n"));
}

/** How long a model may take to come into force, ms: one in ONNX is tried first. */
const COMES_MAX_MS = 60_000;

/** Puts the model into force before the play begins. */
export async function decideBy(model: wire.ResponseModel, rpcPort: number | undefined): Promise<void> {
  const client = new ModelClient(`127.0.0.1:${String(rpcPort)}`);
  try {
    await client.apply({ model, author: "play", reason: "the model that the play was told to decide by" });
    const latestMs = performance.now() + COMES_MAX_MS;
    while (performance.now() < latestMs) if ((await client.get()).model?.version === model.version) return;
  } finally {
    client.close();
  }
  throw new PlayFailure(`the model ${model.version} does not come into force`);
}
