import { enumOf, i32, optional, struct, u32, type TypeOf } from '../xdr/codec.ts';
import { domainHandle, networkHandle, text } from './shapes.ts';

/** Program numbers: each has procedures of its own. */
export const programs = {
  remote: 0x2000_8086,
  qemu: 0x2000_8087,
  keepAlive: 0x6b65_6570,
} as const;

export const protocolVersion = 1;

export const messageTypes = {
  call: 0,
  reply: 1,
  message: 2,
  stream: 3,
  callWithFds: 4,
  replyWithFds: 5,
} as const;

export const messageStatuses = { ok: 0, error: 1, continue: 2 } as const;

export const keepAliveProcedures = { ping: 1, pong: 2 } as const;

/** virNetMessageHeader: in front of every message, behind its length word. */
export const header = struct({
  program: u32,
  version: u32,
  procedure: i32,
  type: enumOf(messageTypes),
  serial: u32,
  status: enumOf(messageStatuses),
});
export type Header = TypeOf<typeof header>;

/** virNetMessageError: the payload of a reply whose status is `error`. */
export const remoteError = struct({
  code: i32,
  domain: i32,
  message: optional(text),
  level: i32,
  dom: optional(domainHandle),
  str1: optional(text),
  str2: optional(text),
  str3: optional(text),
  int1: i32,
  int2: i32,
  net: optional(networkHandle),
});
