import type { Point } from "./drawing.ts";

/** A rectangle with round corners, around the middle of the drawing. */
interface Oval {
  /** Half its width and half its height. */
  x: number;
  y: number;
  corner: number;
}

/** A piece of what surrounds an oval: between two aisles that lead straight outwards. */
export interface Sector {
  isStraight: boolean;
  /** The point so far from the oval, and so far along, clockwise, from the sector's middle. */
  at(out: number, along: number): Point;
  /** How long the sector is at this distance from the oval. */
  lengthAt(out: number): number;
}

/**
 * Cuts the surroundings of an oval: each of its ends, corners and sides into so many sectors. In clockwise order from the top
 * left one, which makes the first sector of the top end the first of all.
 */
export function sectorsOf({ x, y, corner }: Oval, into: { end: number; corner: number; side: number }): Sector[] {
  const [dx, dy] = [x - corner, y - corner];
  return [
    ...straight({ x: -dx, y: -y }, { x: dx, y: -y }, into.end),
    ...bend({ x: dx, y: -dy }, corner, -90, into.corner),
    ...straight({ x, y: -dy }, { x, y: dy }, into.side),
    ...bend({ x: dx, y: dy }, corner, 0, into.corner),
    ...straight({ x: dx, y }, { x: -dx, y }, into.end),
    ...bend({ x: -dx, y: dy }, corner, 90, into.corner),
    ...straight({ x: -x, y: dy }, { x: -x, y: -dy }, into.side),
    ...bend({ x: -dx, y: -dy }, corner, 180, into.corner),
  ];
}

function straight(from: Point, to: Point, count: number): Sector[] {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const way: Point = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  return Array.from({ length: count }, (_, n) => {
    const middle = ((n + 0.5) / count) * length;
    return {
      isStraight: true,
      // Clockwise with y downwards, what lies outside is to the left of the way: the way turned by a quarter.
      at: (out, along) => ({
        x: from.x + way.x * (middle + along) + way.y * out,
        y: from.y + way.y * (middle + along) - way.x * out,
      }),
      lengthAt: () => length / count,
    };
  });
}

function bend(center: Point, corner: number, fromDegrees: number, count: number): Sector[] {
  const angle = Math.PI / 2 / count;
  return Array.from({ length: count }, (_, n) => {
    const middle = (fromDegrees * Math.PI) / 180 + (n + 0.5) * angle;
    return {
      isStraight: false,
      at: (out, along) => {
        const radius = corner + out;
        const direction = middle + along / radius;
        return { x: center.x + radius * Math.cos(direction), y: center.y + radius * Math.sin(direction) };
      },
      lengthAt: (out) => (corner + out) * angle,
    };
  });
}
