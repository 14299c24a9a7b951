import { describe, expect, it } from '@jest/globals';
import { clusterSecrets } from '../../docker/secrets.mjs';
import { databaseOwners } from '../platform/services.ts';
import { kubernetesFaults } from './kubernetes-types.ts';
import {
  type AppName,
  apps,
  configure,
  generated,
  imageEnvironment,
  kustomization,
  type Manifest,
  manifestFiles,
  manifests,
  read,
} from './manifests.ts';

const base = 'k8s/base';
const overlays = ['k8s/overlays/local', 'k8s/overlays/production'];
const objects = [base, ...overlays].flatMap(manifestFiles).flatMap(manifests);
const pods = objects
  .filter(({ spec }) => spec?.template?.spec)
  .map((object) => ({ object, pod: object.spec.template.spec }));

function find(kind: string, name: string): Manifest {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`${kind} ${name} is missing`);
  return found;
}

const deployments = apps.map((app) => find('Deployment', app).spec.template);

describe('Kubernetes objects', () => {
  it('are what Kubernetes knows, field by field', () => {
    expect(kubernetesFaults(objects)).toEqual([]);
  });

  it('are told apart from what Kubernetes does not know', () => {
    const service = find('Service', 'auth');
    const faults = kubernetesFaults([{ ...service, spec: { ...service.spec, portz: [] } }]);
    expect(faults).toEqual([expect.stringContaining('"portz"')]);
  });

  it.each([base, ...overlays])('are all listed in the kustomization of %s', (folder) => {
    const listed = kustomization(folder).resources.filter(
      (path) => path.endsWith('.yaml') && !path.startsWith('..'),
    );
    const files = manifestFiles(folder).map((path) => path.slice(folder.length + 1));
    expect(listed.toSorted()).toEqual(files.filter((name) => name !== 'secrets.example.yaml').toSorted());
  });
});

describe.each(apps)('%s in the cluster', (app) => {
  const own = manifests(`${base}/${app}.yaml`);
  const template = find('Deployment', app).spec.template;
  const [container] = template.spec.containers;

  it('has everything that an app has, and a migration job where it has a database', () => {
    const expected = [
      'ServiceAccount',
      'Deployment',
      'Service',
      'HorizontalPodAutoscaler',
      'PodDisruptionBudget',
      'NetworkPolicy',
    ];
    const job = (databaseOwners as readonly string[]).includes(app) ? ['Job'] : [];
    expect(own.map(({ kind }) => kind)).toEqual([...expected, ...job]);
  });

  it('has its own version as the tag of its image', () => {
    const { version } = JSON.parse(read(`apps/${app}/package.json`)) as { version: string };
    expect(own.filter(({ kind }) => ['Deployment', 'Job'].includes(kind)).map(imageOf)).toEqual(
      expect.arrayContaining([`nest-arch/${app}:${version}`]),
    );
    expect(new Set(own.map(imageOf).filter(Boolean)).size).toBe(1);
    const { images } = kustomization('k8s/overlays/production');
    expect(images).toContainEqual(expect.objectContaining({ name: `nest-arch/${app}`, newTag: version }));
  });

  it('is asked on the management port how it is', () => {
    expect(container.startupProbe.httpGet).toEqual({ path: '/health/live', port: 'management' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/health/live', port: 'management' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/health/ready', port: 'management' });
    const { PORT, MANAGEMENT_PORT } = imageEnvironment();
    expect(container.ports).toEqual([
      { name: 'http', containerPort: Number(PORT) },
      { name: 'management', containerPort: Number(MANAGEMENT_PORT) },
    ]);
    expect(template.metadata.annotations['prometheus.io/port']).toBe(MANAGEMENT_PORT);
  });

  it('has the time it needs to finish what runs', () => {
    const { DRAIN_DELAY_MS, SHUTDOWN_GRACE_MS } = generated(base, 'common');
    const neededMs = Number(DRAIN_DELAY_MS) + Number(SHUTDOWN_GRACE_MS);
    expect(template.spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(neededMs);
  });

  it('is selected by its Service, budget and policy, and its jobs are not', () => {
    const labels = { 'app.kubernetes.io/name': app };
    expect(template.metadata.labels).toMatchObject(labels);
    expect(find('Service', app).spec.selector).toEqual(labels);
    expect(find('PodDisruptionBudget', app).spec.selector.matchLabels).toEqual(labels);
    expect(find('NetworkPolicy', app).spec.podSelector.matchLabels).toEqual(labels);
    expect(find('HorizontalPodAutoscaler', app).spec.scaleTargetRef).toMatchObject({
      kind: 'Deployment',
      name: app,
    });
    const others = pods.filter(({ object }) => object.kind !== 'Deployment' || object.metadata.name !== app);
    expect(others.map(({ object }) => object.spec.template.metadata.labels)).not.toContainEqual(
      expect.objectContaining(labels),
    );
  });

  it.each([base, ...overlays])(
    'is given by %s all that its configuration requires, and nothing it does not know',
    async (overlay) => {
      const secrets = clusterSecrets()[app];
      const maps = ['common', app].flatMap((name) => [
        generated(base, name),
        overlay === base ? {} : generated(overlay, name),
      ]);
      const given = Object.assign({}, imageEnvironment(), ...maps, secrets) as Record<string, string>;
      expect(await configure(app, given)).toEqual(expect.arrayContaining(Object.keys(given)));
      const names = container.envFrom.map(
        (entry: EnvFrom) => entry.configMapRef?.name ?? entry.secretRef?.name,
      );
      const ownMap = Object.keys(generated(base, app)).length > 0 ? [app] : [];
      expect(names).toEqual(['common', ...ownMap, `${app}-secrets`]);
    },
  );

  it('has its secrets described in the example', () => {
    expect(Object.keys(find('Secret', `${app}-secrets`).stringData ?? {}).toSorted()).toEqual(
      Object.keys(clusterSecrets()[app] ?? {}).toSorted(),
    );
  });
});

describe('every pod, the engines of the local overlay included', () => {
  it.each(pods.map(({ object, pod }) => [`${object.kind} ${object.metadata.name}`, pod] as const))(
    '%s runs without privileges and without a token for the cluster',
    (_name, pod) => {
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const container of pod.containers) {
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
        expect(container.resources).toMatchObject({
          requests: { cpu: expect.anything() },
          limits: { memory: expect.anything() },
        });
        if (container.image.startsWith('nest-arch/'))
          expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
      }
    },
  );

  it('takes only connections that a policy names', () => {
    expect(find('NetworkPolicy', 'default-deny').spec).toEqual({ podSelector: {}, policyTypes: ['Ingress'] });
    const gatewayAlone = [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'gateway' } } }];
    for (const app of ['profile', 'notification', 'analytics'] satisfies AppName[]) {
      expect(find('NetworkPolicy', app).spec.ingress).toEqual([
        { from: gatewayAlone, ports: [{ port: 'http' }] },
      ]);
    }
    for (const app of apps) {
      const ports = find('NetworkPolicy', app).spec.ingress.flatMap(
        (rule: { ports: { port: string }[] }) => rule.ports,
      );
      expect(ports).toEqual([{ port: 'http' }]); // management is the monitoring's alone
    }
  });

  it('has no two apps under one account', () => {
    const accounts = deployments.map((template) => template.spec.serviceAccountName);
    expect(accounts).toEqual([...apps]);
  });
});

interface EnvFrom {
  configMapRef?: { name: string };
  secretRef?: { name: string };
}

function imageOf({ spec }: Manifest): string | undefined {
  return spec?.template?.spec?.containers[0].image;
}
