// Reads what fits are held against: peaks, bandwidths and links of the catalog's hardware files.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Issue, show, UserError } from '../check/issue.ts';
import { readTextFile } from '../check/text-file.ts';
import type { Device } from './measurement.ts';

/** Every <id>.json below `folder`; a UserError names each file that lacks a figure. */
export function readDevices(folder: string): Map<string, Device> {
  const issues: Issue[] = [];
  const devices = new Map<string, Device>();
  if (!existsSync(folder)) {
    throw new UserError([{ path: folder, expected: 'a folder of hardware files', received: 'nothing there' }]);
  }
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.json')) continue;
    const device = readDevice(join(folder, name), issues);
    if (device) devices.set(device.id, device);
  }
  if (issues.length > 0) throw new UserError(issues);
  return devices;
}

function readDevice(file: string, issues: Issue[]): Device | null {
  let device: Device;
  try {
    device = JSON.parse(readTextFile(file, { path: 'file', expected: 'a readable hardware file' })) as Device;
  } catch (error) {
    if (error instanceof UserError) throw error;
    issues.push({ path: file, expected: 'JSON', received: (error as Error).message, file });
    return null;
  }
  const figures = {
    'peak.bf16': device.peak?.bf16,
    memory_bandwidth: device.memory_bandwidth,
    'scale_up.bandwidth': device.scale_up?.bandwidth,
  };
  const before = issues.length;
  for (const [path, value] of Object.entries(figures)) {
    if (Number.isFinite(value) && value >= 0) continue;
    issues.push({ path, expected: 'a number', received: show(value), file });
  }
  return issues.length === before ? device : null;
}
