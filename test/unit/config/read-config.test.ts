import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import type { Config } from '../../../src/config/index.ts';
import {
  ConfigError,
  configJsonSchema,
  credentialsOf,
  findHost,
  readConfig,
  readSecret,
} from '../../../src/config/index.ts';

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'virtstate-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

function read(content: unknown, directory = scratch()): Config {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(directory, 'virtstate.config.json'), text);
  return readConfig({
    named: undefined,
    environment: {},
    homeDirectory: directory,
    workingDirectory: directory,
  });
}

const hosts = {
  hostA: { uri: 'qemu+tcp://10.0.0.1/system', peerUri: 'qemu+tls://a.example/system' },
  hostB: { uri: 'qemu+tls://b.example/system' },
};

test('without a file everything has its usual value', () => {
  const directory = scratch();
  const place = { named: undefined, environment: {}, homeDirectory: directory };
  const config = readConfig({ ...place, workingDirectory: directory });
  expect(config).toMatchObject({ path: null, hosts: {}, serve: { host: '127.0.0.1', tokens: [] } });
});

test('paths are seen from the directory of the file', () => {
  const directory = scratch();
  const password = { file: 'password' };
  const config = read(
    {
      store: 'runs.db',
      hosts: { a: { uri: 'qemu+tcp://a/system', credentials: { username: 'u', password } } },
      serve: {
        tls: { certificate: 'c.pem', key: '/k.pem' },
        tokens: [{ name: 't', role: 'read', secret: { file: 'token' } }],
      },
    },
    directory,
  );
  expect(config.store).toBe(join(directory, 'runs.db'));
  expect(config.hosts['a']?.credentials?.password).toEqual({ file: join(directory, 'password') });
  expect(config.serve.tls).toEqual({ certificate: join(directory, 'c.pem'), key: '/k.pem' });
  expect(config.serve.tokens[0]?.secret).toEqual({ file: join(directory, 'token') });
});

test.each([
  ['{', /is no JSON/],
  [{ hots: {} }, /: hots is not known; did you mean hosts\? There is .*hosts/],
  [{ serve: { prot: 1 } }, /: serve\.prot is not known; did you mean port\?/],
  [{ hosts: { a: { url: 'x' } } }, /hosts\.a/],
  [{ hosts: { a: { uri: 'hostA' } } }, /: hosts\.a\.uri: "hostA" is no connection URI/],
  [{ hosts: { a: { uri: 'qemu+tcp://u:hunter2@a/system' } } }, /must not hold a password/],
  [{ limits: { perHost: 0 } }, /: limits\.perHost: /],
  [{ serve: { tokens: [{ name: 't', role: 'read', secret: 'hunter2' }] } }, /secret: must be/],
  [{ serve: { tokens: [{ name: 't', role: 'root', secret: { env: 'T' } }] } }, /tokens\.0\.role/],
])('%j is told with the field that is wrong', (content, message) => {
  expect(() => read(content)).toThrow(ConfigError);
  expect(() => read(content)).toThrow(message);
  expect(() => read(content)).not.toThrow(/hunter2/);
});

test('a name leads to its host, and another one to the nearest', () => {
  const config = read({ hosts });
  expect(findHost(config, 'hostA')).toEqual({
    known: true,
    uri: 'qemu+tcp://10.0.0.1/system',
    peerUri: 'qemu+tls://a.example/system',
  });
  const other = findHost(config, 'hotsB');
  expect(other).toMatchObject({ reason: expect.stringContaining('did you mean hostB?') });
  expect(findHost(config, 'constructor')).toMatchObject({ known: false });
});

test('secrets are read where they are kept, and never told', () => {
  const directory = scratch();
  writeFileSync(join(directory, 'secret'), 'hunter2\n');
  writeFileSync(join(directory, 'empty'), '\n');
  expect(readSecret({ file: join(directory, 'secret') }, 'f', {})).toBe('hunter2');
  expect(readSecret({ env: 'T' }, 'f', { T: 'hunter3' })).toBe('hunter3');
  expect(() => readSecret({ env: 'T' }, 'f', {})).toThrow(/f: there is nothing in .* T/);
  expect(() => readSecret({ file: join(directory, 'empty') }, 'f', {})).toThrow(/there is nothing/);
  expect(() => readSecret({ file: join(directory, 'none') }, 'f', {})).toThrow(/f: ENOENT/);
});

test('credentials belong to the URI of their host', async () => {
  const password = { env: 'PASSWORD' };
  const [a, b] = ['qemu+tcp://a/system', 'qemu+tcp://b/system'];
  const config = read({
    hosts: { a: { uri: a, credentials: { username: 'u', password } }, b: { uri: b } },
  });
  const found = credentialsOf(config, { PASSWORD: 'hunter2' }, a);
  expect(await found?.()).toEqual({ username: 'u', password: 'hunter2' });
  expect(credentialsOf(config, {}, b)).toBeNull();
  await expect(credentialsOf(config, {}, a)?.()).rejects.toThrow(/hosts\.a\.credentials\.password/);
});

const root = join(import.meta.dirname, '..', '..', '..');

test('the published JSON Schema is that of the file: npm run config-schema writes it', () => {
  const published = readFileSync(join(root, 'virtstate.config.schema.json'), 'utf8');
  expect(published).toBe(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
});

test('the example of docs/config.md fits', () => {
  const page = readFileSync(join(root, 'docs/config.md'), 'utf8');
  const [, example = ''] = /```json\n([^`]*)```/.exec(page) ?? [];
  const config = read(example);
  expect(Object.keys(config.hosts)).toEqual(['hostA', 'hostB']);
  expect(config.serve.tokens).toHaveLength(2);
});

test('the JSON Schema describes every part of the file', () => {
  const schema = JSON.stringify(configJsonSchema());
  for (const field of ['store', 'hosts', 'limits', 'defaults', 'serve', 'tokens', 'credentials'])
    expect(schema).toContain(`"${field}"`);
});
