import type { LogErrorCode } from "../port.js";

/** Why nothing comes of asking again: somebody is not believed, or may not do what was tried. */
export interface Refusal {
  readonly code: Extract<LogErrorCode, "unauthenticated" | "not_allowed">;
  /** What to do, and by which settings. */
  readonly advice: string;
}

const RENEW = "renew the broker's certificate, or set this machine's clock right";
const AUTHORITY =
  "the authority that signed the broker's certificate is not believed: name its certificate in log.tls_ca_file";
const OUR_CERTIFICATE =
  "the broker does not take our certificate, or wants one: see log.tls_certificate_file and log.tls_key_file";
const NO_TLS = "this listener does not speak TLS: set log.tls to false, or name another port in log.brokers";
const TLS_VERSION = "broker and client share no version of TLS, or no cipher: see the broker's ssl.enabled.protocols";
const NAME = "log.brokers, and the broker's advertised.listeners, must have a name that its certificate is for";

export const PASSWORD_ADVICE = "see log.sasl_user and log.sasl_password (or log.sasl_password_file)";
export const TOKEN_ADVICE = "see log.sasl_token_url, log.sasl_scope, log.sasl_user and log.sasl_password";
export const MECHANISM_ADVICE = "set log.sasl_mechanism to one that this listener takes";
const NO_SASL =
  "this listener asks nobody who they are: set log.sasl_mechanism to none, or name another port in log.brokers";
const ACLS = "`leastwise topics acls` prints what a service must be allowed";

/** By the names of the protocol's errors, and the codes of Node's TLS. What a restart of a broker can show, too, is not here. */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ...unauthenticated(
    AUTHORITY,
    "SELF_SIGNED_CERT_IN_CHAIN",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "CERT_SIGNATURE_FAILURE",
    "CERT_UNTRUSTED",
    "CERT_REJECTED",
    "CERT_REVOKED",
    "INVALID_CA",
    "INVALID_PURPOSE",
    "CERT_CHAIN_TOO_LONG",
  ),
  ...unauthenticated(RENEW, "CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"),
  ...unauthenticated(NAME, "ERR_TLS_CERT_ALTNAME_INVALID", "HOSTNAME_MISMATCH"),
  ...unauthenticated(
    OUR_CERTIFICATE,
    "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
    "ERR_SSL_SSLV3_ALERT_NO_CERTIFICATE",
    "ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED",
    "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
    "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED",
    "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
  ),
  ...unauthenticated(NO_TLS, "ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"),
  ...unauthenticated(
    TLS_VERSION,
    "ERR_SSL_UNSUPPORTED_PROTOCOL",
    "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
    "ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY",
    "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
  ),
  ...unauthenticated(PASSWORD_ADVICE, "SASL_AUTHENTICATION_FAILED"),
  ...unauthenticated(MECHANISM_ADVICE, "UNSUPPORTED_SASL_MECHANISM"),
  ...unauthenticated(NO_SASL, "ILLEGAL_SASL_STATE"),
  ...[
    "TOPIC_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "CLUSTER_AUTHORIZATION_FAILED",
    "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
  ].map((name): [string, Refusal] => [name, { code: "not_allowed", advice: ACLS }]),
]);

/** What an error of that name refuses, and what to do; undefined for one that refuses nobody. */
export function refusalNamed(name: string): Refusal | undefined {
  return REFUSALS.get(name);
}

function unauthenticated(advice: string, ...names: readonly string[]): [string, Refusal][] {
  return names.map((name) => [name, { code: "unauthenticated", advice }]);
}
