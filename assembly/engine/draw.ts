// A draw that depends on nothing but its coordinates: who accepts what must not change with the schedule.

/** 32 bits that look random, of three whole numbers: two rounds of multiply and shift after each (Wellons' lowbias32). */
export function mix3(a: u32, b: u32, c: u32): u32 {
  return scramble(scramble(scramble(a) + b) + c);
}

function scramble(x: u32): u32 {
  let h = x + 0x9e3779b9;
  h = (h ^ (h >>> 16)) * 0x21f0aaad;
  h = (h ^ (h >>> 15)) * 0x735a2d97;
  return h ^ (h >>> 15);
}
