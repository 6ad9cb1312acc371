import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { fileSettings } from '../../src/config/secret-files.ts';
import { settings } from '../../src/config/settings.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import {
  composeEnvironment,
  createSecretFiles,
  environmentOutside,
  readCompose,
} from './compose.ts';

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const textOf = (path: string) => readFileSync(pathOf(path), 'utf8');

/** An example of an environment file, with a secret in place of each empty value. */
function filledIn(path: string): Readonly<Record<string, string>> {
  const entries = Object.entries(parseEnv(textOf(path)) as Record<string, string>);
  const secret = () => randomBytes(32).toString('hex');
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value === '' ? secret() : value]),
  );
}

/** The variables that the image sets. */
const image = { NODE_ENV: 'production', DATA_DIR: '/data' };

function expectGood(environment: Readonly<Record<string, string>>) {
  const names = [...Object.keys(settings), ...fileSettings.map((name) => `${name}_FILE`)];
  expect(names).toEqual(expect.arrayContaining(Object.keys(environment)));
  return loadConfig({ ...environment, ...image });
}

describe('compose.yaml', () => {
  const compose = readCompose();
  const { services, volumes, secrets } = compose;
  const secretFiles = createSecretFiles(compose);
  afterAll(secretFiles.remove);
  const usher = services['usher']!;
  const soketi = services['soketi']!;

  it('uses all variables of its environment file, and no others', () => {
    expect([...compose.used].toSorted()).toStrictEqual(
      Object.keys(composeEnvironment()).toSorted(),
    );
  });

  it('gives Usher a valid configuration, and soketi the same app', () => {
    const config = expectGood(environmentOutside(usher, secretFiles));
    expect(config.operator).toMatchObject({ host: '0.0.0.0', token: expect.anything() as unknown });
    expect(soketi.environment).toMatchObject({
      SOKETI_DEFAULT_APP_ID: usher.environment!['PUSHER_APP_ID'],
      SOKETI_DEFAULT_APP_KEY: usher.environment!['PUSHER_KEY'],
    });
  });

  it('has all secrets in files, mounted in the services that use them', () => {
    const used = Object.values(services).flatMap((service) => service.secrets ?? []);
    expect(new Set(used)).toStrictEqual(new Set(Object.keys(secrets)));
    for (const { environment = {} } of Object.values(services)) {
      for (const name of Object.keys(environment)) {
        expect(name).not.toMatch(/(SECRET|PASSWORD|TOKEN|DATABASE_URL)$/);
      }
    }
    const textOfSecret = (name: string) =>
      readFileSync(secretFiles.outside(`/run/secrets/${name}`, { secrets: [name] }), 'utf8');
    expect(textOfSecret('database_url')).toBe(
      `postgresql://usher:${textOfSecret('postgres_password').trim()}@postgres:5432/usher\n`,
    );
  });

  it('gives soketi the secret of its file', () => {
    const [shell, ...args] = soketi.entrypoint!;
    const script = args.pop()!.replaceAll('$$', '$');
    const printing = script.replace(/exec .*/, 'printenv SOKETI_DEFAULT_APP_SECRET');
    const printed = execFileSync(shell!, [...args, secretFiles.outside(printing, soketi)], {
      encoding: 'utf8',
    });
    const { PUSHER_SECRET_FILE: path } = environmentOutside(usher, secretFiles);
    expect(printed).toBe(readFileSync(path!, 'utf8'));
    expect(printed).toHaveLength(65);
  });

  it('publishes ports on loopback only, the operator’s port to the application', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports).toStrictEqual([
      '127.0.0.1:3000:3000',
      '127.0.0.1:3001:3001',
      '127.0.0.1:6001:6001',
    ]);
  });

  it('starts Usher after its dependencies, each with a health check, and declares the volumes', () => {
    const needed = Object.entries(services['usher']!.depends_on!);
    expect(needed.map(([name]) => name).toSorted()).toStrictEqual(['postgres', 'redis', 'soketi']);
    for (const [name, { condition }] of needed) {
      expect(condition).toBe('service_healthy');
      expect(services[name]!.healthcheck?.test[0]).toBe('CMD');
    }
    const used = Object.values(services)
      .flatMap((service) => service.volumes ?? [])
      .filter((volume) => !volume.startsWith('./'));
    expect(used.map((volume) => volume.split(':')[0]).toSorted()).toStrictEqual(
      Object.keys(volumes).toSorted(),
    );
  });
});

/** The directory of the policy that an example mounts. */
const examplePolicy = 'examples/parcels';

