import { describe, expect, it } from "@jest/globals";
import { LogError } from "../port.js";
import { sayKafkaFailure } from "./kafka-failure.js";

/** As the client library wraps what a socket said: the code is some causes deep. */
function connectionError(message: string, code: string): Error {
  const inner = Object.assign(new Error(`Connection error: ${message}`), { code, retriable: true });
  return new Error(inner.message, { cause: inner });
}

describe("what a failure of the client library means", () => {
  it.each([
    ["SELF_SIGNED_CERT_IN_CHAIN", "log.tls_ca_file"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "log.tls_ca_file"],
    ["CERT_HAS_EXPIRED", "renew the broker's certificate"],
    ["CERT_NOT_YET_VALID", "clock"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "log.brokers"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "log.tls_certificate_file"],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "log.tls_certificate_file"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "set log.tls to false"],
  ])("is that nothing comes of trying again, by %s, and what to do", (code, advice) => {
    const failure = sayKafkaFailure("opening the log", connectionError("some words", code));
    expect(failure).toMatchObject({ code: "unauthenticated", hint: "terminal" });
    expect(failure.message).toMatch(/^opening the log: Connection error: some words; /);
    expect(failure.message).toContain(advice);
  });

  it.each(["TOPIC", "GROUP", "CLUSTER", "TRANSACTIONAL_ID"])("is that an ACL is missing, of kind %s", (what) => {
    const refused = Object.assign(new Error("not authorized"), { type: `${what}_AUTHORIZATION_FAILED` });
    const failure = sayKafkaFailure("appending", refused);
    expect(failure).toMatchObject({ code: "not_allowed", hint: "terminal" });
    expect(failure.message).toBe(
      "appending: not authorized; `leastwise topics acls` prints what a service must be allowed",
    );
  });

  it.each(["ECONNREFUSED", "ECONNRESET", "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC"])(
    "is that it may pass, by %s",
    (code) => {
      const failure = sayKafkaFailure("opening the log", connectionError("some words", code));
      expect(failure).toMatchObject({ code: "log_unavailable", hint: "retry" });
    },
  );

  it("says once what to do, however often it is told on", () => {
    const first = sayKafkaFailure("asking", connectionError("some words", "CERT_HAS_EXPIRED"));
    const wrapped = new Error(first.message, { cause: first });
    expect(sayKafkaFailure("opening", wrapped).message.match(/renew/g)).toHaveLength(1);
    expect(sayKafkaFailure("opening", first)).toBeInstanceOf(LogError);
  });

  it("leaves out where OpenSSL's source says it", () => {
    const words =
      "801C:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate:../deps/rec.c:1605:alert 42";
    const failure = sayKafkaFailure("opening", connectionError(words, "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE"));
    expect(failure.message).toMatch(/^opening: Connection error: sslv3 alert bad certificate; the broker/);
  });
});
