import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { settings } from '../../src/config/settings.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const textOf = (path: string) => readFileSync(pathOf(path), 'utf8');

/** An example of an environment file, with a secret wherever it leaves one to be filled in. */
function filledIn(path: string): Readonly<Record<string, string>> {
  const entries = Object.entries(parseEnv(textOf(path)) as Record<string, string>);
  const secret = () => randomBytes(32).toString('hex');
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value === '' ? secret() : value]),
  );
}

/** What the image sets itself. */
const image = { NODE_ENV: 'production', DATA_DIR: '/data' };

function expectGood(environment: Readonly<Record<string, string>>) {
  expect(Object.keys(settings)).toEqual(expect.arrayContaining(Object.keys(environment)));
  return loadConfig({ ...environment, ...image });
}

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
}

describe('compose.yaml', () => {
  const values = filledIn('deploy/compose.env.example');
  const named = new Set<string>();
  const text = textOf('compose.yaml').replaceAll(/\$\{(\w+):\?\}/g, (_all, name: string) => {
    named.add(name);
    return values[name] ?? '';
  });
  const { services, volumes } = parse(text) as Compose;

  it('takes from its environment file what that has, and nothing else', () => {
    expect(text).not.toContain('$');
    expect([...named].toSorted()).toStrictEqual(Object.keys(values).toSorted());
  });

  it('configures Usher, and it and soketi the same', () => {
    const config = expectGood(services['usher']!.environment!);
    expect(config.operator).toMatchObject({ host: '0.0.0.0', token: expect.anything() as unknown });
    const { environment } = services['usher']!;
    expect(services['soketi']!.environment).toMatchObject({
      SOKETI_DEFAULT_APP_ID: environment!['PUSHER_APP_ID'],
      SOKETI_DEFAULT_APP_KEY: environment!['PUSHER_KEY'],
      SOKETI_DEFAULT_APP_SECRET: environment!['PUSHER_SECRET'],
    });
  });

  it('publishes to this machine only, the operator’s port for the application', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports).toStrictEqual([
      '127.0.0.1:3000:3000',
      '127.0.0.1:3001:3001',
      '127.0.0.1:6001:6001',
    ]);
  });

  it('has Usher wait for what it needs, each with a health check, and declares the volumes', () => {
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
  const { services } = parse(textOf('compose.yaml')) as Compose;
  const { environment, volumes = [] } = services['usher']!;
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
    readonly configMap: { readonly name: string };
  }[];
}

interface PodContainer {
  readonly name: string;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: object;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

type Probe = { readonly httpGet: { readonly path: string; readonly port: string } };

describe('deploy/kubernetes/usher.yaml', () => {
  const manifests = parseAllDocuments(textOf('deploy/kubernetes/usher.yaml')).map((document) => {
    expect(document.errors).toStrictEqual([]);
    return document.toJS() as Manifest;
  });
  const of = (kind: string) => manifests.find((manifest) => manifest.kind === kind)!;
  const pod = of('Deployment').spec!.template!.spec;
  const usher = pod.containers.find(({ name }) => name === 'usher')!;
  const config = expectGood({
    ...of('ConfigMap').data,
    ...filledIn('deploy/kubernetes/secret.env.example'),
  });
  const portOf = (name: string) => usher.ports.find((port) => port.name === name)?.containerPort;

  it('names the ports on which Usher listens, to the Service only the public one', () => {
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
  ])('lets the kubelet reach the %s', (name, path) => {
    const probe = (usher as unknown as Readonly<Record<string, Probe>>)[name]!;
    expect(probe.httpGet).toStrictEqual({ path, port: 'usher-operator' });
    expect(config.operator).toMatchObject({ host: '0.0.0.0', token: expect.anything() as unknown });
  });

  it('mounts the policy that docs/deploying.md creates, where POLICY says', () => {
    const [mount] = usher.volumeMounts;
    expect(mount).toStrictEqual({ name: 'policy', mountPath: config.policy[0], readOnly: true });
    const volume = pod.volumes.find(({ name }) => name === mount!.name);
    const created = `kubectl create configmap ${volume!.configMap.name} --from-file=${examplePolicy}`;
    expect(textOf('docs/deploying.md')).toContain(created);
  });

  it('runs without root, a writable root file system or capabilities, and is given time to end', () => {
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
