import { EncodeError, ProtocolError } from '../errors.ts';
import type { XdrReader } from './reader.ts';
import type { XdrWriter } from './writer.ts';

/** One shape on the wire: how to write a value and how to read it back. A layout is a value built from these. */
export interface Codec<T> {
  encode(writer: XdrWriter, value: T): void;
  decode(reader: XdrReader): T;
}

/** The TypeScript type that a declared layout stands for. */
export type TypeOf<C> = C extends Codec<infer T> ? T : never;

type Fields = Readonly<Record<string, Codec<unknown>>>;
type StructOf<F extends Fields> = { -readonly [K in keyof F]: TypeOf<F[K]> };
type Arms = Readonly<Record<number, Codec<unknown>>>;
type UnionOf<A extends Arms> = { [K in keyof A]: { type: K; value: TypeOf<A[K]> } }[keyof A];

export const i32: Codec<number> = {
  encode: (writer, value) => writer.i32(value),
  decode: (reader) => reader.i32(),
};

export const u32: Codec<number> = {
  encode: (writer, value) => writer.u32(value),
  decode: (reader) => reader.u32(),
};

export const i64: Codec<bigint> = {
  encode: (writer, value) => writer.i64(value),
  decode: (reader) => reader.i64(),
};

export const u64: Codec<bigint> = {
  encode: (writer, value) => writer.u64(value),
  decode: (reader) => reader.u64(),
};

export const double: Codec<number> = {
  encode: (writer, value) => writer.double(value),
  decode: (reader) => reader.double(),
};

/** libvirt's `int` used as a truth value: anything but 0 is true. */
export const flag: Codec<boolean> = {
  encode: (writer, value) => writer.i32(value ? 1 : 0),
  decode: (reader) => reader.i32() !== 0,
};

/** No bytes at all: the arguments or the result of a procedure that has none. */
export const nothing: Codec<void> = {
  encode: () => undefined,
  decode: () => undefined,
};

export function string(maxBytes: number): Codec<string> {
  return {
    encode: (writer, value) => writer.string(value, maxBytes),
    decode: (reader) => reader.string(maxBytes),
  };
}

export function opaque(maxBytes: number): Codec<Uint8Array> {
  return {
    encode: (writer, value) => writer.opaque(value, maxBytes),
    decode: (reader) => reader.opaque(maxBytes),
  };
}

export function opaqueFixed(sizeBytes: number): Codec<Uint8Array> {
  return {
    encode: (writer, value) => writer.opaqueFixed(value, sizeBytes),
    decode: (reader) => reader.opaqueFixed(sizeBytes),
  };
}

/** One of the listed numbers; any other is a protocol error. */
export function enumOf<const E extends Readonly<Record<string, number>>>(
  members: E,
): Codec<E[keyof E]> {
  const known: ReadonlySet<number> = new Set(Object.values(members));
  const isMember = (value: number): value is E[keyof E] => known.has(value);
  return {
    encode: (writer, value) => writer.i32(value),
    decode(reader) {
      const value = reader.i32();
      if (!isMember(value))
        throw new ProtocolError(`${value} is none of ${Object.keys(members).join(', ')}`);
      return value;
    },
  };
}

/** XDR's pointer: a truth value, then the thing itself when it is there. */
export function optional<T>(inner: Codec<T>): Codec<T | null> {
  return {
    encode(writer, value) {
      writer.u32(value === null ? 0 : 1);
      if (value !== null) inner.encode(writer, value);
    },
    decode: (reader) => (reader.length(1, 'optional') === 0 ? null : inner.decode(reader)),
  };
}

/** Grows with what arrives, never to what the count announces. */
export function array<T>(element: Codec<T>, max: number): Codec<T[]> {
  return {
    encode(writer, values) {
      writer.length(values.length, max, 'array');
      for (const value of values) element.encode(writer, value);
    },
    decode(reader) {
      const length = reader.length(max, 'array');
      const values: T[] = [];
      for (let index = 0; index < length; index += 1) values.push(element.decode(reader));
      return values;
    },
  };
}

/** XDR's `char name[n]`: four bytes for every character, as rpcgen writes it; reads up to the first NUL. */
export function charVector(count: number): Codec<string> {
  return {
    encode(writer, value) {
      const bytes = Buffer.from(value);
      if (bytes.length >= count)
        throw new EncodeError(`${bytes.length} characters where ${count - 1} fit`);
      for (let index = 0; index < count; index += 1) writer.i32(bytes[index] ?? 0);
    },
    decode(reader) {
      const bytes: number[] = [];
      for (let index = 0; index < count; index += 1) bytes.push(reader.i32() & 0xff);
      const end = bytes.indexOf(0);
      return Buffer.from(end === -1 ? bytes : bytes.slice(0, end)).toString('utf8');
    },
  };
}

/** Fields one after another, in the order they are declared in. */
export function struct<const F extends Fields>(fields: F): Codec<StructOf<F>> {
  const compiled = compile(fields);
  return {
    encode(writer, value) {
      for (const { name, codec } of compiled) codec.encode(writer, value[name]);
    },
    decode(reader) {
      const value: Partial<StructOf<F>> = {};
      for (const { name, codec } of compiled) value[name] = codec.decode(reader);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the loop filled every field of F
      return value as StructOf<F>;
    },
  };
}

function compile<F extends Fields>(
  fields: F,
): { name: keyof F; codec: Codec<StructOf<F>[keyof F]> }[] {
  return Object.entries(fields).map(([name, codec]) => ({
    name,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- entries lose which codec belongs to which name
    codec: codec as Codec<StructOf<F>[keyof F]>,
  }));
}

/** A number that says which of the arms follows. */
export function union<const A extends Arms>(arms: A): Codec<UnionOf<A>> {
  const byType: ReadonlyMap<number, Codec<unknown>> = new Map(
    Object.entries(arms).map(([type, codec]) => [Number(type), codec]),
  );
  return {
    encode(writer, { type, value }) {
      const arm = byType.get(Number(type));
      if (arm === undefined) throw new EncodeError(`no union arm ${String(type)}`);
      writer.i32(Number(type));
      arm.encode(writer, value);
    },
    decode(reader) {
      const type = reader.i32();
      const arm = byType.get(type);
      if (arm === undefined) throw new ProtocolError(`no union arm ${type}`);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the arm was chosen by this very type
      return { type, value: arm.decode(reader) } as UnionOf<A>;
    },
  };
}
