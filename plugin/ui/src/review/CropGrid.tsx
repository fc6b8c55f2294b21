/** The pictures of a gallery in which a person is seen: thousands cost no more than those on the screen, and crops come 60 at a time. */
import * as React from "react";
import { Link } from "react-router-dom";
import { useApp, useText } from "../context";
import { pages, visibleCells } from "../lib/window";
import { Face } from "../parts/basics";
import type { SeenIn } from "../types";

export const CROPS_A_PAGE = 60;
const CELL = 92;
const VIEW = 280;

/** Crops by key; a page is asked for once, when one of its cells comes into view. */
function useCrops(job: string | null, images: readonly SeenIn[], first: number, last: number): Record<string, string> {
  const app = useApp();
  const [crops, setCrops] = React.useState<Record<string, string>>({});
  const asked = React.useRef(new Set<number>());
  const keyPages = React.useMemo(() => pages(images.map((image) => image.crop_key), CROPS_A_PAGE), [images]);
  React.useEffect(() => {
    if (!job || last <= first) return;
    for (let page = Math.floor(first / CROPS_A_PAGE); page <= Math.floor((last - 1) / CROPS_A_PAGE); page += 1) {
      const keys = keyPages[page];
      if (!keys || asked.current.has(page)) continue;
      asked.current.add(page);
      app.ops.crops(job, keys.filter(Boolean)).then(
        (answer) => setCrops((before) => ({ ...before, ...answer.crops })),
        () => asked.current.delete(page),
      );
    }
  }, [app, job, keyPages, first, last]);
  return crops;
}

export const CropGrid: React.FC<{ job: string | null; images: SeenIn[]; name: string }> = ({ job, images, name }) => {
  const t = useText();
  const [open, setOpen] = React.useState(false);
  const [only] = images;
  if (only && images.length === 1) return <Link className="sai-link" to={`/images/${only.image_id}`} target="_blank" rel="noreferrer">{t("openPicture")}</Link>;
  return (
    <div>
      <button type="button" className="sai-link" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? t("hidePictures") : t("showPictures", { n: images.length })}
      </button>
      {open && <Grid job={job} images={images} name={name} />}
    </div>
  );
};

const Grid: React.FC<{ job: string | null; images: SeenIn[]; name: string }> = ({ job, images, name }) => {
  const box = React.useRef<HTMLDivElement>(null);
  const [top, setTop] = React.useState(0);
  const [columns, setColumns] = React.useState(6);
  React.useLayoutEffect(() => {
    const measure = () => setColumns(Math.max(2, Math.floor((box.current?.clientWidth ?? 560) / CELL)));
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, []);
  const view = Math.min(VIEW, Math.ceil(images.length / columns) * CELL);
  const shown = visibleCells(images.length, columns, CELL, top, view);
  const crops = useCrops(job, images, shown.first, shown.last);
  return (
    <div className="sai-grid" ref={box} style={{ height: view }} onScroll={(event) => setTop(event.currentTarget.scrollTop)} tabIndex={-1}>
      <div style={{ height: shown.height }}>
        <div className="sai-grid-cells" style={{ transform: `translateY(${shown.padTop}px)`, gridTemplateColumns: `repeat(${columns}, 1fr)` }}>
          {images.slice(shown.first, shown.last).map((image) => (
            <Link key={`${image.image_id} ${image.crop_key}`} to={`/images/${image.image_id}`} target="_blank" rel="noreferrer">
              <Face src={crops[image.crop_key]} label={name} />
            </Link>
          ))}
        </div>
      </div>
    </div>
  );
};
