// The explorer's page as a person uses it: asks, drags, pastes, undoes, shares a link; bad input is told and the page goes on.
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { type Explorer, follow, type Opened, proved, SMALL, specIn } from './browser.ts';

/** The smallest config.json that is one. */
const CONFIG = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  hidden_size: 2048,
  intermediate_size: 8192,
  num_hidden_layers: 16,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  head_dim: 64,
  vocab_size: 128256,
  max_position_embeddings: 131072,
  torch_dtype: 'bfloat16',
  tie_word_embeddings: true,
};

const linkOf = (page: Page): string => new URL(page.url()).hash;

export const BAD_LINKS: readonly (readonly [what: string, hash: string, told: string])[] = [
  ['of a key nobody knows', '#v=1&colour=red', '"colour"'],
  ['of another version', '#v=2&model=x', 'version 2'],
  ['of a number that is none', '#v=1&rate=fast', 'rate=fast'],
];

/** `here`: a page that was opened by the first of them. */
export function testLinks(here: () => Opened): void {
  test.each(BAD_LINKS)('%s is told to be none, and the page goes on', async (_, hash, words) => {
    const { page } = here();
    if (hash !== linkOf(page)) await follow(page, hash);
    await page.waitForFunction((told) => document.querySelector('.notice')?.textContent?.includes(told), words);
    await page.waitForSelector('form.ask');
    expect(await specIn(page)).toContain('model: llama-3.1-70b');
  });
}

/** `here`: a page with the answer to the small question. */
export function testPage(explorer: () => Explorer, here: () => Opened): void {
  let page: Page;
  beforeAll(() => {
    ({ page } = here());
  });

  test('shows the proved answer with its pictures', async () => {
    expect(await page.textContent('.state')).toContain('none that was left out is better');
    await page.waitForSelector('.pictures svg circle[data-row]');
    expect(await page.locator('.answer svg').count()).toBeGreaterThan(5);
    expect(await page.textContent('.settled')).toMatch(/p99 TTFT [\d,]+ ms/);
    expect(await page.textContent('.answer')).not.toMatch(/NaN|undefined|Infinity/);
    expect(here().complaints).toEqual([]);
  });

  test('sorts and filters the ranking', async () => {
    const first = () => page.locator('#ranking tbody tr:not([hidden])').first().textContent();
    const before = await first();
    await page.locator('#ranking th button').first().click();
    await page.locator('#ranking th button').first().click();
    expect(await first()).not.toBe(before);
    await page.fill('#search', 'L40S');
    expect(await first()).toContain('L40S');
    expect(await page.textContent('#found')).toMatch(/^\d+ found$/);
    await page.fill('#search', '');
  });

  test('puts a deployment beside the answer by a click, and says why a device is not the answer', async () => {
    await page.locator('#ranking tbody tr').nth(3).click();
    await page.waitForSelector('.compare tbody tr.differs', { timeout: 120_000 });
    expect(linkOf(page)).toContain('beside=');
    await page.getByLabel('Why not …?').selectOption({ index: 9 });
    await page.waitForFunction(() => (document.querySelector('.compare .why')?.textContent?.length ?? 0) > 60, null, {
      timeout: 120_000,
    });
    expect(await page.textContent('.compare .why')).toMatch(/\d/);
  });

  test('is asked by slider and keyboard; undo takes a drag back', async () => {
    const before = await specIn(page);
    await page.focus('[data-slide=load]');
    for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowRight');
    await page.waitForFunction((old) => document.querySelector('#spec')?.textContent !== old, before);
    await proved(page);
    for (let i = 0; i < 12 && (await specIn(page)) !== before; i++) {
      await page.keyboard.press('Control+z');
      await page.waitForTimeout(100);
    }
    expect(await specIn(page)).toBe(before);
  });

  test('starts a worker again that has ended, and answers', async () => {
    await proved(page);
    for (const worker of page.workers())
      await worker.evaluate(
        () =>
          void setTimeout(() => {
            throw new Error('out of luck');
          }),
      );
    await page.waitForFunction(() => document.querySelector('.notice')?.textContent?.includes('started again'));
    expect(await page.textContent('.notice')).toContain('out of luck');
    await page.getByLabel('Requests/s', { exact: true }).fill('3');
    await page.getByLabel('Requests/s', { exact: true }).blur();
    await page.waitForFunction(() => document.querySelector('#spec')?.textContent?.includes('request_rate: 3'));
    await proved(page);
  });

  test('takes a config.json that is pasted, into the link too, and refuses what is none', async () => {
    await page.getByText('or a config.json of your own').click();
    for (const [text, words] of [
      ['{"a": 1', 'it is no JSON'],
      ['{"a": 1}', 'it has no hidden_size'],
      ['[]', 'it is JSON, but no object'],
    ] as const) {
      await page.fill('textarea', text);
      await page.locator('textarea').blur();
      await page.waitForFunction((told) => document.querySelector('.notice')?.textContent?.includes(told), words);
    }
    await page.fill('textarea', JSON.stringify(CONFIG));
    await page.locator('textarea').blur();
    await page.waitForFunction(() => document.querySelector('#spec')?.textContent?.includes('model: own-model.json'));
    await proved(page);
    const { page: other } = await explorer().open(explorer().url + linkOf(page));
    await proved(other);
    expect(await specIn(other)).toBe(await specIn(page)); // the link is the question
    expect(await other.textContent('h1')).toBe(await page.textContent('h1'));
    await other.close();
  });

  test('reads a trace that is dropped on it', async () => {
    const lines = Array.from({ length: 400 }, (_, i) =>
      JSON.stringify({ timestamp: i * 200, input_length: 500 + (i % 7) * 90, output_length: 80 + (i % 5) * 30 }),
    );
    await page.evaluate((text) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], 'trace.jsonl'));
      document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true }));
    }, lines.join('\n'));
    await page.waitForFunction(() => document.querySelector('#spec')?.textContent?.includes('file: trace.jsonl'));
    await proved(page);
    expect(await page.textContent('.notice')).toContain('MB read');
  });

  test('tells what is wrong in a question, path, expected and received, and goes on', async () => {
    await follow(page, `${SMALL.replace('formats=fp8', 'formats=fp8%2Cfp7')}`);
    await page.waitForSelector('.wrong li');
    expect(await page.textContent('.wrong')).toMatch(/expected .*received/);
    await page.getByRole('checkbox', { name: 'bf16' }).first().check(); // what is picked is what there is
    await page.waitForSelector('.wrong', { state: 'detached' });
    await proved(page);
    await page.close();
  });
}

export function testOtherPages(explorer: () => Explorer): void {
  test('says what a browser without SIMD lacks', async () => {
    const { page } = await explorer().open(explorer().url, () => {
      WebAssembly.validate = () => false;
    });
    await page.waitForSelector('#too-old');
    expect(await page.textContent('#too-old')).toContain('WebAssembly with SIMD');
    await page.close();
  });
}
