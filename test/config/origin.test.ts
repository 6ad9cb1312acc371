import { expect, it } from 'vitest';
import { origin } from '../../src/config/origin.ts';

const parsed = (text: string): string => {
  const read = origin('').parse(text);
  return 'value' in read ? read.value : read.problem;
};

it.each([
  ['*', '*'],
  ['https://app.example', 'https://app.example'],
  ['https://App.example:443', 'https://app.example'],
  ['HTTP://App.Example:80', 'http://app.example'],
  ['http://localhost:5173', 'http://localhost:5173'],
  ['http://[::1]:3000', 'http://[::1]:3000'],
  ['https://b\u00fccher.example', 'https://xn--bcher-kva.example'],
  ['capacitor://localhost', 'capacitor://localhost'],
  ['ionic://localhost', 'ionic://localhost'],
  ['tauri://localhost', 'tauri://localhost'],
  ['http://tauri.localhost', 'http://tauri.localhost'],
  ['app://-', 'app://-'],
  ['App://Main', 'app://main'],
  ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
  [
    'moz-extension://6f0b2a1e-3f0d-4c55-9d5b-0a5e7f1c2d3e',
    'moz-extension://6f0b2a1e-3f0d-4c55-9d5b-0a5e7f1c2d3e',
  ],
  ['https://*.tenants.example', 'https://*.tenants.example'],
  ['https://*.Tenants.example:443', 'https://*.tenants.example'],
  ['http://*.localhost:5173', 'http://*.localhost:5173'],
])('%s is the origin %s', (text, expected) => {
  expect(parsed(text)).toBe(expected);
});

it.each([
  ['null', /^is null/],
  ['https://app example', /^has a space or a semicolon/],
  ['https://a.example https://b.example', /^has a space or a semicolon/],
  ['https://a.example;https://b.example', /^has a space or a semicolon/],
  ['"https://app.example"', /^has quotes/],
  ["'https://app.example", /^has quotes/],
  ['app.example', /^has no scheme/],
  ['localhost:5173', /^has no scheme/],
  ['//app.example', /^has no scheme/],
  ['*.tenants.example', /^has no scheme/],
  ['wss://app.example', /^is a WebSocket address/],
  ['file:///index.html', /^is for files/],
  ['https://app.example/', /^has a path/],
  ['https://app.example/chat?x', /^has a path/],
  ['capacitor://localhost/', /^has a path/],
  ['https://me:secret@app.example', /^has a user name/],
  ['https://', /^has an invalid host/],
  ['https://app.example:99999', /^has an invalid host/],
  ['capacitor://', /^has no host/],
  ['https://*', /^has a wildcard/],
  ['https://*.example', /^has a wildcard/],
  ['https://*.0.0.1', /^has a wildcard/],
  ['https://app.*.example', /^has a wildcard/],
  ['https://a*.tenants.example', /^has a wildcard/],
  ['https://*.*.tenants.example', /^has a wildcard/],
  ['capacitor://*.tenants.example', /^has a wildcard/],
])('%s is refused with a reason that does not repeat it', (text, expected) => {
  expect(parsed(text)).toMatch(expected);
  expect(parsed(text)).not.toContain('secret');
});
