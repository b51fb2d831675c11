import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { between, happens, wholeNumber } from "../random/draws.js";
import { RandomStreams, type Xoshiro128 } from "../random/xoshiro128.js";

export interface TreeModelOptions {
  readonly seed: string;
  /** Columns of the input: features and kinds, and last the gained share, which alone has an order. */
  readonly columns: number;
  readonly trees?: number;
  /** Decisions on the way to a leaf, the last of which is on the gained share; at least 1. */
  readonly depth?: number;
  /** Mean logit. */
  readonly base?: number;
  /** What all the steps up of the gained share come to at most; below 0 the response falls. */
  readonly rise?: number;
  /** Columns of the output: with 2, the second is a standard deviation of some 0.1. */
  readonly outputs?: 1 | 2;
  /** What one leaf says, instead of its own: reached on one side of its tree. */
  readonly oddLeaf?: number;
  /** A column whose values above a bound make the logit so much higher. */
  readonly odd?: { readonly column: number; readonly above: number; readonly logit: number };
}

/**
 * An ensemble of regression trees as ONNX has it (`TreeEnsembleRegressor`), drawn from a seed: the logit of a chance, which depends on all columns and rises with the
 * last one, since the only decisions on that stand above the leaves and lead upwards. Where a value is absent, each decision goes its own way.
 */
export function treeModel({ columns, outputs = 1, base = -1, ...options }: TreeModelOptions): Uint8Array {
  const forest = new Forest(outputs);
  const random = new RandomStreams(options.seed).stream("trees");
  const { trees = 200, depth = 4, rise = 1.5, oddLeaf, odd } = options;
  for (let tree = 0; tree < trees; tree += 1) {
    forest.begin();
    grow(forest, random, { columns, depth, spread: 2 / trees, rise: (2 * rise) / trees });
  }
  if (oddLeaf !== undefined) forest.lastWeight(oddLeaf);
  if (odd !== undefined) {
    forest.begin();
    const place = forest.branch(odd.column, odd.above, true);
    forest.join(place, forest.leaf(0), forest.leaf(odd.logit));
  }
  return modelOf(forest.attributes(base), columns, outputs);
}

interface Growth {
  readonly columns: number;
  readonly depth: number;
  /** Width of what leaves say. */
  readonly spread: number;
  /** Most that a step up comes to. */
  readonly rise: number;
}

/** One tree from here on; the place of its root. */
function grow(forest: Forest, random: Xoshiro128, { columns, depth, spread, rise }: Growth): number {
  const share = columns - 1;
  if (depth <= 1) {
    const place = forest.branch(share, between(random, 0, 0.4), false);
    const value = between(random, -spread / 2, spread / 2);
    return forest.join(place, forest.leaf(value), forest.leaf(value + random.nextUnit() * rise));
  }
  const place = forest.branch(wholeNumber(random, 0, share - 1), between(random, 0, 5), happens(random, 0.5));
  const growth = { columns, depth: depth - 1, spread, rise };
  const left = grow(forest, random, growth);
  return forest.join(place, left, grow(forest, random, growth));
}

