import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** Who logs in. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export const scramMechanism = 'SCRAM-SHA-256';

/** Of RFC 7677: fewer make the password cheap to guess; many more make us work for a hostile server. */
const iterationsMin = 4_096;
const iterationsMax = 1_000_000;
const digest = 'sha256';
const digestBytes = 32;
/** "n": no channel binding; no name to act for. */
const gs2Header = 'n,,';
const derive = promisify(pbkdf2);

/** The other side of a SCRAM exchange does not keep to it, or is not who it should be. */
export class ScramFailure extends Error {
  override readonly name = 'ScramFailure';
}

/**
 * The client's side of SCRAM-SHA-256: neither side shows the password, and the server, too, proves that it knows it.
 * The password goes in as it is, without SASLprep, as libvirtd's SASL library (Cyrus) takes it.
 *
 * @see RFC 5802, RFC 7677
 */
export class ScramClient {
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | null = null;

  /** @param nonce printable, without a comma, never used before. */
  constructor({ username, password }: Credentials, nonce: string) {
    const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#password = password;
    this.#nonce = nonce;
    this.#firstBare = `n=${name},r=${nonce}`;
  }

  first(): Buffer {
    return Buffer.from(`${gs2Header}${this.#firstBare}`);
  }

  /** Answers the server's challenge. @throws ScramFailure for one that is broken, unsafe, or not meant for us. */
  async final(serverFirst: string): Promise<Buffer> {
    const { nonce, salt, iterations } = readChallenge(serverFirst);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ScramFailure('the server did not take up our nonce');
    }
    const withoutProof = `c=${Buffer.from(gs2Header).toString('base64')},r=${nonce}`;
    const signed = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const salted = await derive(this.#password, salt, iterations, digestBytes, digest);
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash(digest).update(clientKey).digest();
    const clientSignature = hmac(storedKey, signed);
    const proof = clientKey.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), signed);
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`);
  }

  /** @throws ScramFailure when the server does not know the password, and so is not the one we meant. */
  verify(serverFinal: string): void {
    const [, signature] = /^v=([A-Za-z0-9+/=]+)(?:,|$)/.exec(serverFinal) ?? [];
    if (signature === undefined || this.#serverSignature === null) {
      throw new ScramFailure('the server sent no signature');
    }
    const theirs = Buffer.from(signature, 'base64');
    const ours = this.#serverSignature;
    if (theirs.length !== ours.length || !timingSafeEqual(theirs, ours)) {
      throw new ScramFailure(
        'the server does not know the password: it is not the one it claims to be',
      );
    }
  }
}

function readChallenge(text: string): { nonce: string; salt: Buffer; iterations: number } {
  const [, nonce, salt, count] =
    /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})(?:,|$)/.exec(text) ?? [];
  if (nonce === undefined || salt === undefined || count === undefined) {
    throw new ScramFailure('the server sent a challenge that is not of SCRAM');
  }
  const iterations = Number(count);
  if (iterations < iterationsMin || iterations > iterationsMax) {
    throw new ScramFailure(
      `the server asks for ${iterations} iterations, outside ${iterationsMin}..${iterationsMax}`,
    );
  }
  return { nonce, salt: Buffer.from(salt, 'base64'), iterations };
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac(digest, key).update(text).digest();
}
