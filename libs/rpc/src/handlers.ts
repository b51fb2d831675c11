import type { Metadata } from "@grpc/grpc-js";
import type { Result } from "@leastwise/vocabulary";
import type { RpcRefusal } from "./rpc-refusal.js";

/** What a handler knows of its call beside the message. */
export interface CallContext {
  /** Full name of the method: `/leastwise.v1.DecisionService/Decide`. */
  readonly method: string;
  /** When the caller stops waiting, Unix milliseconds; undefined if it said nothing. */
  readonly deadlineMs: number | undefined;
  /** How long the message had been here when the handler was called, ms: one of a two-way stream may have waited behind others. */
  readonly waitedMs: number;
  /** Aborts when the caller has gone or the deadline has passed, and that of a one-way stream also when the server stops. */
  readonly signal: AbortSignal;
  /** Address of the caller, `host:port`. */
  readonly peer: string;
  /** What the caller sent along. */
  readonly metadata: Metadata;
}

/**
 * Answers one message: of a unary call the only one; of a two-way stream each, in turn, the next after this one's answer
 * has left, unless the method's messages are answered {@link SideBySide}. A refusal ends the call. A rejection is a bug: the caller gets INTERNAL and a reference to the log.
 */
export type Handler<Request, Response> = (
  request: Request,
  context: CallContext,
) => Promise<Result<Response, RpcRefusal>>;

/**
 * What a one-way stream sends. The next message is asked for when the one before has left, so that a source which makes each of what is true
 * then is never behind a slow reader. It has to end soon after the call's signal aborts: by then nobody waits for what it gives. A
 * rejection is a bug, as a handler's.
 */
export type Outgoing<Response> = AsyncIterable<Response>;

/** A generated method, as far as it matters here. Method syntax lets methods of all messages stand in one table. */
export interface MethodShape {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  requestSerialize(value: unknown): Buffer;
  requestDeserialize(bytes: Buffer): unknown;
  responseSerialize(value: unknown): Buffer;
  responseDeserialize(bytes: Buffer): unknown;
}

/** A generated service: `wire.CollectorServiceService`. */
export type ServiceShape = Readonly<Record<string, MethodShape>>;

type RequestOf<Method> = Method extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
type ResponseOf<Method> = Method extends { responseDeserialize: (bytes: Buffer) => infer Response } ? Response : never;

/** What a handler answers one message with: a message, or where only the server streams as many as it likes. */
type AnswerOf<Method> = Method extends { requestStream: false; responseStream: true }
  ? Outgoing<ResponseOf<Method>>
  : ResponseOf<Method>;

/** One handler for each method of a service. */
export type Handlers<Service> = {
  readonly [Name in keyof Service]: Handler<RequestOf<Service[Name]>, AnswerOf<Service[Name]>>;
};

/** How several messages of a two-way stream are in hand at once. Their answers leave in the order of the messages all the same. */
export interface SideBySide<Request = unknown> {
  /** Most messages in hand. */
  readonly messagesMax: number;
  /** Messages of one key are answered one after the other. */
  keyOf(request: Request): string;
}

/** What of a service's two-way streams is answered side by side; the others are answered message by message. */
export type SideBySides<Service> = {
  readonly [Name in keyof Service]?: SideBySide<RequestOf<Service[Name]>>;
};

/** A handler of some method, its messages' types forgotten; {@link defineService} has checked them. */
export interface AnyHandler {
  handle(request: unknown, context: CallContext): Promise<Result<unknown, RpcRefusal>>;
}

/** One method with its handler. */
export interface BoundMethod {
  readonly name: string;
  readonly method: MethodShape;
  readonly handler: AnyHandler["handle"];
  readonly sideBySide?: SideBySide | undefined;
}

/** A service with its handlers, ready for {@link startRpcServer}. */
export interface RpcService {
  /** Full name: `leastwise.v1.CollectorService`. */
  readonly name: string;
  readonly methods: readonly BoundMethod[];
}

/** Binds handlers to a generated service; the compiler asks for one of the right type for each method. */
export function defineService<Service extends ServiceShape>(
  definition: Service,
  handlers: Handlers<Service>,
  sideBySides: SideBySides<Service> = {},
): RpcService {
  const byName: Readonly<Record<string, AnyHandler["handle"]>> = handlers;
  const windows: Readonly<Record<string, SideBySide | undefined>> = sideBySides;
  const methods = Object.entries(definition).map(([name, method]) => {
    const handler = byName[name];
    if (handler === undefined) throw new Error(`${method.path} has no handler`);
    return { name, method, handler, sideBySide: windows[name] };
  });
  const [first] = methods;
  if (first === undefined) throw new Error("a service without methods");
  return { name: first.method.path.split("/")[1] ?? "", methods };
}
