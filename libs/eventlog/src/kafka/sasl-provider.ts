import type { AuthenticationProviderArgs, Authenticator } from "kafkajs";
import { LogError } from "../port.js";
import { authenticate, type Credentials } from "./scan/sasl.js";

const LENGTH_BYTES = 4;

/**
 * Has the client library speak SASL as a scan does. Left to itself, it takes a broker's word against a token for a yes and is
 * hung up on, and forgets whether the broker refused who we are or only could not be asked.
 */
export function saslProvider(credentials: Credentials): (connection: AuthenticationProviderArgs) => Authenticator {
  return ({ host, port, saslAuthenticate }) => ({
    authenticate: async () => {
      try {
        await authenticate(credentials, async (message) => {
          const answer = await saslAuthenticate({ request: { encode: () => framed(message) }, response: UNFRAMED });
          return answer ?? Buffer.alloc(0);
        });
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        throw new LogError(error.code, `broker ${host}:${port}: ${error.message}`, error.hint, { cause: error });
      }
    },
  });
}

const UNFRAMED = { decode: (answer: Buffer) => answer.subarray(LENGTH_BYTES), parse: (answer: Buffer) => answer };

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeInt32BE(message.length);
  return Buffer.concat([length, message]);
}
