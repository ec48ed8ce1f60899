// The explorer in a browser: one build, one server, one browser, and one page for most of its tests.
import { afterAll, beforeAll, describe } from 'vitest';
import { browserPath, type Explorer, type Opened, startExplorer } from './browser.ts';
import { testLooks } from './looks.ts';
import { BAD_LINKS, testLinks, testOtherPages, testPage } from './page.ts';
import { testBytes, testOtherBytes } from './same-bytes.ts';

describe.skipIf(browserPath === undefined)('the explorer in a browser', () => {
  let explorer: Explorer;
  /** As one person uses it: each test goes on from where the last one left it. A page of its own costs ten seconds of computing. */
  let opened: Opened;
  beforeAll(async () => {
    explorer = await startExplorer();
    opened = await explorer.open(explorer.url + BAD_LINKS[0]![1]);
  });
  afterAll(() => explorer?.close());
  const here = () => opened;

  describe('a link', () => testLinks(here));
  describe('to the last byte', () => testBytes(() => explorer, here));
  describe('for everybody', () => testLooks(here));
  describe('as a person uses it', () => testPage(() => explorer, here));
  describe('pages of their own', () => {
    testOtherPages(() => explorer);
    testOtherBytes(() => explorer);
  });
});
