/** Boxes over the picture of an image's page, placed from the picture's own rectangle; over a clip those of the moment. */
import * as React from "react";
import { createPortal } from "react-dom";
import { useApp, useStore } from "../context";
import { currentClip } from "../host";
import { boxesAt } from "../lib/boxes";
import type { NamedBox } from "../lib/boxes";
import { Boxes, TOLERANCE } from "./Overlay";

interface Place {
  left: number;
  top: number;
  width: number;
  height: number;
}

function usePlace(container: HTMLElement | null): Place | undefined {
  const [place, setPlace] = React.useState<Place>();
  React.useEffect(() => {
    const picture = container?.querySelector<HTMLElement>("img.image-image, video.image-image");
    if (!container || !picture) return setPlace(undefined);
    const measure = () => {
      const [outer, inner] = [container.getBoundingClientRect(), picture.getBoundingClientRect()];
      setPlace({ left: inner.left - outer.left, top: inner.top - outer.top, width: inner.width, height: inner.height });
    };
    measure();
    picture.addEventListener("load", measure);
    const observer = new ResizeObserver(measure);
    observer.observe(picture);
    observer.observe(container);
    return () => {
      picture.removeEventListener("load", measure);
      observer.disconnect();
    };
  }, [container]);
  return place;
}

/** Where the clip in `container` is, null where there is a picture. */
function useClipTime(container: HTMLElement | null): number | null {
  const [time, setTime] = React.useState<number | null>(null);
  React.useEffect(() => {
    const clip = container && currentClip(container);
    if (!clip) return setTime(null);
    const read = () => setTime(clip.currentTime);
    read();
    clip.addEventListener("timeupdate", read);
    return () => clip.removeEventListener("timeupdate", read);
  }, [container]);
  return time;
}

export const ImageOverlay: React.FC<{ id: string; container: HTMLElement | null }> = ({ id, container }) => {
  const app = useApp();
  const shown = useStore(app.overlay);
  const place = usePlace(container);
  const time = useClipTime(container);
  if (!container || !place || shown?.type !== "image" || shown.id !== id) return null;
  const rows = [...shown.result.people, ...shown.result.unknown].filter((row) => row.state !== "skipped");
  const boxes: NamedBox[] = time !== null ? boxesAt(rows, time, TOLERANCE) : rows.flatMap((row) => row.boxes.slice(0, 1).map((box) => ({ row, box })));
  return createPortal(<div className="sai sai-image-overlay" style={place}><Boxes boxes={boxes} outer={place} /></div>, container);
};
