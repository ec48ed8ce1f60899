// Links of a document: what they are like in the catalog, what they say themselves, and one that says neither.
import { expect, test } from 'vitest';
import { catalog, issuesIn, readText } from './world.ts';

const spec = (links: string) => `
fleet: {m: {kind: cores, cores: 1}}
pipelines: {a: {stages: [{tool: {on: m, latency: 1s}}]}}
workload: {lengths: {input_len: 1, output_len: 1}, request_rate: 1, num_requests: 1}
links: ${links}`;

test('figures are those of the catalog, where a link is like one and does not say its own', () => {
  const { bandwidth, latency_s, copy_share } = catalog.link('ib-ndr');
  const { links } = readText(
    spec(`
  like: {like: ib-ndr}
  mixed: {like: ib-ndr, latency: 9us}
  own: {bandwidth: 2GB/s}
  whole: {bandwidth: 3GB/s, latency: 1ms, efficiency: 40%}`),
  );
  const like = { bandwidth, latency: latency_s, efficiency: copy_share ?? 1 };
  expect(links).toEqual({
    like,
    mixed: { ...like, latency: 9e-6 },
    own: { bandwidth: 2e9, latency: 0, efficiency: 1 },
    whole: { bandwidth: 3e9, latency: 1e-3, efficiency: 0.4 },
  });
});

test('one that is like none and says no bandwidth is a mistake, as is one like an unknown link; one that is like another is none', () => {
  const told = issuesIn(() => readText(spec('{a: {latency: 1us}, b: {like: ib-ndrr}, c: {like: ib-ndr}}')));
  expect(told.map(({ path, expected }) => [path, expected.split(',')[0]])).toEqual([
    ['links.a.bandwidth', 'a bandwidth'],
    ['links.b.like', expect.stringMatching(/a link of the catalog|one of/)],
  ]);
});
