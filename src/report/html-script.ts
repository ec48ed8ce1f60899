// What the report page does when scripts run: sort and filter the ranking, hover and pick points, copy the command.
// Without scripts everything is still there: the tables in rank order, the hover text as SVG titles.

export const PAGE_SCRIPT = `
'use strict';
const table = document.querySelector('#ranking');
const body = table && table.tBodies[0];
const valueOf = (row, i) => {
  const cell = row.cells[i];
  const value = cell.dataset.v;
  return value === undefined ? cell.textContent : value === '' ? Infinity : Number(value);
};
const compare = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en', { numeric: true });
for (const button of document.querySelectorAll('#ranking th button')) {
  button.addEventListener('click', () => {
    const head = button.closest('th');
    const up = head.getAttribute('aria-sort') !== 'ascending';
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const rows = [...body.rows].map((row) => [valueOf(row, head.cellIndex), row]);
    rows.sort((a, b) => (a[0] === Infinity) - (b[0] === Infinity) || (up ? 1 : -1) * compare(a[0], b[0]));
    body.append(...rows.map((pair) => pair[1]));
  });
}
const search = document.querySelector('#search');
if (search) search.addEventListener('input', () => {
  const words = search.value.toLowerCase().split(/\\s+/);
  let shown = 0;
  for (const row of body.rows) {
    row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    if (!row.hidden) shown++;
  }
  document.querySelector('#found').textContent = search.value ? shown + ' found' : '';
});
const tip = document.querySelector('#tip');
const titles = new Map();
for (const circle of document.querySelectorAll('circle[data-row]')) {
  const title = circle.querySelector('title');
  if (!title) continue;
  titles.set(circle, title.textContent);
  title.remove();
}
document.addEventListener('pointermove', (event) => {
  const text = titles.get(event.target);
  tip.hidden = text === undefined;
  if (text === undefined) return;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + 'px';
  tip.style.top = (event.clientY + box.height + 24 > innerHeight ? event.clientY - box.height - 12 : event.clientY + 14) + 'px';
});
document.addEventListener('click', (event) => {
  const id = event.target.dataset && event.target.dataset.row;
  if (event.target.tagName !== 'circle' || !id || !body) return;
  for (const row of body.rows) row.classList.toggle('picked', row.dataset.row === id);
  const picked = body.querySelector('.picked');
  if (picked) { picked.hidden = false; picked.scrollIntoView({ block: 'center', behavior: 'smooth' }); }
});
for (const button of document.querySelectorAll('.copy')) {
  button.addEventListener('click', async () => {
    const code = button.parentElement.querySelector('pre');
    try { await navigator.clipboard.writeText(code.textContent); button.textContent = 'Copied'; }
    catch { getSelection().selectAllChildren(code); button.textContent = 'Selected'; }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
}
`;
