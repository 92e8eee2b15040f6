import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuthenticationError } from '../src/index.ts';
import { authFilePaths, lookUpInAuthFile } from '../src/auth/auth-file.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'auth-file-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const content = `
# of the lab
[credentials-test]
authname = fred
password=a=b # c
; not this one
[credentials-prod]
username=bar
password=letmein
[auth-libvirt-a.example.com]
credentials=test
[auth-libvirt-default]
credentials=prod
[auth-libvirt-broken]
credentials=nobody
[auth-esx-b.example.com]
credentials=test
`;

async function lookUp(host: string): ReturnType<typeof lookUpInAuthFile> {
  const path = join(directory, 'auth.conf');
  await writeFile(path, content);
  return lookUpInAuthFile({ paths: [join(directory, 'none'), path], isNamed: false }, host);
}

describe('the auth file', () => {
  it('is looked for where libvirt looks', () => {
    const base = { authFile: null, environment: {}, homeDirectory: '/home/me' };
    const usual = ['/home/me/.config/libvirt/auth.conf', '/etc/libvirt/auth.conf'];
    expect(authFilePaths(base)).toEqual({ paths: usual, isNamed: false });
    const named = { ...base, environment: { LIBVIRT_AUTH_FILE: '/env' } };
    expect(authFilePaths(named)).toEqual({ paths: ['/env'], isNamed: true });
    expect(authFilePaths({ ...named, authFile: '/uri' }).paths).toEqual(['/uri']);
    const moved = { ...base, environment: { XDG_CONFIG_HOME: '/config' } };
    expect(authFilePaths(moved).paths[0]).toBe('/config/libvirt/auth.conf');
  });

  it('knows a server by its name, and the others by default', async () => {
    expect(await lookUp('a.example.com')).toEqual({ username: 'fred', password: 'a=b # c' });
    expect(await lookUp('b.example.com')).toEqual({ username: 'bar', password: 'letmein' });
  });

  it('says which of its sections leads nowhere, and nothing of what they hold', async () => {
    const looking = lookUp('broken');
    await expect(looking).rejects.toThrow(AuthenticationError);
    await expect(looking).rejects.toThrow('[auth-libvirt-broken]');
    await expect(looking).rejects.not.toThrow(/letmein|a=b/);
  });

  it('must be there when it was named, and only then', async () => {
    const paths = [join(directory, 'missing')];
    expect(await lookUpInAuthFile({ paths, isNamed: false }, 'host')).toBeNull();
    const looking = lookUpInAuthFile({ paths, isNamed: true }, 'host');
    await expect(looking).rejects.toThrow(`${paths[0]} cannot be read`);
  });
});
