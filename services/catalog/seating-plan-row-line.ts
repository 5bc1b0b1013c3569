/** What the order along a row is made from; `guid` decides between seats on the very same point. */
export interface Placed {
  x: number;
  y: number;
  guid: string;
}

/** A point of the row with the seats on it; `u` and `v` are its place within the row's own extent, 0 to 1. */
interface Node<T> {
  u: number;
  v: number;
  seats: T[];
}

/**
 * The seats of one physical row in the order in which they stand: along the row's own line, from its left end (from its top
 * end where the row is upright). The order of the array does not matter.
 *
 * The row's line is the shorter of two ways through its seats: along its main axis (straight and gently curved rows), or
 * around the middle of the circle that fits it best, cut where its neighbours are farthest apart (horseshoes, rows around a
 * table or an arena). The circle is Kåsa's least-squares fit. O(n log n).
 */
export function alongRowLine<T extends Placed>(seats: readonly T[]): T[] {
  const nodes = nodesOf(seats);
  const straight = byMainAxis(nodes);
  const round = aroundMiddle(nodes);
  // Rounding must not decide between two ways of the same length.
  const way = round && lengthOf(round) < lengthOf(straight) * (1 - 1e-9) ? round : straight;
  return leftEndFirst(way).flatMap((node) => node.seats);
}

/** Distinct points, sorted so that sums over them are the same whatever order the seats came in. */
function nodesOf<T extends Placed>(seats: readonly T[]): Node<T>[] {
  const sorted = seats.toSorted((a, b) => a.x - b.x || a.y - b.y || (a.guid < b.guid ? -1 : 1));
  // Quarters, because the difference of two huge coordinates may overflow.
  const [left, right] = range(sorted, (seat) => seat.x / 4);
  const [top, bottom] = range(sorted, (seat) => seat.y / 4);
  const extent = Math.max(right - left, bottom - top) || 1;
  const nodes: Node<T>[] = [];
  let last: T | undefined;
  for (const seat of sorted) {
    if (last && last.x === seat.x && last.y === seat.y) nodes.at(-1)?.seats.push(seat);
    else nodes.push({ u: (seat.x / 4 - left) / extent, v: (seat.y / 4 - top) / extent, seats: [seat] });
    last = seat;
  }
  return nodes;
}

function range<T>(items: readonly T[], of: (item: T) => number): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const item of items) {
    const value = of(item);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function sum<T>(nodes: readonly Node<T>[], of: (u: number, v: number) => number): number {
  let total = 0;
  for (const node of nodes) total += of(node.u, node.v);
  return total;
}

/** The moments about the mean that both ways need. */
function moments<T>(nodes: readonly Node<T>[]) {
  const mu = sum(nodes, (u) => u) / nodes.length;
  const mv = sum(nodes, (_, v) => v) / nodes.length;
  const uu = sum(nodes, (u) => (u - mu) ** 2);
  const vv = sum(nodes, (_, v) => (v - mv) ** 2);
  const uv = sum(nodes, (u, v) => (u - mu) * (v - mv));
  return { mu, mv, uu, vv, uv };
}

function byMainAxis<T>(nodes: readonly Node<T>[]): Node<T>[] {
  const { uu, vv, uv } = moments(nodes);
  const angle = Math.atan2(2 * uv, uu - vv) / 2;
  const [du, dv] = [Math.cos(angle), Math.sin(angle)];
  return sortedBy(nodes, (node) => node.u * du + node.v * dv);
}

/** Undefined when all points are on one line, about which no circle goes. */
function aroundMiddle<T>(nodes: readonly Node<T>[]): Node<T>[] | undefined {
  const { mu, mv, uu, vv, uv } = moments(nodes);
  const determinant = uu * vv - uv * uv;
  if (nodes.length < 3 || determinant < 1e-9 * (uu + vv) ** 2) return undefined;
  const third = (of: (u: number, v: number) => number) =>
    sum(nodes, (u, v) => of(u - mu, v - mv) * ((u - mu) ** 2 + (v - mv) ** 2)) / 2;
  const [tu, tv] = [third((u) => u), third((_, v) => v)];
  const cu = mu + (tu * vv - tv * uv) / determinant;
  const cv = mv + (tv * uu - tu * uv) / determinant;
  const ring = sortedBy(nodes, (node) => Math.atan2(node.v - cv, node.u - cu));
  let cut = 0;
  for (let i = 1; i < ring.length; i++) if (stepTo(ring, i) > stepTo(ring, cut)) cut = i;
  return [...ring.slice(cut), ...ring.slice(0, cut)];
}

function sortedBy<T>(nodes: readonly Node<T>[], key: (node: Node<T>) => number): Node<T>[] {
  return nodes
    .map((node) => ({ node, key: key(node) }))
    .sort((a, b) => a.key - b.key)
    .map(({ node }) => node);
}

/** From the node before (the last one, for the first) to this one. */
function stepTo<T>(ring: readonly Node<T>[], i: number): number {
  const [from, to] = [ring.at(i - 1), ring[i]];
  return from && to ? Math.hypot(to.u - from.u, to.v - from.v) : 0;
}

function lengthOf<T>(way: readonly Node<T>[]): number {
  let length = 0;
  for (let i = 1; i < way.length; i++) length += stepTo(way, i);
  return length;
}

/** A millionth of the row: ends closer than that are one above the other, whatever rounding made of them. */
const UPRIGHT = 1e-6;

function leftEndFirst<T>(way: Node<T>[]): Node<T>[] {
  const [first, last] = [way[0], way.at(-1)];
  if (!first || !last) return way;
  const across = last.u - first.u;
  const isTurned = Math.abs(across) > UPRIGHT ? across < 0 : last.v < first.v;
  return isTurned ? way.reverse() : way;
}
