// Links of the machine: what an exchange takes over them by another arithmetic, slower ones never cheaper, tensor parallel over servers.
import { describe, expect, it } from 'vitest';
import { openCatalog } from '../../src/catalog/open.ts';
import type { Hardware, Link } from '../../src/catalog/types.ts';
import { UserError } from '../../src/check/issue.ts';
import { bindDeployment, isRefusal } from '../../src/plan/deployment.ts';
import { fitsOf } from '../../src/plan/efficiency.ts';
import { legalSplit } from '../../src/plan/legal.ts';
import { withMachine } from '../../src/plan/machine.ts';
import { exchangeSeconds, openRateBook, priceList } from '../../src/plan/priced-ops.ts';
import { swapSetup } from '../../src/plan/swap.ts';
import { jointOf, type Machine } from '../../src/spec/machine.ts';
import { openQuestion } from '../../src/spec/question.ts';
import { soleConfiguration } from '../../src/spec/shape.ts';
import { resolveFormats } from '../../src/stages/formats.ts';
import type { ExchangeOp } from '../../src/stages/op.ts';

const catalog = openCatalog();
const links = catalog.ids('links').map((id) => catalog.link(id));
const book = openRateBook(fitsOf(catalog));
const MIB = 2 ** 20;
const SIZES = [256, 16384, MIB, 16 * MIB, 128 * MIB, 4096 * MIB];
const OPS = ['all-reduce', 'all-gather', 'reduce-scatter', 'all-to-all', 'send-recv'] as const;

function seconds(hardware: Hardware, op: ExchangeOp['op'], devices: number, bytes: number): number {
  const asked: ExchangeOp = { kind: 'exchange', name: op, op, devices, count: 1, over: 'tokens', bytesX: 1 };
  return exchangeSeconds(priceList([asked], hardware, book).exchange[0]!, bytes);
}

const inside = (id: string): Machine => ({ interconnect: jointOf(catalog.link(id)) });
const over = (hardware: string, machine: Machine | undefined) => withMachine(catalog.hardware(hardware), machine);

describe('links of the catalog', () => {
  it.each(links.map((link) => [link.id, link] as const))(
    '%s has plausible figures and says where they are from',
    (_, link) => {
      expect(link.source).toMatch(/\w{4}/);
      expect(link.latency_s).toBeGreaterThan(1e-7);
      expect(link.latency_s).toBeLessThan(1e-4);
      expect(link.bandwidth).toBeGreaterThanOrEqual(1e9);
      expect(link.bandwidth).toBeLessThan(2e12);
      // what is from memory is of low or medium confidence
      if (/from memory/.test(link.source)) expect(link.confidence).not.toBe('high');
    },
  );

  it('peer-to-peer is worth it: never slower, never later, on every generation', () => {
    const pairs = links
      .filter(({ id }) => id.endsWith('-no-p2p'))
      .map((link) => [link, catalog.link(link.id.replace('-no-p2p', ''))] as const);
    expect(pairs.length).toBe(3);
    for (const [host, peer] of pairs) {
      expect(host.bandwidth).toBe(peer.bandwidth);
      expect(host.exchange_share).toBeLessThan(peer.exchange_share);
      expect(host.copy_share).toBeLessThan(peer.copy_share);
      expect(host.latency_s).toBeGreaterThan(peer.latency_s);
    }
  });
});

