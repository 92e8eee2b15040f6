import type { FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

import type { ServiceParts, ServiceToken } from './parts.ts';
import { Problem } from './problem.ts';
import type { Role } from './route.ts';

/** Who asks; `null`: nobody has to say. */
export type Caller = { readonly name: string; readonly role: Role } | null;

/** An address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1' || host === '[::1]') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/**
 * Decides by the headers of a request, before its body is read.
 *
 * @throws Problem 401, 403, 415, 421
 */
export class Gate {
  readonly #tokens: readonly (ServiceToken & { readonly digest: Buffer })[];
  readonly #scheme: 'http' | 'https';

  constructor({ tls, tokens }: Pick<ServiceParts, 'tls' | 'tokens'>) {
    this.#scheme = tls === null ? 'http' : 'https';
    this.#tokens = tokens.map((token) => ({ ...token, digest: digestOf(token.secret) }));
  }

  /** @param wanted `open`: nobody has to say who they are */
  admit(request: FastifyRequest, wanted: Role | 'open'): Caller {
    // A link from anywhere leads to the page; what it shows it asks for itself.
    const isLink = wanted === 'open' && request.headers['sec-fetch-mode'] === 'navigate';
    this.#refuseForeignPages(request, isLink);
    if (wanted === 'open' || this.#tokens.length === 0) return null;
    const caller = this.#callerOf(request.headers.authorization);
    if (caller === null) throw notAuthenticated();
    if (wanted === 'operate' && caller.role !== 'operate')
      throw new Problem({
        status: 403,
        code: 'role',
        detail: 'this token may only look: what changes something takes one with the role operate',
      });
    return caller;
  }

  /** Every token is compared, and all of it: how long it takes tells nothing. */
  #callerOf(authorization: string | undefined): Caller {
    const given = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(authorization ?? '')?.[1];
    const digest = digestOf(given ?? '');
    let caller: Caller = null;
    for (const token of this.#tokens)
      if (timingSafeEqual(digest, token.digest) && given !== undefined) caller = token;
    return caller;
  }

  /** A page of another origin that a browser has open: there are no cookies, but there is loopback. */
  #refuseForeignPages({ headers }: FastifyRequest, isLink: boolean): void {
    const { host = '', origin } = headers;
    if (this.#tokens.length === 0 && !isLoopback(hostNameOf(host)))
      throw new Problem({
        status: 421,
        code: 'host',
        detail: 'this service answers to localhost only, by whatever name it was reached',
      });
    const isForeign =
      (headers['sec-fetch-site'] === 'cross-site' && !isLink) ||
      (origin !== undefined && origin.toLowerCase() !== `${this.#scheme}://${host.toLowerCase()}`);
    if (isForeign)
      throw new Problem({
        status: 403,
        code: 'origin',
        detail: 'requests of pages of another origin are not taken',
      });
  }
}

/** @throws Problem 415: what a plain form of a page can send is not taken */
export function refuseForms({ headers }: FastifyRequest): void {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  throw new Problem({
    status: 415,
    code: 'mediaType',
    detail: 'the body must be JSON, with Content-Type: application/json',
  });
}

function notAuthenticated(): Problem {
  return new Problem({
    status: 401,
    code: 'token',
    detail: 'this takes a token that the service knows, in the header Authorization: Bearer TOKEN',
    headers: { 'www-authenticate': 'Bearer realm="virtstate"' },
  });
}

function hostNameOf(host: string): string {
  return host.replace(/:[0-9]*$/, '').toLowerCase();
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