/** The nodes of an ensemble, each attribute a list over all of them. */
class Forest {
  readonly #outputs: number;
  readonly #nodes = {
    tree: [] as number[],
    id: [] as number[],
    feature: [] as number[],
    value: [] as number[],
    mode: [] as string[],
    yes: [] as number[],
    no: [] as number[],
    absentIsYes: [] as number[],
  };
  readonly #leaves = { tree: [] as number[], node: [] as number[], output: [] as number[], weight: [] as number[] };
  #tree = -1;
  #begins = 0;

  constructor(outputs: number) {
    this.#outputs = outputs;
  }

  begin(): void {
    this.#tree += 1;
    this.#begins = this.#nodes.id.length;
  }

  /** Goes to the first of what is joined to it where the column is at most the value; its place. */
  branch(column: number, value: number, absentIsYes: boolean): number {
    return this.#node("BRANCH_LEQ", column, value, absentIsYes);
  }

  leaf(weight: number): number {
    const place = this.#node("LEAF", 0, 0, false);
    for (let output = 0; output < this.#outputs; output += 1) {
      this.#leaves.tree.push(this.#tree);
      this.#leaves.node.push(place);
      this.#leaves.output.push(output);
      this.#leaves.weight.push(output === 0 ? weight : 0);
    }
    return place;
  }

  join(place: number, yes: number, no: number): number {
    this.#nodes.yes[this.#begins + place] = yes;
    this.#nodes.no[this.#begins + place] = no;
    return place;
  }

  /** What the leaf says that was made last. */
  lastWeight(weight: number): void {
    this.#leaves.weight[this.#leaves.weight.length - this.#outputs] = weight;
  }

  attributes(base: number): readonly Uint8Array[] {
    const { tree, id, feature, value, mode, yes, no, absentIsYes } = this.#nodes;
    return [
      integers("nodes_treeids", tree),
      integers("nodes_nodeids", id),
      integers("nodes_featureids", feature),
      floats("nodes_values", value),
      texts("nodes_modes", mode),
      integers("nodes_truenodeids", yes),
      integers("nodes_falsenodeids", no),
      integers("nodes_missing_value_tracks_true", absentIsYes),
      integers("target_treeids", this.#leaves.tree),
      integers("target_nodeids", this.#leaves.node),
      integers("target_ids", this.#leaves.output),
      floats("target_weights", this.#leaves.weight),
      integer("n_targets", this.#outputs),
      floats("base_values", this.#outputs === 1 ? [base] : [base, 0.1]),
    ];
  }

  #node(mode: string, column: number, value: number, absentIsYes: boolean): number {
    const place = this.#nodes.id.length - this.#begins;
    this.#nodes.tree.push(this.#tree);
    this.#nodes.id.push(place);
    this.#nodes.feature.push(column);
    this.#nodes.value.push(value);
    this.#nodes.mode.push(mode);
    this.#nodes.yes.push(0);
    this.#nodes.no.push(0);
    this.#nodes.absentIsYes.push(absentIsYes ? 1 : 0);
    return place;
  }
}

/** The numbers of fields in onnx.proto that a model of one node needs. */
const MODEL = { irVersion: 1, graph: 7, opset: 8 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, name: 2, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, opType: 4, attribute: 5, domain: 7 } as const;
const ATTRIBUTE = { name: 1, integer: 3, floats: 7, integers: 8, texts: 9, type: 20 } as const;
const VALUE = { name: 1, type: 2, tensor: 1, elementType: 1, shape: 2, dimension: 1, size: 1, symbol: 2 } as const;
const TYPE = { integer: 2, floats: 6, integers: 7, texts: 8 } as const;
const FLOAT32 = 1;

function modelOf(attributes: readonly Uint8Array[], columns: number, outputs: number): Uint8Array {
  const node = new BinaryWriter();
  text(node, NODE.input, "rows");
  text(node, NODE.output, "logit");
  text(node, NODE.opType, "TreeEnsembleRegressor");
  for (const attribute of attributes) bytes(node, NODE.attribute, attribute);
  text(node, NODE.domain, "ai.onnx.ml");
  const graph = new BinaryWriter();
  bytes(graph, GRAPH.node, node.finish());
  text(graph, GRAPH.name, "response");
  bytes(graph, GRAPH.input, matrix("rows", columns));
  bytes(graph, GRAPH.output, matrix("logit", outputs));
  const model = new BinaryWriter();
  whole(model, MODEL.irVersion, 8);
  bytes(model, MODEL.graph, graph.finish());
  for (const [domain, version] of [
    ["", 17],
    ["ai.onnx.ml", 3],
  ] as const) {
    within(model, MODEL.opset, () => {
      text(model, OPSET.domain, domain);
      whole(model, OPSET.version, version);
    });
  }
  return model.finish();
}

/** What is told of a matrix of any number of rows. */
function matrix(name: string, columns: number): Uint8Array {
  const value = new BinaryWriter();
  text(value, VALUE.name, name);
  within(value, VALUE.type, () => {
    within(value, VALUE.tensor, () => {
      whole(value, VALUE.elementType, FLOAT32);
      within(value, VALUE.shape, () => {
        within(value, VALUE.dimension, () => {
          text(value, VALUE.symbol, "n");
        });
        within(value, VALUE.dimension, () => {
          whole(value, VALUE.size, columns);
        });
      });
    });
  });
  return value.finish();
}

function integer(name: string, value: number): Uint8Array {
  return attribute(name, TYPE.integer, (writer) => {
    whole(writer, ATTRIBUTE.integer, value);
  });
}

function integers(name: string, values: readonly number[]): Uint8Array {
  return attribute(name, TYPE.integers, (writer) => {
    within(writer, ATTRIBUTE.integers, () => {
      for (const value of values) writer.int64(value);
    });
  });
}

function floats(name: string, values: readonly number[]): Uint8Array {
  return attribute(name, TYPE.floats, (writer) => {
    within(writer, ATTRIBUTE.floats, () => {
      for (const value of values) writer.float(value);
    });
  });
}

function texts(name: string, values: readonly string[]): Uint8Array {
  return attribute(name, TYPE.texts, (writer) => {
    for (const value of values) text(writer, ATTRIBUTE.texts, value);
  });
}

function attribute(name: string, type: number, write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  text(writer, ATTRIBUTE.name, name);
  write(writer);
  whole(writer, ATTRIBUTE.type, type);
  return writer.finish();
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;

function whole(writer: BinaryWriter, field: number, value: number): void {
  writer.uint32((field << 3) | VARINT).int64(value);
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).string(value);
}

function bytes(writer: BinaryWriter, field: number, value: Uint8Array): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).bytes(value);
}

function within(writer: BinaryWriter, field: number, write: () => void): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).fork();
  write();
  writer.join();
}