describe('an exchange', () => {
  it('is as the catalog has the hardware where nothing is named', () => {
    const listed = catalog.hardware('h100-sxm-80gb');
    expect(withMachine(listed, undefined)).toBe(listed);
    expect(withMachine(listed, inside('hgx-nvlink4'))).toBe(withMachine(listed, inside('hgx-nvlink4')));
    expect(withMachine(listed, inside('hgx-nvlink4'))).not.toBe(withMachine(listed, inside('hgx-nvlink3')));
  });

  it('of many bytes goes at the bandwidth of the link times its share, whoever timed the device', () => {
    const wire = { 'all-reduce': 2, 'all-gather': 1, 'reduce-scatter': 1, 'send-recv': 0 } as const;
    for (const device of ['h100-sxm-80gb', 'rtx-pro-6000-96gb', 'mi300x', 'gaudi2', 'arc-pro-b70-32gb'])
      for (const link of links.filter(({ domain }) => (domain ?? 0) >= 8))
        for (const [op, times] of Object.entries(wire)) {
          const bytes = 2 ** 46;
          const moved = times === 0 ? bytes : (bytes * times * 7) / 8;
          const rate = link.bandwidth * (times === 0 ? link.copy_share : link.exchange_share);
          const took = seconds(over(device, inside(link.id)), op as ExchangeOp['op'], 8, bytes);
          expect(moved / took / rate, `${device} ${link.id} ${op}`).toBeCloseTo(1, 2);
        }
  });

  it('of a few bytes takes its hops: so many times longer as those of the link are', () => {
    for (const device of ['h100-sxm-80gb', 'rtx-pro-6000-96gb', 'gaudi2']) {
      const took = (id: string) => seconds(over(device, inside(id)), 'all-reduce', 8, 1);
      for (const link of ['pcie4-x16-no-p2p', 'pcie5-x16', 'hgx-nvlink4'])
        expect(took(link) / took('pcie5-x16-no-p2p'), `${device} ${link}`).toBeCloseTo(
          catalog.link(link).latency_s / 14e-6,
          2,
        );
    }
  });

  it('never costs less over a link that is worse in everything (L7), on every fourth device', () => {
    const worse = (a: Link, b: Link) =>
      a.domain === b.domain &&
      a.latency_s >= b.latency_s &&
      (['exchange_share', 'copy_share'] as const).every((part) => a.bandwidth * a[part] <= b.bandwidth * b[part]);
    const pairs = links.flatMap((a) => links.filter((b) => a !== b && worse(a, b)).map((b) => [a, b] as const));
    expect(pairs.length).toBeGreaterThan(60);
    let compared = 0;
    for (const id of catalog
      .ids('hardware')
      .filter((one) => catalog.hardware(one).kind !== 'cpu')
      .filter((_, i) => i % 4 === 0))
      for (const [a, b] of pairs) {
        const joined = (link: Link): Machine =>
          link.domain === undefined ? { network: jointOf(link) } : { interconnect: jointOf(link) };
        const devices = a.domain === undefined ? 2 * catalog.hardware(id).scale_up.domain : Math.min(8, a.domain);
        for (const op of OPS)
          for (const bytes of SIZES) {
            const [slow, fast] = [a, b].map((link) => seconds(over(id, joined(link)), op, devices, bytes)) as [
              number,
              number,
            ];
            if (!(slow >= fast * (1 - 1e-12)))
              throw new Error(`${id} ${op} ${bytes}: ${a.id} ${slow} < ${b.id} ${fast}`);
            compared++;
          }
      }
    expect(compared).toBeGreaterThan(10_000);
  });

  it('over servers is what was measured: 32 B200 on EFA, 32 KiB and 128 MiB, within a fifth', () => {
    const machine = { ...inside('hgx-nvlink5'), network: jointOf(catalog.link('efa-v4')) };
    const took = (bytes: number) => seconds(over('b200-sxm-180gb', machine), 'all-reduce', 32, bytes);
    expect(Math.abs(took(32 * 1024) / 98e-6 - 1)).toBeLessThan(0.2);
    // bus bandwidth of 197.94 GB/s: bytes x 2 x 31/32 / time
    expect(Math.abs(took(128 * MIB) / ((128 * MIB * 2 * 31) / 32 / 197.94e9) - 1)).toBeLessThan(0.2);
  });
});

