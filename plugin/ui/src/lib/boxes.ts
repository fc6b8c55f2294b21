/** Where a face's box lies on the screen: pictures and videos are scaled to fit and centred in their element. */
import type { Box, Row } from "../types";

export interface Rect {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** `outer` is the element's size, `frame` the size of the picture that it shows (letter-boxed). Pixels. */
export function placeBox(box: Box, outer: { width: number; height: number }, frame?: { width: number; height: number }): Rect {
  const shown = frame && frame.width > 0 && frame.height > 0 ? frame : { width: box.frame_w, height: box.frame_h };
  const scale = Math.min(outer.width / shown.width, outer.height / shown.height);
  const left = (outer.width - shown.width * scale) / 2;
  const top = (outer.height - shown.height * scale) / 2;
  const [kx, ky] = [(shown.width / box.frame_w) * scale, (shown.height / box.frame_h) * scale];
  return { left: left + box.x * kx, top: top + box.y * ky, width: box.w * kx, height: box.h * ky };
}

export interface NamedBox {
  row: Row;
  box: Box;
}

/** The faces known at this time of the video: of each row the box nearest to it, if within `tolerance` seconds. */
export function boxesAt(rows: readonly Row[], time: number, tolerance: number): NamedBox[] {
  const found: NamedBox[] = [];
  for (const row of rows) {
    const away = (box: Box) => Math.abs((box.time ?? Infinity) - time);
    const nearest = row.boxes.reduce<Box | undefined>((best, box) => (!best || away(box) < away(best) ? box : best), undefined);
    if (nearest && away(nearest) <= tolerance) found.push({ row, box: nearest });
  }
  return found;
}
