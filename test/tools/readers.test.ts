// Readers turn each layout into the same neutral rows, and say what they leave out.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTraces } from '../../tools/calibrate/read-traces.ts';

let folder = '';
function put(layout: string, name: string, ...lines: string[]) {
  mkdirSync(join(folder, layout), { recursive: true });
  writeFileSync(join(folder, layout, name), `${lines.join('\n')}\n`);
}
const read = (...known: string[]) => readTraces(folder, new Set(known));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mist-readers-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('readers', () => {
  it('read attention over latent vectors of many devices, without what a tile of heads pads and devices nobody knows', () => {
    const head = 'system,backend,kv_cache_dtype,num_heads,batch_size,isl,step,latency_us';
    const rows = [
      'h200_sxm,trtllm,fp8,128,64,1,1023,49',
      'h200_sxm,trtllm,fp8,8,64,1,1023,20',
      'z9,trtllm,fp8,128,1,1,1023,9',
    ];
    put('new_ops', 'mla_decode.trtllm.csv', head, ...rows);
    put('new_ops', 'mla_decode.sglang.csv', head, 'h200_sxm,sglang,fp8,128,64,1,1023,166');
    put('new_ops', 'mla_prefill.trtllm.csv', head, 'h200_sxm,trtllm,bfloat16,128,2,1024,0,300');
    put('new_ops', 'mamba2.trtllm.csv', head);
    const { ops, notes } = read('h200-sxm-141gb');
    expect(ops.map(({ family, format, layout, rows }) => [family, format, layout, rows.length])).toEqual([
      ['mla-decode', 'fp8', 'new_ops', 2],
      ['mla-prefill', 'bf16', 'new_ops', 1],
    ]);
    // one latent of 576 bytes and a query of 128 heads a sequence; 2 (576 + 512) FLOPs a head and cached token
    const [decode] = ops[0]!.rows;
    expect([decode!.flops, decode!.cell]).toEqual([
      64 * 1024 * 128 * 2 * 1088,
      { layer: [], at: [64, 1024, 128, 576] },
    ]);
    expect(ops[1]!.rows[0]!.cell).toEqual({ layer: [], at: [1024, 128, 576, 1] });
    expect(notes.join('\n')).toMatch(/mamba2\.trtllm\.csv: no reader/);
    expect(notes.join('\n')).toMatch(/z9: not a device of the catalog/);
  });

  it('read exchanges of experts by what a device sends: pairs of the one-sided kernels, DeepEP inside a server', () => {
    const trtllm = 'system,kernel_source,moe_dtype,num_tokens,hidden_size,topk,num_experts,moe_ep_size,latency_us';
    const pair = (source: string, devices: number, us: number) =>
      `gb200,${source},nvfp4,64,7168,8,256,${devices},${us}`;
    put(
      'new_ops',
      'trtllm_alltoall.trtllm.csv',
      trtllm,
      ...[pair('NVLinkOneSided', 4, 16), pair('NVLinkOneSided', 4, 30), pair('NVLinkTwoSided', 4, 11)],
    );
    put(
      'new_ops',
      'deepep_low_latency.sglang.csv',
      'system,node_num,hidden_size,num_token,num_topk,combine_avg_t_us,dispatch_avg_t_us',
      ...['h200_sxm,1,7168,64,8,40,28', 'h200_sxm,2,7168,64,8,102,58', 'z9,1,7168,64,8,40,28'],
    );
    const { links } = read('gb200-186gb', 'h200-sxm-141gb');
    const told = links.map(({ device, devices, op, library }) => `${device} ${devices} ${op} ${library}`);
    expect(told).toEqual(['h200-sxm-141gb 8 all-to-all deepep', 'gb200-186gb 4 all-to-all trtllm_nvlink']);
    const bytes = (copies: number, each: number) => 64 * 7168 * copies * each;
    expect(links.map(({ rows }) => rows.map((row) => [row.bytes, Math.round(row.seconds * 1e6)]))).toEqual([
      [
        [bytes(8, 1), 28],
        [bytes(8, 2), 40],
      ],
      [
        [bytes(4, 0.5625), 16],
        [bytes(4, 2), 30],
      ],
    ]);
  });

  it('read attention with KV format, leaving out decodes with nothing cached', () => {
    const names = 'kv_cache_dtype,batch_size,num_heads,num_key_value_heads,head_dim';
    put(
      'aiconfigurator',
      'l40s.attention_decode.csv',
      `${names},latency_us,kv_len`,
      'fp8,4,32,8,128,20,1024',
      'fp8,4,32,8,128,9,2',
    );
    put(
      'aiconfigurator',
      'l40s.attention_prefill.csv',
      `${names},seq_len,past_kv,latency_us`,
      'bfloat16,1,32,8,128,512,0,50',
      'bfloat16,4,32,8,128,512,0,150',
    );
    const { ops, notes } = read('l40s');
    const decode = ops.find((series) => series.family === 'attention-decode')!;
    expect(decode).toMatchObject({ device: 'l40s', format: 'fp8', layout: 'aiconfigurator' });
    expect(decode.rows).toEqual([
      {
        fixed: '32/8x128',
        axes: [4, 1024],
        shape: '32/8x128',
        flops: 4 * 4 * 1024 * 32 * 128,
        bytes: 4 * (1024 * 2 * 8 * 128 + 4 * 32 * 128),
        cell: { layer: [], at: [4 * 8, 1024, 4, 128] },
        seconds: 20 * 1e-6,
      },
    ]);
    const prefill = ops.find((series) => series.family === 'attention-prefill')!;
    expect(prefill.rows[0].flops).toBe(4 * ((512 * 513) / 2) * 32 * 128);
    // one prompt of 512 tokens does not fill a step: its efficiency in a table is that of four
    expect(prefill.rows.map((row) => row.cell)).toEqual([undefined, { layer: [], at: [512, 32, 128, 8] }]);
    expect(notes.join('\n')).toContain('1 decode rows with fewer than 64 cached tokens left out');
  });

  it('prefer the power-law routing of experts and 16-bit messages', () => {
    const names = 'moe_dtype,num_tokens,hidden_size,inter_size,topk,num_experts,moe_tp_size,moe_ep_size,distribution';
    const shape = '8,4096,1536,8,128,2,1';
    put(
      'aiconfigurator',
      'l40s.moe.csv',
      `${names},latency_us`,
      `fp8,${shape},balanced,9`,
      `fp8,${shape},power_law_1.01,10`,
    );
    const message = 'nccl-2.29.2,all_reduce';
    put(
      'aiconfigurator',
      'l40s.collectives.csv',
      'lib,op,dtype,num_gpus,elements,bytes,latency_us',
      `${message},int8,8,512,512,9`,
      `${message},half,8,512,1024,11`,
    );
    const { ops, links, notes } = read('l40s');
    expect(ops[0].rows.map((row) => row.seconds)).toEqual([10 * 1e-6]);
    expect(links).toEqual([
      {
        device: 'l40s',
        op: 'all-reduce',
        devices: 8,
        library: 'nccl-2.29.2',
        layout: 'aiconfigurator',
        rows: [{ bytes: 1024, seconds: 11 * 1e-6 }],
      },
    ]);
    expect(notes).toHaveLength(2);
  });

  it('read layers in nanoseconds and microseconds, vidur in milliseconds, AMD tables and header-less lines', () => {
    put(
      'llmservingsim',
      'H100.Llama-3.1-8B.tp2.layers.csv',
      'layer_name,input,kv_cache,tp_size,latency(ns)',
      'o_proj,4,0,2,9000',
    );
    put('llmservingsim', 'RTX4090.Llama-3.1-8B.tp1.dense.csv', 'layer,tokens,time_us', 'qkv_proj,2,55', 'act_fn,2,3');
    put(
      'vidur',
      'a40.Llama-2-7b-hf.mlp.csv',
      'attn_pre_proj_ms,attn_post_proj_ms,mlp_up_proj_ms,mlp_down_proj_ms,num_tokens,num_tensor_parallel_workers',
      '0.2,0.1,0.3,0.15,8,1',
    );
    put(
      'aiter',
      'mi300x.gemm_tuned.csv',
      'gfx,cu_num,dt,M,N,K,us,table',
      'g,1,fp8,64,1536,5120,17,a8w8_blockscale_x',
      'g,1,fp8,64,1536,5120,9,batched',
    );
    put('llmcompass', 'ab_matmul_A100.csv', '64, 12288, 12288, 0.1900ms, 101.7124Tflops');
    const { ops } = read('h100-sxm-80gb', 'rtx-4090-24gb', 'a40', 'mi300x', 'a100-sxm-80gb');
    const rows = ops.flatMap((s) =>
      s.rows.map((row) => [s.device, s.family, s.format, row.axes.join('x'), Math.round(row.seconds * 1e6)]),
    );
    expect(rows).toEqual([
      ['h100-sxm-80gb', 'gemm', 'bf16', '4x4096x2048', 9],
      ['rtx-4090-24gb', 'gemm', 'bf16', '2x6144x4096', 55],
      ['rtx-4090-24gb', 'elementwise', 'bf16', '2', 3],
      ['a40', 'gemm', 'bf16', '8x12288x4096', 200],
      ['a40', 'gemm', 'bf16', '8x4096x4096', 100],
      ['a40', 'gemm', 'bf16', '8x22016x4096', 300],
      ['a40', 'gemm', 'bf16', '8x4096x11008', 150],
      ['mi300x', 'gemm', 'fp8-block', '64x1536x5120', 17],
      ['a100-sxm-80gb', 'gemm', 'bf16', '64x12288x12288', 165], // less 25 us of eager launch
    ]);
  });
});