describe('tensor parallel over servers', () => {
  const model = catalog.model('llama-3.1-405b');
  const split = { tp: 16, pp: 1, dp: 1, ep: 1, shards: 1 };
  const refusal = (machine: Machine | undefined) => {
    const hardware = over('h100-sxm-80gb', machine);
    return legalSplit(model, hardware, split, resolveFormats(model, { quantization: 'fp8', kv: 'auto' } as never));
  };

  it('is refused unless somebody says how servers are joined, and the refusal says so', () => {
    expect(refusal(undefined)?.words).toMatch(/tp 16 exceeds the scale-up domain of 8 devices \(network: LINK/);
    expect(refusal({ network: jointOf(catalog.link('ib-ndr')) })).toBe(null);
    expect(refusal(inside('nvl72'))).toBe(null);
    expect(refusal(inside('nvlink4-bridge'))?.reason).toBe('tp-beyond-scale-up');
  });
});

const spec = (engine: string, more = '') => `
model: llama-3.1-8b
workload: {lengths: {input_len: 900, output_len: 64}, request_rate: 2, num_requests: 50}
deployment: {hardware: rtx-pro-6000-96gb, tensor_parallel_size: 4}
engine: ${engine}
${more}`;

function issuesOf(text: string) {
  try {
    openQuestion(text, 'machine.yaml', catalog);
  } catch (error) {
    if (error instanceof UserError) return error.issues;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a spec', () => {
  const machineOf = (engine: string, row = 0) =>
    soleConfiguration(openQuestion(spec(engine), 'machine.yaml', catalog).at(row).spec)!.machine;

  it('names links, or gives figures of its own in their place; an axis has a row of each', () => {
    expect(machineOf('{profile: vllm-0.11}')).toBeUndefined();
    expect(machineOf('{interconnect: [pcie5-x16, pcie5-x16-no-p2p]}', 1)).toEqual(inside('pcie5-x16-no-p2p'));
    expect(machineOf('{network: {like: ib-ndr, bandwidth: 100Gb/s, latency: 9us, efficiency: 0.5}}')).toEqual({
      network: {
        name: 'ib-ndr with your figures',
        bandwidth: 12.5e9,
        exchange: 0.5,
        copy: 0.5,
        latency: 9e-6,
        domain: null,
      },
    });
    expect(machineOf('{interconnect: {like: pcie5-x16, domain: 4}}')?.interconnect?.domain).toBe(4);
    expect(openQuestion(spec('{interconnect: {choices: all}}'), 'machine.yaml', catalog).rows).toBe(links.length);
  });

  it('is told what it mistook, by line, with the nearest', () => {
    expect(issuesOf(spec('{interconnect: pcie5-16x}'))[0]).toMatchObject({
      path: 'engine.interconnect',
      line: 5,
      expected: 'a link of the catalog',
    });
    expect(issuesOf(spec('{network: {like: ib-ndrr}}'))[0]!.hint).toMatch(/ib-ndr/);
    expect(issuesOf(spec('{network: {bandwidth: 50GB/s}}'))[0]!.path).toMatch(/engine\.network/);
    expect(issuesOf(spec('{interconnect: {like: pcie5-x16, bandwidth: 12}}'))[0]!.expected).toMatch(/bandwidth/);
  });

  it('has its blocks swapped over the link to its host', () => {
    const bound = (engine: string) => {
      const configuration = soleConfiguration(openQuestion(spec(engine), 'machine.yaml', catalog).at(0).spec)!;
      const deployment = bindDeployment(configuration, { catalog, prices: {}, watts: {} });
      if (isRefusal(deployment)) throw new Error(deployment.words);
      return swapSetup(configuration, deployment, 1e9)!.secondsPerBlock;
    };
    expect(bound('{preemption_mode: swap}')).toBeCloseTo(1e9 / 64e9, 9);
    expect(bound('{preemption_mode: swap, host_link: host-pcie4}')).toBeCloseTo(1e9 / (31.5e9 * 0.83), 9);
  });

  it('has links between instances like those of the catalog, as copies have them', () => {
    const fleet = `
fleet: {a: {kind: llm, model: llama-3.1-8b, hardware: l4}}
pipelines: {p: {stages: [{prefill: {}}, {decode: {}}]}}
workload: {lengths: {input_len: 9, output_len: 9}, request_rate: 1}
links: {own: {like: roce-400, latency: 1ms}, other: {bandwidth: 1GB/s}}`;
    const { links: read } = openQuestion(fleet, 'fleet.yaml', catalog).first;
    expect(read.own).toEqual({ bandwidth: 50e9, latency: 1e-3, efficiency: 0.8 });
    expect(read.other).toEqual({ bandwidth: 1e9, latency: 0, efficiency: 1 });
    expect(issuesOf(fleet.replace('roce-400', 'rocee-400'))[0]).toMatchObject({ path: 'links.own.like', line: 5 });
    expect(issuesOf(fleet.replace('bandwidth: 1GB/s', 'latency: 1ms'))[0]).toMatchObject({
      path: 'links.other.bandwidth',
    });
  });
});
