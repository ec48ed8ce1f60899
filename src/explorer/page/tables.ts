// Tables that the reports' parts made: sorted by a click on a heading, filtered by words; rows and dots are picked.

const valueIn = (row: HTMLTableRowElement, i: number): string | number => {
  const cell = row.cells[i];
  const value = cell?.dataset.v;
  if (value === undefined) return cell?.textContent ?? '';
  return value === '' ? Number.POSITIVE_INFINITY : Number(value);
};

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

function sort(head: HTMLTableCellElement): void {
  const table = head.closest('table');
  const body = table?.tBodies[0];
  if (!table || !body) return;
  const up = head.getAttribute('aria-sort') !== 'ascending';
  for (const other of table.tHead?.rows[0]?.cells ?? []) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
  const rows = Array.from(body.rows, (row) => [valueIn(row, head.cellIndex), row] as const);
  rows.sort(([a], [b]) => (up ? 1 : -1) * compare(a, b));
  body.append(...rows.map(([, row]) => row));
}

function filter(field: HTMLInputElement): void {
  const words = field.value.toLowerCase().split(/\s+/);
  const body = document.querySelector<HTMLTableElement>('#ranking')?.tBodies[0];
  let shown = 0;
  for (const row of body?.rows ?? []) {
    row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    if (!row.hidden) shown++;
  }
  const told = document.querySelector('#found');
  if (told) told.textContent = field.value === '' ? '' : `${shown} found`;
}

export function heedTables(pick: (row: number) => void): void {
  document.addEventListener('click', (event) => {
    const at = event.target as Element;
    const head = at.closest<HTMLTableCellElement>('.answer th:has(button)');
    if (head) return sort(head);
    const copy = at.closest('.answer .code .copy');
    if (copy) return void navigator.clipboard?.writeText(copy.parentElement?.querySelector('pre')?.textContent ?? '');
    const row = at.closest<HTMLElement>('.answer [data-row]')?.dataset.row;
    if (row) pick(Number(row));
  });
  document.addEventListener('input', (event) => {
    const field = event.target as HTMLInputElement;
    if (field.id === 'search') filter(field);
  });
}
