import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./run-command.js";

const COMMAND_WITHIN_MS = 30_000;
const DAYS = "2";
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A certificate and its private key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Signs certificates that are good for two days, and that nobody else believes. Its files stand in the folder. */
export class CertificateAuthority {
  /** Its own certificate, PEM. */
  readonly cert: string;
  readonly #folder: string;

  private constructor(folder: string, cert: string) {
    this.#folder = folder;
    this.cert = cert;
  }

  /** Rejects, in words, where there is no openssl. */
  static async make(folder: string, name: string): Promise<CertificateAuthority> {
    mkdirSync(folder, { recursive: true });
    const [key, cert] = [join(folder, "ca.key"), join(folder, "ca.pem")];
    await openssl("req", "-x509", ...NEW_KEY, "-days", DAYS, "-subj", `/CN=${name}`, "-keyout", key, "-out", cert);
    return new CertificateAuthority(folder, readFileSync(cert, "utf8"));
  }

  /** A certificate for a client, or a server on this machine, of that common name. */
  async sign(commonName: string): Promise<Certificate> {
    const [key, request, cert, extensions] = ["key", "csr", "pem", "ext"].map((end) =>
      join(this.#folder, `${commonName}.${end}`),
    ) as [string, string, string, string];
    writeFileSync(extensions, "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
    await openssl("req", ...NEW_KEY, "-subj", `/CN=${commonName}`, "-keyout", key, "-out", request);
    const by = ["-CA", join(this.#folder, "ca.pem"), "-CAkey", join(this.#folder, "ca.key"), "-CAcreateserial"];
    await openssl("x509", "-req", ...by, "-days", DAYS, "-extfile", extensions, "-in", request, "-out", cert);
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  }
}

async function openssl(...args: string[]): Promise<void> {
  const { succeeded, output } = await runCommand("openssl", args, COMMAND_WITHIN_MS);
  if (succeeded) return;
  throw new Error(`making certificates needs openssl: ${output === "" ? "it was not found" : output.slice(-500)}`);
}
