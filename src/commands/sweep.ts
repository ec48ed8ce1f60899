export async function sweep(): Promise<number> { throw new Error('soon'); }
