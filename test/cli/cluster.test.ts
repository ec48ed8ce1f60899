// The manifests of examples/cluster: what a cluster would check of them, and the very commands that they run, as a cluster would run them.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { openScratch, ROOT } from './spawn.ts';

const scratch = openScratch();
const read = (name: string): string => readFileSync(join(ROOT, 'examples/cluster', name), 'utf8');

/** A command `mist` that prints its arguments, one a line. */
const bin = join(scratch, 'bin');
mkdirSync(bin);
writeFileSync(join(bin, 'mist'), '#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n');
chmodSync(join(bin, 'mist'), 0o755);

function argumentsOf(file: string, argv: readonly string[], env: Record<string, string>): string[] {
  const said = execFileSync(file, argv, { env: { PATH: `${bin}:${process.env.PATH}`, ...env }, encoding: 'utf8' });
  return said.trimEnd().split('\n');
}

const after = (words: readonly string[], flag: string): string => words[words.indexOf(flag) + 1]!;

test('Slurm: every task of the array has a shard and a folder of its own', () => {
  const text = read('sweep.slurm');
  const options = [...text.matchAll(/^#SBATCH --([\w-]+)(?:=(\S+))?$/gm)].map(([, name, value]) => [name, value]);
  expect(Object.fromEntries(options)).toMatchObject({ array: '1-8', requeue: undefined, 'cpus-per-task': '32' });
  // Slurm reads options up to the first command
  expect(text.lastIndexOf('#SBATCH')).toBeLessThan(text.indexOf('\nset -eu'));
  const file = join(scratch, 'sweep.slurm');
  writeFileSync(file, text);
  const shards = Array.from({ length: 8 }, (_, i) => {
    const env = { SLURM_ARRAY_TASK_ID: String(i + 1), SLURM_ARRAY_TASK_COUNT: '8', SLURM_CPUS_PER_TASK: '32' };
    const words = argumentsOf('bash', [file, 'my question.yaml', '/shared/a b'], env);
    expect(words.slice(0, 2)).toEqual(['sweep', 'my question.yaml']);
    expect(words).toContain('--resume');
    expect(after(words, '--out')).toBe(`/shared/a b/shard-${i + 1}`);
    return after(words, '--shard');
  });
  expect(shards).toEqual(Array.from({ length: 8 }, (_, i) => `${i + 1}/8`));
});

test('Slurm: workers of a queue, which leave when there is nothing to do', () => {
  const text = read('workers.slurm');
  expect(text).toMatch(/^#SBATCH --requeue$/m);
  const file = join(scratch, 'workers.slurm');
  writeFileSync(file, text);
  const words = argumentsOf('bash', [file, 'redis://queue:6379'], { SLURM_CPUS_PER_TASK: '32' });
  expect(words).toEqual(['worker', 'redis://queue:6379', '--workers', '32', '--idle', '600']);
});

const name = z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
const resources = z.strictObject({
  requests: z.record(z.string(), z.string()),
  limits: z.record(z.string(), z.string()),
});
const volumeMounts = z.array(
  z.strictObject({ name, mountPath: z.string().startsWith('/'), readOnly: z.boolean().optional() }),
);
const volumes = z.array(
  z.strictObject({
    name,
    configMap: z.strictObject({ name }).optional(),
    persistentVolumeClaim: z.strictObject({ claimName: name }).optional(),
  }),
);

/** What of the API's batch/v1 Job is used here; nothing else may stand there. */
const JOB = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.strictObject({ name }),
  spec: z.strictObject({
    completionMode: z.literal('Indexed'),
    completions: z.int().positive(),
    parallelism: z.int().positive(),
    backoffLimitPerIndex: z.int().nonnegative(),
    podReplacementPolicy: z.enum(['Failed', 'TerminatingOrFailed']),
    template: z.strictObject({
      spec: z.strictObject({
        restartPolicy: z.literal('Never'), // backoffLimitPerIndex wants it
        containers: z.tuple([
          z.strictObject({
            name,
            image: z.string(),
            command: z.array(z.string()),
            ...{ resources, volumeMounts },
          }),
        ]),
        volumes,
      }),
    }),
  }),
});

test('Kubernetes: a job as the API has it, whose pods have a shard and a folder each', () => {
  const documents = parseAllDocuments(read('kubernetes-job.yaml'), { strict: true, version: '1.1' });
  expect(documents.map(({ errors }) => errors)).toEqual([[]]);
  const { spec } = JOB.parse(documents[0]!.toJS());
  const { containers, volumes } = spec.template.spec;
  const [{ command, volumeMounts }] = containers;
  expect(volumeMounts.map((mount) => mount.name).sort()).toEqual(volumes.map((volume) => volume.name).sort());
  const shards = Array.from({ length: spec.completions }, (_, index) => {
    const words = argumentsOf(command[0]!, command.slice(1), { JOB_COMPLETION_INDEX: String(index) });
    expect(words[0]).toBe('sweep');
    expect(words).toContain('--resume');
    for (const path of [words[1]!, after(words, '--out')])
      expect(volumeMounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`))).toBe(true);
    expect(after(words, '--out')).toMatch(new RegExp(`/shard-${index + 1}$`));
    return after(words, '--shard');
  });
  expect(shards).toEqual(Array.from({ length: spec.completions }, (_, i) => `${i + 1}/${spec.completions}`));
});

const env = z.tuple([
  z.strictObject({
    name: z.literal('QUEUE'),
    valueFrom: z.strictObject({ secretKeyRef: z.strictObject({ name, key: name }) }),
  }),
]);
const labels = z.strictObject({ app: name });
/** A pod that speaks with the queue. */
const pod = { name, image: z.string(), command: z.array(z.string()), env, resources };

const QUEUE_WORKERS = z.strictObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('Deployment'),
  metadata: z.strictObject({ name }),
  spec: z.strictObject({
    replicas: z.int().positive(),
    selector: z.strictObject({ matchLabels: labels }),
    template: z.strictObject({
      metadata: z.strictObject({ labels }),
      spec: z.strictObject({
        terminationGracePeriodSeconds: z.int().min(20),
        containers: z.tuple([z.strictObject(pod)]),
      }),
    }),
  }),
});

const QUEUE_SWEEP = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.strictObject({ name }),
  spec: z.strictObject({
    backoffLimit: z.int().nonnegative(),
    template: z.strictObject({
      spec: z.strictObject({
        restartPolicy: z.literal('Never'),
        containers: z.tuple([z.strictObject({ ...pod, volumeMounts })]),
        volumes,
      }),
    }),
  }),
});

test('Kubernetes: workers of a queue and who asks, of one image and with one address', () => {
  const documents = parseAllDocuments(read('kubernetes-queue.yaml'), { strict: true, version: '1.1' });
  expect(documents.map(({ errors }) => errors)).toEqual([[], []]);
  const workers = QUEUE_WORKERS.parse(documents[0]!.toJS()).spec;
  const asking = QUEUE_SWEEP.parse(documents[1]!.toJS()).spec.template.spec;
  expect(workers.template.metadata.labels).toEqual(workers.selector.matchLabels);
  const [worker] = workers.template.spec.containers;
  const [sweep] = asking.containers;
  expect([worker.image, worker.env]).toEqual([sweep.image, sweep.env]);
  expect(sweep.volumeMounts.map((mount) => mount.name).sort()).toEqual(asking.volumes.map(({ name }) => name).sort());
  const wordsOf = ({ command }: typeof worker | typeof sweep): string[] =>
    argumentsOf(
      command[0]!,
      command.slice(1).map((word) => word.replace('$(QUEUE)', 'redis://queue')),
      {},
    );
  expect(wordsOf(worker)).toEqual(['worker', 'redis://queue', '--workers', '16']);
  const words = wordsOf(sweep);
  expect([words[0], after(words, '--queue'), words.includes('--resume')]).toEqual(['sweep', 'redis://queue', true]);
  for (const path of [words[1]!, after(words, '--out')])
    expect(sweep.volumeMounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`))).toBe(true);
});
