// A mutant is dead at the first counterexample: nobody reads a smaller one.
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
