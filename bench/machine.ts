// Where the numbers come from: the processor and the runtime, never a host's name.
import { cpus, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gb: number;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
}

export function describeMachine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memory_gb: Math.round(totalmem() / 1e9),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
  };
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memory_gb, node, v8, platform } = machine;
  return `${cpu}, ${cores} cores, ${memory_gb} GB, ${platform}, Node ${node.slice(1)} (V8 ${v8})`;
}
