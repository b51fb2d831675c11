export { type CallEnd, type CallHooks } from "./guarded-call.js";
export {
  type CallContext,
  defineService,
  type Handler,
  type Handlers,
  type Outgoing,
  type RpcService,
  type SideBySides,
} from "./handlers.js";
export { hasHopped, hopMetadata, HOPS_KEY, isTraceparent, traceparentOf } from "./hops.js";
export { type CallableMethod, type KeptCallOptions, KeptChannel, KeptChannels } from "./kept-channels.js";
export {
  callUnary,
  type ClientClass,
  connect,
  failureOf,
  passedOn,
  type RpcFailure,
  type UnaryMethod,
} from "./rpc-client.js";
export {
  callerGone,
  EXPECTED_KEY,
  FIELD_KEY,
  invalidArgument,
  REASON_KEY,
  refuse,
  type RpcCode,
  type RpcRefusal,
  unimplemented,
} from "./rpc-refusal.js";
export {
  DRAIN_MAX_MS,
  MESSAGE_BYTES_MAX,
  type RpcServer,
  type RpcServerOptions,
  startRpcServer,
} from "./rpc-server.js";
export { TIMER_MAX_MS } from "./timeout-header.js";
