// The explorer in a browser: one build, one server and one browser for all of its tests.
import { afterAll, beforeAll, describe } from 'vitest';
import { browserPath, type Explorer, startExplorer } from './browser.ts';
import { testLooks } from './looks.ts';
import { testPage } from './page.ts';
import { testBytes } from './same-bytes.ts';

describe.skipIf(browserPath === undefined)('the explorer in a browser', () => {
  let explorer: Explorer;
  beforeAll(async () => {
    explorer = await startExplorer();
  });
  afterAll(() => explorer?.close());

  describe('for everybody', () => testLooks(() => explorer));
  describe('as a person uses it', () => testPage(() => explorer));
  describe('to the last byte', () => testBytes(() => explorer));
});
