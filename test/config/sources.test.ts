import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveSource } from '../../src/config/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'sources-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const place = 'p.yaml:2:3';
const inVariable = (value?: string) =>
  resolveSource({ name: 'shop', url: { env: 'SHOP_URL' }, place }, (name) =>
    name === 'SHOP_URL' ? value : undefined,
  );

describe('a source', () => {
  it.each([
    ['postgres://shop.example/db', 'postgres'],
    ['postgresql://a:b@one:5432,two:5433/db', 'postgres'],
    ['mysql://a:b@shop.example:3306/db', 'mysql'],
    ['mariadb://a:b@shop.example/db', 'mysql'],
    ['https://www.example/', 'http'],
    ['http://127.0.0.1:8000', 'http'],
    ['http://web:8000', 'http'],
  ])('%s is of the kind %s', (url, kind) => {
    const source = inVariable(url);
    expect(source).toMatchObject({ name: 'shop', kind });
    expect('url' in source && source.url.reveal()).toBe(url);
  });

  it.each([
    [undefined, 'the environment variable SHOP_URL is not set'],
    ['', 'the environment variable SHOP_URL is not set'],
    ['ftp://secret.example', /must have a URL that begins with/],
    ['shop.example', /must have a URL that begins with/],
    ['mysql://secret.example', /must be a URL such as mysql:/],
    ['postgres://one:5432,two:x:1/secret', /must be a URL such as postgresql:/],
    ['http://www.example/secret', /must use https/],
    ['https://secret:word@www.example/', /must not have a user name or a password/],
    ['https://www.example:25/secret', /must not use a port/],
    ['https://secret example/', /must be a URL such as https:/],
  ])('cannot have %s', (url, message) => {
    const source = inVariable(url);
    const problem = 'problem' in source ? source.problem : '';
    expect(problem).toMatch(message);
    expect(problem).toMatch(/^p\.yaml:2:3: source shop: the environment variable SHOP_URL /);
    expect(problem).not.toContain('secret');
  });

  it('is read from a file', () => {
    const file = join(folder, 'url');
    const read = () => resolveSource({ name: 'shop', url: { file }, place }, () => undefined);
    expect(read()).toEqual({
      problem: `p.yaml:2:3: source shop: the path ${file} names a file that does not exist (ENOENT)`,
    });
    writeFileSync(file, ' \n');
    expect(read()).toMatchObject({ problem: expect.stringContaining('is empty') as string });
    writeFileSync(file, 'mysql://a:b@shop.example/db\n');
    expect(read()).toMatchObject({ kind: 'mysql' });
  });

  it('cannot be read from a pipe, which could block', () => {
    const file = join(folder, 'pipe');
    execFileSync('mkfifo', [file]);
    expect(resolveSource({ name: 'shop', url: { file }, place }, () => undefined)).toEqual({
      problem: `p.yaml:2:3: source shop: the path ${file} must name a file, not a directory or a pipe`,
    });
  });
});
