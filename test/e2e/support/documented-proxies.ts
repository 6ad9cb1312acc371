import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const page = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url)), 'utf8');
const proxiesPage = page('proxies.md');

/** Replacements for the printed addresses and certificate of a documented configuration. */
export interface Places {
  readonly port: number;
  /** `host:port` of Usher and of the application. */
  readonly usher: string;
  readonly application: string;
  /** A file with a certificate and its key. */
  readonly certificate: string;
  /** The proxy's own directory. */
  readonly directory: string;
}

/** A program that docs/proxies.md has a configuration for. */
export interface DocumentedProxy {
  readonly name: string;
  /** The command that shows whether it is there. */
  readonly version: readonly string[];
  readonly command: (file: string) => readonly string[];
  /** The fenced block's language. */
  readonly language: string;
  /** The whole file, around the block of the page. */
  readonly file: (block: string, places: Places) => string;
}

const isRoot = process.getuid?.() === 0;

export const documentedProxies: readonly DocumentedProxy[] = [
  {
    name: 'nginx',
    language: 'nginx',
    version: ['nginx', '-v'],
    command: (file) => ['nginx', '-e', 'stderr', '-c', file],
    file: (block, { port, directory }) => `
pid ${directory}/pid; error_log stderr; daemon off; worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path ${directory}; proxy_temp_path ${directory}; fastcgi_temp_path ${directory};
  uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
  ${block.replace('listen 443', `listen 127.0.0.1:${port}`)}
}
`,
  },
  {
    name: 'Caddy',
    language: 'caddyfile',
    version: ['caddy', 'version'],
    command: (file) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
    file: (block, { port, certificate, directory }) => `
{
  admin off
  auto_https off
  skip_install_trust
  storage file_system ${directory}
  default_bind 127.0.0.1
}
${block.replace('app.example {', `https://app.example:${port} {\n  tls ${certificate} ${certificate}`)}
`,
  },
  {
    name: 'HAProxy',
    language: 'haproxy',
    version: ['haproxy', '-v'],
    command: (file) => ['haproxy', '-db', '-f', file],
    file: (block, { port }) => block.replace('bind :443', `bind 127.0.0.1:${port}`),
  },
  {
    name: 'Apache',
    language: 'apache',
    version: ['apache2', '-v'],
    command: (file) => ['apache2', '-DFOREGROUND', '-f', file],
    file: (block, { port, directory }) => `
ServerRoot ${directory}
DefaultRuntimeDir ${directory}
PidFile ${directory}/pid
ErrorLog ${directory}/error.log
ServerName app.example
${isRoot ? 'User www-data\nGroup www-data' : ''}
Listen 127.0.0.1:${port}
${['mpm_event', 'authz_core', 'ssl', 'headers', 'proxy', 'proxy_http'].map(loadModule).join('\n')}
${block.replace('*:443', `127.0.0.1:${port}`)}
`,
  },
];

function loadModule(name: string): string {
  return `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`;
}

/** The configuration that docs/proxies.md prints for this proxy, with the changes of the section on a proxy behind another one. */
export function configurationOf(
  proxy: DocumentedProxy,
  places: Places,
  { isBehindAnother }: { readonly isBehindAnother?: string },
): string {
  const { name, language } = proxy;
  const printed = firstBlock('proxies.md', language);
  const block = isBehindAnother === undefined ? printed : appending(printed, name, isBehindAnother);
  return runnable(proxy, block, places);
}

/** The first block of this language on a page of the documentation. */
export function firstBlock(name: string, language: string): string {
  const [, printed] = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(page(name)) ?? [];
  if (printed === undefined) throw new Error(`docs/${name} has no block of ${language}`);
  return printed;
}

/** A whole file with this configuration, over other addresses and certificates, and with short time-outs. */
export function runnable({ file }: DocumentedProxy, block: string, places: Places): string {
  return file(
    block
      .replaceAll('127.0.0.1:3000', places.usher)
      .replaceAll('127.0.0.1:8000', places.application)
      .replaceAll('/etc/ssl/private/app.example.pem', places.certificate)
      // A tenth of the timeouts: idle connections are closed after four seconds instead of sixty.
      .replace(
        /^( *(?:proxy_read_timeout|timeout (?:client|server|tunnel)|ProxyTimeout) )60/gm,
        '$14',
      ),
    places,
  );
}

/** Replaces the text in the row of this proxy, in the table of the page. */
function appending(block: string, name: string, network: string): string {
  const [, row = ''] = new RegExp(`^\\| ${name} +\\|(.*\`.*)\\|$`, 'm').exec(proxiesPage) ?? [];
  const [[printed = ''] = [], instead = []] = row
    .split('|')
    .map((cell) => [...cell.matchAll(/`(.*?)`/g)].map(([, code = '']) => code));
  if (!block.includes(printed) || printed === '') throw new Error(`${name} has no ${printed}`);
  const lines = instead.join('\n').replace('198.51.100.0/24', network);
  return block.replace(printed, () => lines);
}

/** Makes a certificate of `app.example` with its key, in one file. */
export function makeCertificate(file: string): void {
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=app.example'],
    ...['-addext', 'subjectAltName=DNS:app.example', '-keyout', file, '-out', `${file}.crt`],
  ]);
  if (status !== 0) throw new Error(`No certificate: ${String(stderr)}`);
  const both = readFileSync(file, 'utf8') + readFileSync(`${file}.crt`, 'utf8');
  writeFileSync(file, both);
}
