// What every answer says of its models and devices: names taken for others, what is not modelled, doubtful figures.
import { describe, expect, it } from 'vitest';
import { caveatsOf } from '../../src/catalog/caveats.ts';
import { labelsOf } from '../../src/catalog/labels.ts';
import { openCatalog } from '../../src/catalog/open.ts';
import { step } from '../../src/commands/step.ts';

const catalog = openCatalog();
const DOUBTFUL = catalog.ids('hardware').filter((id) => catalog.hardware(id).confidence === 'low');

describe('caveats', () => {
  it('are said of what needs them, once each, and of nothing else', () => {
    expect(caveatsOf(catalog, ['llama-3.1-8b', ''], ['h100-sxm-80gb', ''])).toEqual([]);
    const [taken, missing, doubt] = caveatsOf(
      catalog,
      ['nvidia/DeepSeek-V4-Flash-NVFP4', 'nvidia/DeepSeek-V4-Flash-NVFP4'],
      DOUBTFUL.slice(0, 1),
    );
    expect(taken).toMatch(
      /^nvidia\/DeepSeek-V4-Flash-NVFP4 is taken for the layers of deepseek-v4-flash, weights in nvfp4/,
    );
    expect(missing).toMatch(/^Of deepseek-v4-flash not modelled, or assumed: compressed attention/);
    expect(doubt).toMatch(/low confidence/);
  });

  it('mark doubtful devices wherever they are named', () => {
    const labels = labelsOf(catalog, ['x/Llama-3.1-8B-FP8', 'llama-3.1-8b'], [...DOUBTFUL, 'h100-sxm-80gb']);
    for (const id of DOUBTFUL) expect(labels[id]).toMatch(/\(low confidence\)$/);
    expect(labels['h100-sxm-80gb']).toBe('H100-SXM-80GB');
    expect(labels['x/Llama-3.1-8B-FP8']).toBe('x/Llama-3.1-8B-FP8');
  });
});

describe('verbs', () => {
  const printed = async (verb: (argv: string[], out: never) => Promise<number>, argv: string[]) => {
    let text = '';
    const out = {
      stdout: (part: string) => {
        text += part;
      },
      stderr: () => undefined,
    };
    await verb(argv, out as never);
    return text.replaceAll('\n', ' ');
  };
  const name = 'nvidia/DeepSeek-V4-Flash-NVFP4';

  it('step says them, in words and as JSON', async () => {
    const asked = ['--model', name, '--hardware', 'b200-sxm-180gb', '--tp', '8', '--decode', '4x100'];
    expect(await printed(step as never, asked)).toMatch(/is taken for .* not modelled, or assumed/);
    expect(JSON.parse(await printed(step as never, [...asked, '--json'])).caveats).toHaveLength(2);
  });
});
