import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";

/**
 * What is used of `onnxruntime-node`. It is an optional dependency, so that nothing here can be built on its own types: whoever has no model in ONNX
 * may leave its some 100 MB out.
 */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(onnx: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => OnnxTensor;
}

/** A model that stands ready. */
export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
  release(): Promise<void>;
}

export interface OnnxTensor {
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** A name that the compiler does not follow: the package need not be there. */
const PACKAGE: string = "onnxruntime-node";

/** Loads it, once it is needed. Refused: it is not installed, or does not run on this machine. */
export async function onnxRuntime(): Promise<Result<OnnxRuntime, Refusal>> {
  try {
    const loaded = (await import(PACKAGE)) as { readonly default: OnnxRuntime };
    return ok(loaded.default);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const expected = "onnxruntime-node, which runs models in ONNX: npm install onnxruntime-node";
    return err(refusal("onnx_runtime_missing", "custom.onnx", why, expected));
  }
}
