// Where the nodes of a drawing stand: the root on top, and a group of children in each row below.

const CELL_HEIGHT = 30;
const LABEL_HEIGHT = 20;
const PITCH = 78;
const WIDEST_CELL = 168;
const NARROWEST_CELL = 14;
const GAP = 8;

/**
 * Places rows of cells in a drawing of this width. A row is `{ cells, stem, label }`: `stem` is the
 * place, in the row above, of the cell that the row's cells are the children of; where a row has
 * children of several, each cell has a `stem` of its own. The first row is the root's. Cells that
 * do not fit are left out, far from the row's `focus` first, and counted as `hidden`.
 */
export function layout(rows, width) {
  const most = Math.max(3, Math.floor(width / NARROWEST_CELL));
  let above;
  const placed = rows.map((row, at) => {
    const shown = visible(row.cells.length, row.focus ?? 0, most);
    const count = shown.end - shown.start;
    const gap = count > 8 ? 3 : GAP;
    const cellWidth = Math.min(WIDEST_CELL, (width - (count - 1) * gap) / count);
    const left = (width - count * cellWidth - (count - 1) * gap) / 2;
    const y = at * PITCH + LABEL_HEIGHT;
    const cells = row.cells.slice(shown.start, shown.end).map((cell, place) => ({
      ...cell,
      x: left + place * (cellWidth + gap),
      y,
      width: cellWidth,
      height: CELL_HEIGHT,
    }));
    const stemOf = (cell) => above?.cells[(cell.stem ?? row.stem ?? 0) - above.start];
    const drawn = cells.flatMap((cell) => edge(cell, stemOf(cell)));
    above = { cells, start: shown.start };
    return { ...row, y, cells, hidden: row.cells.length - count, edges: drawn };
  });
  return { rows: placed, height: (rows.length - 1) * PITCH + LABEL_HEIGHT + CELL_HEIGHT + 2 };
}

/** The cells that are shown: at most `most`, around the one in focus. */
function visible(length, focus, most) {
  const count = Math.min(length, most);
  const start = Math.max(0, Math.min(length - count, focus - Math.floor(count / 2)));
  return { start, end: start + count };
}

/** The edge from a cell up to its stem, unless that is not drawn. */
function edge(cell, stem) {
  if (stem === undefined) {
    return [];
  }
  const from = { x: cell.x + cell.width / 2, y: cell.y };
  return [{ kind: cell.kind, from, to: { x: stem.x + stem.width / 2, y: stem.y + stem.height } }];
}
