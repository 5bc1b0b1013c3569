import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Certificate and key as PEM, and the files that they are in. */
interface Pair {
  cert: string;
  key: string;
  certFile: string;
  keyFile: string;
}

/** An authority of a test's own, with a certificate for servers of this machine and one for who logs in to them. */
export interface Certificates {
  ca: string;
  caFile: string;
  server: Pair;
  client: Pair;
}

/** Made by openssl, valid for a day. */
export function makeCertificates(folder: string): Certificates {
  const caKey = join(folder, "ca.key");
  const caFile = join(folder, "ca.pem");
  openssl("req", "-x509", ...NEW_KEY, "-days", "1", "-subj", "/CN=test authority", "-keyout", caKey, "-out", caFile);
  const signed = (name: string, extensions: string): Pair => {
    const [keyFile, request, certFile] = [`${name}.key`, `${name}.csr`, `${name}.pem`].map((file) =>
      join(folder, file),
    );
    const extensionsFile = join(folder, `${name}.ext`);
    writeFileSync(extensionsFile, extensions);
    openssl("req", ...NEW_KEY, "-subj", `/CN=${name}`, "-keyout", keyFile as string, "-out", request as string);
    const by = ["-CA", caFile, "-CAkey", caKey, "-CAcreateserial", "-days", "1", "-extfile", extensionsFile];
    openssl("x509", "-req", "-in", request as string, ...by, "-out", certFile as string);
    return {
      cert: readFileSync(certFile as string, "utf8"),
      key: readFileSync(keyFile as string, "utf8"),
      certFile: certFile as string,
      keyFile: keyFile as string,
    };
  };
  return {
    ca: readFileSync(caFile, "utf8"),
    caFile,
    server: signed("server", "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n"),
    client: signed("client", "extendedKeyUsage=clientAuth\n"),
  };
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}