it('compose.yaml mounts a policy, read-only, where POLICY says', async () => {
  const { environment, volumes = [] } = readCompose().services['usher']!;
  const mount = volumes.find((volume) => volume.startsWith('./'));
  expect(mount).toBe(`./${examplePolicy}:${environment!['POLICY']}:ro`);
  const policy = await loadPolicy([pathOf(examplePolicy)]);
  expect(policy.channels.channelTypes).not.toHaveLength(0);
});

interface Manifest {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: { readonly spec: PodSpec };
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly ingress?: readonly { readonly ports: readonly { readonly port: number }[] }[];
  };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: object;
  readonly containers: readonly PodContainer[];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
  }[];
}

interface PodContainer {
  readonly name: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: { readonly runAsUser: number };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

type Probe = { readonly httpGet: { readonly path: string; readonly port: string } };

/** A directory with a file for each key of the Secret, as the kubelet mounts it. */
function mountSecret(): string {
  const directory = mkdtempSync(join(tmpdir(), 'usher-secret-'));
  for (const [key, value] of Object.entries(filledIn('deploy/kubernetes/secret.env.example'))) {
    writeFileSync(join(directory, key), value);
  }
  return directory;
}

describe('deploy/kubernetes/usher.yaml', () => {
  const manifests = parseAllDocuments(textOf('deploy/kubernetes/usher.yaml')).map((document) => {
    expect(document.errors).toStrictEqual([]);
    return document.toJS() as Manifest;
  });
  const of = (kind: string) => manifests.find((manifest) => manifest.kind === kind)!;
  const pod = of('Deployment').spec!.template!.spec;
  const usher = pod.containers.find(({ name }) => name === 'usher')!;
  const secretMount = usher.volumeMounts.find(({ name }) => name === 'secrets')!;
  const mounted = mountSecret();
  const environment = Object.entries(of('ConfigMap').data!);
  const config = expectGood(
    Object.fromEntries(
      environment.map(([name, value]) => [name, value.replace(secretMount.mountPath, mounted)]),
    ),
  );
  afterAll(() => {
    rmSync(mounted, { recursive: true });
  });
  const portOf = (name: string) => usher.ports.find((port) => port.name === name)?.containerPort;

  it('names the ports on which Usher listens; the Service has the public one only', () => {
    expect([portOf('usher'), portOf('usher-operator')]).toStrictEqual([
      config.listen.port,
      config.operator.port,
    ]);
    expect(of('Service').spec!.ports!.map(({ targetPort }) => targetPort)).toStrictEqual(['usher']);
    const open = of('NetworkPolicy').spec!.ingress!.map(({ ports }) =>
      ports.map(({ port }) => port),
    );
    expect(open).toStrictEqual([[8000, config.listen.port], [config.operator.port]]);
  });

  it.each([
    ['startupProbe', '/livez'],
    ['livenessProbe', '/livez'],
    ['readinessProbe', '/readyz'],
  ])('allows the kubelet to reach the %s', (name, path) => {
    const probe = (usher as unknown as Readonly<Record<string, Probe>>)[name]!;
    expect(probe.httpGet).toStrictEqual({ path, port: 'usher-operator' });
    expect(config.operator).toMatchObject({ host: '0.0.0.0', token: expect.anything() as unknown });
  });

  it('mounts the Secret of docs/deploying.md, readable for Usher, and uses each of its keys', () => {
    const { secret } = pod.volumes.find(({ name }) => name === secretMount.name)!;
    expect(textOf('docs/deploying.md')).toContain(
      `kubectl create secret generic ${secret!.secretName} --from-env-file=secret.env`,
    );
    // The group of the files is fsGroup.
    expect(textOf('deploy/kubernetes/usher.yaml')).toContain('defaultMode: 0440');
    expect(pod.securityContext).toMatchObject({ fsGroup: usher.securityContext.runAsUser });
    const named = environment.flatMap(([name, value]) => (name.endsWith('_FILE') ? [value] : []));
    const keys = Object.keys(filledIn('deploy/kubernetes/secret.env.example'));
    expect(new Set(named)).toStrictEqual(
      new Set(keys.map((key) => `${secretMount.mountPath}/${key}`)),
    );
  });

  it('mounts the policy of docs/deploying.md, where POLICY says', () => {
    const [mount] = usher.volumeMounts;
    expect(mount).toStrictEqual({ name: 'policy', mountPath: config.policy[0], readOnly: true });
    const volume = pod.volumes.find(({ name }) => name === mount!.name);
    const created = `kubectl create configmap ${volume!.configMap!.name} --from-file=${examplePolicy}`;
    expect(textOf('docs/deploying.md')).toContain(created);
  });

  it('runs without root, a writable root file system or capabilities, with time to shut down', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(usher.securityContext).toStrictEqual({
      runAsUser: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
  });
});
