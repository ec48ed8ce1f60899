// Before every file of tests: what draws without a seed of its own draws the same each time.
import fc from 'fast-check';

fc.configureGlobal({ seed: 1 });
