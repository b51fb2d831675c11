import http2 from "node:http2";

/** How a call ended, with the messages of its answer as they came. */
export interface RawAnswer {
  readonly status: string;
  readonly reason: string;
  readonly messages: readonly Buffer[];
}

/** One gRPC call with bytes and headers of our own: what no generated client would send. */
export async function rawCall(
  port: number,
  path: string,
  messages: readonly Uint8Array[],
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  try {
    return await callOn(session, path, messages, headers);
  } finally {
    session.destroy();
  }
}

function callOn(
  session: http2.ClientHttp2Session,
  path: string,
  messages: readonly Uint8Array[],
  headers: Readonly<Record<string, string>>,
): Promise<RawAnswer> {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.setTimeout(15_000, () => {
    stream.destroy(new Error(`${path} does not answer`));
  });
  stream.end(Buffer.concat(messages.map(framed)));
  return new Promise((resolve, reject) => {
    let seen: http2.IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    session.on("error", reject);
    stream.on("error", (error: Error) => {
      // A stream that is reset under ENHANCE_YOUR_CALM is RESOURCE_EXHAUSTED to every gRPC client (gRPC over HTTP/2).
      if (error.message.includes("ENHANCE_YOUR_CALM")) resolve({ status: "8", reason: "", messages: [] });
      else reject(error);
    });
    stream.on("response", (first) => (seen = { ...seen, ...first }));
    stream.on("trailers", (last: http2.IncomingHttpHeaders) => (seen = { ...seen, ...last }));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("close", () => {
      const [status, reason] = [seen["grpc-status"], seen["leastwise-reason"]].map((part) => String(part ?? ""));
      resolve({ status: status!, reason: reason!, messages: unframed(Buffer.concat(chunks)) });
    });
  });
}

/** A message with gRPC's five bytes before it: not compressed, its length. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function unframed(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
