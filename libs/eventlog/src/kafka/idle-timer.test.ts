import { createRequire } from "node:module";
import { describe, expect, it, jest } from "@jest/globals";
import { type RequestQueue, stopIdleTimers } from "./idle-timer.js";

const { prototype } = createRequire(import.meta.url)("kafkajs/src/network/requestQueue") as {
  readonly prototype: RequestQueue & { checkPendingRequests(): void };
};

/** A connection's requests, none of which may be sent yet. */
function queueOf(pending: readonly string[]) {
  const state = {
    pending,
    throttledUntil: -1,
    throttleCheckTimeoutId: null,
    canSendSocketRequestImmediately: () => false,
  };
  return Object.assign(Object.create(prototype) as typeof prototype, state);
}

describe("a connection of the client library", () => {
  it("is looked after while requests wait, and left alone while there are none", () => {
    jest.useFakeTimers();
    stopIdleTimers();
    stopIdleTimers();
    queueOf([]).checkPendingRequests();
    expect(jest.getTimerCount()).toBe(0);
    queueOf(["a request"]).checkPendingRequests();
    expect(jest.getTimerCount()).toBe(1);
    jest.useRealTimers();
  });
});
