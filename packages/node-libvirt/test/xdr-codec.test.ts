import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EncodeError, ProtocolError } from '../src/errors.ts';
import { header, limits } from '../src/protocol/index.ts';
import { domainHandle, typedParam } from '../src/protocol/shapes.ts';
import {
  array,
  charVector,
  double,
  enumOf,
  flag,
  i32,
  i64,
  opaque,
  opaqueFixed,
  optional,
  string,
  struct,
  u32,
  u64,
  union,
  type Codec,
} from '../src/xdr/codec.ts';
import { XdrReader } from '../src/xdr/reader.ts';
import { XdrWriter } from '../src/xdr/writer.ts';
import * as bytes from './bytes.ts';

function encode<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter(limits.messageBytes);
  codec.encode(writer, value);
  return writer.finish();
}

function decode<T>(codec: Codec<T>, message: Buffer): T {
  const reader = new XdrReader(message);
  const value = codec.decode(reader);
  reader.expectEnd();
  return value;
}

describe('XDR codecs', () => {
  it.each<[string, Codec<unknown>, unknown, string]>([
    ['i32', i32, -2, 'fffffffe'],
    ['u32', u32, 0xffff_fffe, 'fffffffe'],
    ['i64', i64, -2n, 'fffffffffffffffe'],
    ['u64', u64, 2n ** 64n - 1n, 'ffffffffffffffff'],
    ['double', double, 1.5, '3ff8000000000000'],
    ['flag', flag, true, '00000001'],
    ['string', string(8), 'añ', '0000000361c3b100'],
    ['opaque', opaque(8), new Uint8Array([1, 2, 3, 4, 5]), '000000050102030405000000'],
    ['opaqueFixed', opaqueFixed(3), new Uint8Array([1, 2, 3]), '01020300'],
    ['absent optional', optional(u32), null, '00000000'],
    ['present optional', optional(u32), 9, '0000000100000009'],
    ['array', array(u32, 3), [1, 2], '000000020000000100000002'],
    ['charVector', charVector(4), 'ab', '00000061000000620000000000000000'],
    ['struct', struct({ b: u32, a: flag }), { b: 1, a: false }, '0000000100000000'],
    ['union', union({ 3: u32, 7: string(4) }), { type: 7, value: 'x' }, '000000070000000178000000'],
    ['enumOf', enumOf({ low: 0, high: 5 }), 5, '00000005'],
  ])('%s has the bytes of RFC 4506 and reads back', (_name, codec, value, hex) => {
    expect(encode(codec, value).toString('hex')).toBe(hex);
    expect(decode(codec, Buffer.from(hex, 'hex'))).toEqual(value);
  });

  it('writes a domain handle and a message header as libvirt lays them out', () => {
    const uuid = Buffer.from(bytes.sampleUuid.replaceAll('-', ''), 'hex');
    expect(encode(domainHandle, { name: 'guest', uuid, id: -1 })).toEqual(
      bytes.domain('guest', bytes.sampleUuid, -1),
    );
    const head = { program: 1, version: 2, procedure: -3, type: 2, serial: 4, status: 1 } as const;
    expect(encode(header, head).toString('hex')).toBe(
      '0000000100000002fffffffd000000020000000400000001',
    );
  });

  it('reads back every typed parameter it writes', () => {
    const value = fc.oneof(
      fc.record({ type: fc.constant(1 as const), value: fc.integer() }),
      fc.record({ type: fc.constant(2 as const), value: fc.nat(0xffff_ffff) }),
      fc.record({ type: fc.constant(3 as const), value: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n) }),
      fc.record({ type: fc.constant(4 as const), value: fc.bigInt(0n, 2n ** 64n - 1n) }),
      fc.record({ type: fc.constant(5 as const), value: fc.double({ noNaN: true }) }),
      fc.record({ type: fc.constant(6 as const), value: fc.boolean() }),
      fc.record({ type: fc.constant(7 as const), value: wellFormed() }),
    );
    fc.assert(
      fc.property(fc.record({ field: wellFormed(), value }), (param) => {
        expect(decode(typedParam, encode(typedParam, param))).toEqual(param);
      }),
    );
  });

  it.each<[string, () => unknown]>([
    ['a fraction as i32', () => encode(i32, 1.5)],
    ['a number above i32', () => encode(i32, 2 ** 31)],
    ['a negative u32', () => encode(u32, -1)],
    ['not a number', () => encode(u32, Number.NaN)],
    ['a negative u64', () => encode(u64, -1n)],
    ['an i64 out of range', () => encode(i64, 2n ** 63n)],
    ['a string above its maximum', () => encode(string(3), 'four')],
    ['a string above its maximum in UTF-8 only', () => encode(string(3), 'ñññ')],
    ['a NUL, at which C would end the string', () => encode(string(8), 'a\0b')],
    ['opaque data above its maximum', () => encode(opaque(2), new Uint8Array(3))],
    ['fixed data of another size', () => encode(opaqueFixed(16), new Uint8Array(15))],
    ['an array above its maximum', () => encode(array(u32, 1), [1, 2])],
    ['a char vector without room for its NUL', () => encode(charVector(2), 'ab')],
    ['a message above the bound', () => new XdrWriter(4).opaqueFixed(new Uint8Array(8_192), 8_192)],
  ])('refuses to write %s', (_name, write) => {
    expect(write).toThrow(EncodeError);
  });

  it.each<[string, Codec<unknown>, string]>([
    ['a number cut short', u32, '0000'],
    ['a 64-bit number cut short', u64, '00000000'],
    ['a string longer than the message', string(99), '0000000861'],
    ['a string without its padding', string(99), '0000000161'],
    ['a string above its maximum', string(3), '0000000461626364'],
    ['an array that announces more than its maximum', array(u32, 1), '0000000200000001'],
    ['an array that announces more than there is', array(u32, 9), '0000000900000001'],
    ['an optional that is neither there nor not', optional(u32), '0000000200000001'],
    ['an unknown union arm', union({ 1: u32 }), '0000000200000001'],
    ['an unknown enum member', enumOf({ only: 1 }), '00000002'],
    ['bytes behind the value', u32, '0000000100000002'],
  ])('refuses to read %s', (_name, codec, hex) => {
    expect(() => decode(codec, Buffer.from(hex, 'hex'))).toThrow(ProtocolError);
  });

  it('reads no further than the message, however much memory lies behind it', () => {
    const memory = Buffer.from('00000004616263646566', 'hex');
    expect(() => string(99).decode(new XdrReader(memory, 0, 7))).toThrow(ProtocolError);
    expect(string(99).decode(new XdrReader(memory, 0, 8))).toBe('abcd');
  });

  it('copies opaque data out of the receive buffer', () => {
    const memory = Buffer.from('0000000401020304', 'hex');
    const value = opaque(8).decode(new XdrReader(memory));
    memory.fill(0xff);
    expect([...value]).toEqual([1, 2, 3, 4]);
  });

  it('grows its buffer without losing what was written', () => {
    const text = 'x'.repeat(100_000);
    expect(decode(string(limits.stringBytes), encode(string(limits.stringBytes), text))).toBe(text);
  });
});

/** Text that survives UTF-8 and carries no NUL. */
function wellFormed(): fc.Arbitrary<string> {
  return fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0'));
}
