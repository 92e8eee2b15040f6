/** What stands for a secret wherever somebody may read it. */
export const hidden = '***';

/**
 * Texts that give a secret away by their form, each with the secret as its first group: attributes of
 * domain XML (graphics, storage), libvirt's `<secret>` values, parameters of URIs and lines of an
 * authfile, and the password in a URI's authority.
 */
const forms: readonly RegExp[] = [
  /\bpasswd\s*=\s*"([^"]+)"/gi,
  /\bpasswd\s*=\s*'([^']+)'/gi,
  /<secret\b[^>]*>([^<]+)<\/secret>/gi,
  /\b(?:password|passphrase|authfile)\s*=\s*([^\s&;,"'<>]+)/gi,
  /:\/\/[^\s/@:]*:([^\s/@]+)@/g,
];

/** Most texts have nothing of the kind; a look at them has to be cheap. */
const mayHold = /pass|secret|authfile|:\/\/[^/]*@/i;

/** A value shorter than that stands in every other text by chance. */
const lengthMin = 4;

/** The secrets that a text gives away by their form. */
export function secretsIn(text: string): string[] {
  if (!mayHold.test(text)) return [];
  return forms.flatMap((form) => [...text.matchAll(form)].map(([, secret = '']) => secret));
}

/** The text without what its form gives away, and without the secrets that are known. */
export function redactText(text: string, known: Iterable<string>): string {
  let redacted = text;
  for (const secret of known)
    if (secret.length >= lengthMin) redacted = redacted.replaceAll(secret, hidden);
  if (!mayHold.test(redacted)) return redacted;
  for (const form of forms)
    redacted = redacted.replaceAll(form, (whole: string, secret: string) =>
      whole.replace(secret, hidden),
    );
  return redacted;
}

/** Every text in a value of JSON replaced; the same value where nothing had to be. */
export function mapTexts<Value>(value: Value, map: (text: string) => string): Value;
export function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return mapArray(value, map);
  return isFields(value) ? mapFields(value, map) : value;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: object): value is Fields {
  return !Array.isArray(value);
}

function mapArray(values: readonly unknown[], map: (text: string) => string): readonly unknown[] {
  let copy: unknown[] | null = null;
  for (const [at, value] of values.entries()) {
    const mapped = mapTexts(value, map);
    if (mapped !== value) (copy ??= [...values])[at] = mapped;
  }
  return copy ?? values;
}

function mapFields(value: Fields, map: (text: string) => string): Fields {
  let copy: Record<string, unknown> | null = null;
  // All that goes through the engine goes through here: lists of keys or pairs would cost twice as much.
  for (const key in value) {
    const part = value[key];
    const mapped = mapTexts(part, map);
    if (mapped !== part) (copy ??= { ...value })[key] = mapped;
  }
  return copy ?? value;
}
