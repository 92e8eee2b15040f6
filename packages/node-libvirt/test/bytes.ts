/**
 * XDR by hand, apart from the package's own writer, so that a test does not agree with the code it tests.
 * Numbers as RFC 4506 has them: big-endian, everything padded to four bytes.
 */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
}

export function str(text: string): Buffer {
  return opaque(Buffer.from(text));
}

export function opaque(data: Uint8Array): Buffer {
  return Buffer.concat([u32(data.length), data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}

export function present(inner: Buffer): Buffer {
  return Buffer.concat([u32(1), inner]);
}

export const absent = u32(0);

export const sampleUuid = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

/** remote_nonnull_domain. */
export function domain(name: string, uuid: string = sampleUuid, id = 7): Buffer {
  return Buffer.concat([str(name), Buffer.from(uuid.replaceAll('-', ''), 'hex'), u32(id)]);
}

export interface MessageFields {
  program?: number;
  version?: number;
  procedure: number;
  type: number;
  serial: number;
  status?: number;
}

export const remoteProgram = 0x2000_8086;
export const qemuProgram = 0x2000_8087;
export const keepAliveProgram = 0x6b65_6570;

/** A whole message: length word, virNetMessageHeader, payload. */
export function message(fields: MessageFields, payload: Buffer = Buffer.alloc(0)): Buffer {
  const { program = remoteProgram, version = 1, procedure, type, serial, status = 0 } = fields;
  const header = [program, version, procedure, type, serial, status].map(u32);
  return Buffer.concat([u32(28 + payload.length), ...header, payload]);
}

/** virNetMessageError with a domain, so that every optional part of the layout is seen. */
export function errorPayload(code: number, text: string): Buffer {
  const start = [u32(code), u32(10), present(str(text)), u32(2)];
  const network = Buffer.concat([str('default'), Buffer.alloc(16)]);
  const rest = [present(domain('guest')), present(str('a')), absent, absent, u32(0), u32(0)];
  return Buffer.concat([...start, ...rest, present(network)]);
}

/** Cuts bytes into pieces of one size. */
export function pieces(bytes: Buffer, sizeBytes: number): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += sizeBytes) cut.push(bytes.subarray(at, at + sizeBytes));
  return cut;
}
