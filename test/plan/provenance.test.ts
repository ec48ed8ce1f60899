// What mist step says of each op: the file of its fit, its basis, and its error on shapes that were held out.
import { expect, test } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import { step } from '../../src/commands/step.ts';

interface StepJson {
  readonly ops: readonly { name: string; basis: string; from: string; error: { median: number; p90: number } | null }[];
}

async function ask(...argv: string[]): Promise<string> {
  let said = '';
  const stdout = (text: string) => {
    said += text;
  };
  await step(argv, { stdout, stderr: () => {} });
  return said;
}

const QUESTION = [
  '--model',
  'llama-3.1-70b',
  '--hardware',
  'h100-sxm-80gb',
  '--tp',
  '2',
  '--prefill',
  '512',
  '--decode',
  '64x1200',
];

test('every op of a timed device names its file, and every measured one its held-out error', async () => {
  const catalog = openCatalog();
  const { ops } = JSON.parse(await ask(...QUESTION, '--json')) as StepJson;
  const h100 = catalog.efficiency('h100-sxm-80gb')!;
  for (const { from, basis, error } of ops) {
    expect(catalog.ids('efficiency')).toContain(from.split(' ')[0]);
    if (basis === 'measured' || basis === 'calibrated') expect(error?.median).toBeGreaterThan(0);
  }
  const table = h100.tables?.find(({ family, formats }) => family === 'attention-decode' && formats.includes('bf16'));
  const decode = ops.find(({ name }) => name === 'attention, decode');
  expect(decode?.error).toEqual({ median: table?.error_out, p90: table?.error_out_p90 });
});

test('the table prints it, and what was assumed has none', async () => {
  const said = await ask(...QUESTION);
  // what does not fit beside the op goes on below
  expect(said).toMatch(/fit in efficiency\//);
  expect(said).toMatch(/held-out error/);
  expect(said).toMatch(
    /attention, decode .* measured +h100-sxm-80gb(.|\n)*attention, decode +\d[\d.]* %, p90 \d[\d.]* %/,
  );
  const strange = JSON.parse(
    await ask('--model', 'llama-3.1-8b', '--hardware', 'sn40l', '--decode', '8x100', '--json'),
  ) as StepJson;
  expect(strange.ops.filter(({ basis }) => basis === 'datasheet').every(({ error }) => error === null)).toBe(true);
});
