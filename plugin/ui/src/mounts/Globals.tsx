/** The one component that is always mounted: dialogs, overlays and everything for which Stash offers only its DOM. */
import * as React from "react";
import { useIntl } from "react-intl";
import { useLocation } from "react-router-dom";
import { openReview } from "../app";
import { Boundary, useApp, useText, useToast } from "../context";
import { translator } from "../i18n/translate";
import { entityOfPath } from "../lib/selection";
import { PerformerDialogs, PerformerMenu } from "../performer/dialogs";
import { ReviewDialog } from "../review/ReviewDialog";
import { ForeignTab, Into, useElement } from "./dom";
import { FacesTab } from "./FacesTab";
import { ImageOverlay } from "./ImageOverlay";
import { PlayerOverlay } from "./Overlay";

export const Globals: React.FC = () => {
  const app = useApp();
  const { locale } = useIntl();
  const { pathname } = useLocation();
  React.useEffect(() => app.t.set(translator(locale)), [app, locale]);
  const toast = useToast();
  React.useEffect(() => app.toast.set(toast), [app, toast]);
  const entity = entityOfPath(pathname);
  return (
    <>
      <Boundary><ReviewDialog /></Boundary>
      <Boundary><PerformerDialogs /></Boundary>
      <Boundary><PlayerOverlay /></Boundary>
      {entity && (entity.type === "image" || entity.type === "gallery") && (
        <Boundary key={pathname}><PicturesPage type={entity.type} id={entity.id} path={pathname} /></Boundary>
      )}
      {entity?.type === "performer" && <Boundary key={pathname}><PerformerPage id={entity.id} path={pathname} /></Boundary>}
    </>
  );
};

/** An image's or gallery's page: an entry in its "…" menu, a Faces tab and, for an image, boxes over the picture. */
const PicturesPage: React.FC<{ type: "image" | "gallery"; id: string; path: string }> = ({ type, id, path }) => {
  const app = useApp();
  const t = useText();
  const menu = useElement('.dropdown-menu[aria-labelledby="operation-menu"]', path);
  const root = useElement(type === "image" ? ".image-tabs" : ".gallery-tabs", path);
  const container = useElement(type === "image" ? ".image-container" : null, path);
  const title = () => document.querySelector(`.${type}-header`)?.textContent?.trim() ?? "";
  const identify = (event: React.MouseEvent) => {
    event.preventDefault();
    // An entry that is not Stash's does not close its menu.
    document.body.click();
    openReview(app, { type, id, mode: "auto" }, title());
  };
  return (
    <>
      <Into element={menu}>
        <a href="#identify" role="button" className="dropdown-item bg-secondary text-white" data-sai="identify" onClick={identify}>{t("identify")}</a>
      </Into>
      <ForeignTab root={root} title={t("faces")}><FacesTab type={type} id={id} title={title()} /></ForeignTab>
      {type === "image" && <ImageOverlay id={id} container={container} />}
    </>
  );
};

const PerformerPage: React.FC<{ id: string; path: string }> = ({ id, path }) => {
  const place = useElement("#performer-page .details-edit", path);
  return <Into element={place}><PerformerMenu id={id} /></Into>;
};
