/** One lane: the stretches in which a person is seen, the frames in which they were found; a click goes to the nearest of them. */
import * as React from "react";
import { timeCode } from "../lib/time";
import type { Row } from "../types";

const WIDTH = 1000;
const HEIGHT = 14;

/** The time of the row that a click at `fraction` of the lane means. */
export function nearestTime(row: Pick<Row, "times" | "spans">, duration: number, fraction: number): number {
  const wanted = fraction * duration;
  const inside = row.spans.some((span) => wanted >= span.start && wanted <= span.end);
  if (inside || row.times.length === 0) return wanted;
  return row.times.reduce((best, time) => (Math.abs(time - wanted) < Math.abs(best - wanted) ? time : best));
}

export const Timeline: React.FC<{ row: Row; duration: number; label: string; onSeek(time: number): void }> = ({ row, duration, label, onSeek }) => {
  const at = (time: number) => (Math.min(duration, Math.max(0, time)) / duration) * WIDTH;
  const click = (event: React.MouseEvent<SVGSVGElement>) => {
    const rect = event.currentTarget.getBoundingClientRect();
    onSeek(nearestTime(row, duration, (event.clientX - rect.left) / rect.width));
  };
  return (
    <svg className="sai-timeline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label} onClick={click}>
      <rect className="sai-track" x="0" y="5" width={WIDTH} height="4" rx="2" />
      {row.spans.map((span) => (
        <rect key={`s${span.start}`} className="sai-span" x={at(span.start)} y="3" width={Math.max(6, at(span.end) - at(span.start))} height="8" rx="2">
          <title>{`${timeCode(span.start)} – ${timeCode(span.end)}`}</title>
        </rect>
      ))}
      {row.times.map((time) => (
        <rect key={`t${time}`} className="sai-mark" x={at(time) - 2} y="1" width="4" height="12" rx="1"><title>{timeCode(time)}</title></rect>
      ))}
    </svg>
  );
};
