/** What became of one list of words or lines in another: the longest common part stays. */

/** Comparisons at most. Beyond, everything between the common ends counts as rewritten. */
const MOST = 4_000_000;

/**
 * The way from `before` to `after`, in order.
 *
 * @param {string[]} before
 * @param {string[]} after
 * @returns {{kind: "same"|"gone"|"new", item: string}[]} what is gone stands before what is new
 */
export function diff(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const room = Math.min(before.length, after.length) - start;
  while (end < room && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const all = (kind, items) => items.map((item) => ({ kind, item }));
  return [
    ...all("same", before.slice(0, start)),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...all("same", before.slice(before.length - end)),
  ];
}

/** The part where the two differ at both ends. */
function middle(before, after) {
  const lengths = before.length * after.length <= MOST ? commonLengths(before, after) : null;
  const way = [];
  let [i, j] = [0, 0];
  while (lengths && i < before.length && j < after.length) {
    if (before[i] === after[j]) way.push({ kind: "same", item: before[(j++, i++)] });
    else if (lengths[i + 1][j] >= lengths[i][j + 1]) way.push({ kind: "gone", item: before[i++] });
    else way.push({ kind: "new", item: after[j++] });
  }
  for (const item of before.slice(i)) way.push({ kind: "gone", item });
  for (const item of after.slice(j)) way.push({ kind: "new", item });
  return way;
}

/** For every pair of places the length of the longest common part from there on. */
function commonLengths(before, after) {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      lengths[i][j] =
        before[i] === after[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

/**
 * As `diff` gives it, but only what changed and `around` lines beside it; `{kind: "skipped", count}` for the rest.
 */
export function hunks(way, around = 2) {
  const near = way.map((_, at) => way.slice(Math.max(0, at - around), at + around + 1).some(({ kind }) => kind !== "same"));
  const shown = [];
  way.forEach((line, at) => {
    if (near[at]) shown.push(line);
    else if (shown.at(-1)?.kind === "skipped") shown.at(-1).count += 1;
    else shown.push({ kind: "skipped", count: 1 });
  });
  return shown;
}
