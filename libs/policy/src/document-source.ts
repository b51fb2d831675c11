import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Alias,
  type Document,
  type Node,
} from "yaml";
import { offsetInDocument } from "./text-places.js";

/** One thing wrong with a document, and where. */
export interface DocumentProblem extends Refusal {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

/** A place in a document, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Largest document, bytes: what a gRPC message holds. */
export const DOCUMENT_BYTES_MAX = 4 * 1_048_576;
/** Most values in a document, those that stand for others counted each time. */
const VALUES_MAX = 200_000;
/** More problems than this are cut off: nobody reads them at once. */
export const PROBLEMS_MAX = 100;

/** A document's tree, walked value by value. */
export class DocumentSource {
  readonly root: Node | null;
  /** What each alias stands for. */
  readonly #aliased: ReadonlyMap<Alias, Node>;
  readonly #lines: LineCounter;
  readonly #text: string;
  #values = 0;

  private constructor(text: string, document: Document, lines: LineCounter) {
    this.#text = text;
    this.root = document.contents;
    this.#aliased = aliasedIn(document);
    this.#lines = lines;
  }

  /** Reads YAML 1.2, of which JSON is a part. */
  static parse(text: string): Result<DocumentSource, DocumentProblem[]> {
    const bytes = Buffer.byteLength(text);
    if (bytes > DOCUMENT_BYTES_MAX)
      return asAWhole(refusal("document_too_large", "", `${bytes} bytes`, `at most ${DOCUMENT_BYTES_MAX} bytes`));
    const lines = new LineCounter();
    const document = parsedUnlessTooDeep(text, lines);
    if (document === undefined) return asAWhole(TOO_DEEP);
    const source = new DocumentSource(text, document, lines);
    if (document.errors.length === 0) return ok(source);
    // However often the library tells that it can go no deeper, it is one thing that is wrong.
    const isDeep = document.errors.some(({ message }) => message === STACK_EXCEEDED);
    const told = isDeep
      ? document.errors.filter(({ message }) => message === STACK_EXCEEDED).slice(0, 1)
      : document.errors;
    return err(
      told
        .slice(0, PROBLEMS_MAX)
        .map(({ code, message, pos: [offset] }) => ({ ...malformed(code, message), ...source.#placeOf(offset) })),
    );
  }

  /** Where a value begins. */
  place(node: Node | null | undefined): Place {
    return this.#placeOf(node?.range?.[0] ?? 0);
  }

  /** Where a character of a text stands, of an alias in what it stands for. Where the node is no text, its beginning. */
  placeInText(node: Node | null | undefined, offset: number): Place {
    const value = isAlias(node) ? this.#aliased.get(node) : node;
    return isScalar(value) ? this.#placeOf(offsetInDocument(this.#text, value, offset)) : this.place(node);
  }

  /** The value that a node stands for; "too_many" where the document has more of them than any document needs: aliases of aliases. */
  value(node: Node | null | undefined): Node | null | "too_many" {
    this.#values += 1;
    if (this.#values > VALUES_MAX) return "too_many";
    const value = isAlias(node) ? this.#aliased.get(node) : node;
    return isMap(value) || isSeq(value) || isScalar(value) ? value : null;
  }

  #placeOf(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** What the library says of what is nested too deep for it. */
const STACK_EXCEEDED = "Maximum call stack size exceeded";

/** What is no YAML, in the library's words where they are not advice to who calls it. */
function malformed(code: string, message: string): Refusal {
  if (message === STACK_EXCEEDED) return TOO_DEEP;
  if (code === "MULTIPLE_DOCS") return refusal("document_malformed", "", "a second document", "one policy in a file");
  return refusal("document_malformed", "", message, "YAML or JSON");
}

const TOO_DEEP = refusal("document_malformed", "", "lists in lists in lists", "what a document is made of");

function asAWhole(problem: Refusal): Result<never, DocumentProblem[]> {
  return err([{ ...problem, line: 1, column: 1 }]);
}

/**
 * The library goes down into what it reads by calls: what is nested too deep for that is no document of ours. It looks for keys that stand twice by comparing each
 * with each: whoever reads the fields finds them sooner.
 */
function parsedUnlessTooDeep(text: string, lineCounter: LineCounter): Document | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, uniqueKeys: false });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** An alias stands for the last value before it that has its name. */
function aliasedIn(document: Document): ReadonlyMap<Alias, Node> {
  const named = new Map<string, Node>();
  const aliased = new Map<Alias, Node>();
  visit(document, (_, node) => {
    if (!isNode(node)) return;
    const value = isAlias(node) ? named.get(node.source) : undefined;
    if (isAlias(node) && value !== undefined) aliased.set(node, value);
    else if (!isAlias(node) && node.anchor !== undefined) named.set(node.anchor, node);
  });
  return aliased;
}
