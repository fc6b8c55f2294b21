/**
 * Boxes and names over a paused video: found faces lie where they were seen, until the picture moves. HTML only (Stash's filter
 * panel takes the first canvas in the player for the video), and none over a VR player, whose picture is a projection.
 */
import * as React from "react";
import { Button } from "react-bootstrap";
import { createPortal } from "react-dom";
import { openReview } from "../app";
import type { FrameLook } from "../app";
import { useApp, useStore, useText } from "../context";
import { currentPlayer } from "../host";
import type { Player } from "../host";
import { boxesAt, placeBox } from "../lib/boxes";
import type { NamedBox } from "../lib/boxes";
import { Waiting } from "../parts/basics";

const LOOK_FOR_PLAYER = 500;
/** Seconds for which a face lies where it was found. */
export const TOLERANCE = 0.35;

export const isVr = (player: Player) => !!player.el().querySelector("canvas") || player.el().classList.contains("vjs-vr");

/** The player of the open scene's page; it comes and goes with the page. */
function usePlayer(active: boolean): Player | undefined {
  const [player, setPlayer] = React.useState<Player>();
  React.useEffect(() => {
    if (!active) return setPlayer(undefined);
    const look = () => setPlayer(currentPlayer());
    look();
    const timer = setInterval(look, LOOK_FOR_PLAYER);
    return () => clearInterval(timer);
  }, [active]);
  return player;
}

/** The time at which the video stands still, undefined while it plays or its poster is shown. */
function useStill(player: Player | undefined): { time: number; width: number; height: number } | undefined {
  const [still, setStill] = React.useState<{ time: number; width: number; height: number }>();
  React.useEffect(() => {
    if (!player) return setStill(undefined);
    const read = () => {
      const { clientWidth: width, clientHeight: height } = player.el();
      setStill(player.paused() && player.readyState() > 0 ? { time: player.currentTime(), width, height } : undefined);
    };
    const hide = () => setStill(undefined);
    read();
    player.on(["pause", "seeked", "loadeddata", "playerresize", "fullscreenchange"], read);
    player.on(["play", "seeking"], hide);
    window.addEventListener("resize", read);
    return () => {
      player.off(["pause", "seeked", "loadeddata", "playerresize", "fullscreenchange"], read);
      player.off(["play", "seeking"], hide);
      window.removeEventListener("resize", read);
    };
  }, [player]);
  return still;
}

export const PlayerOverlay: React.FC = () => {
  const app = useApp();
  const scene = useStore(app.scene);
  const frame = useStore(app.frame);
  const shown = useStore(app.overlay);
  const player = usePlayer(!!scene);
  const still = useStill(player);
  if (!scene || !player || isVr(player)) return null;
  if (frame) return createPortal(<FrameLayer look={frame} player={player} still={still} />, player.el());
  if (!still || shown?.type !== "scene" || shown.id !== scene.id) return null;
  const boxes = boxesAt([...shown.result.people, ...shown.result.unknown], still.time, TOLERANCE);
  if (boxes.length === 0) return null;
  return createPortal(<div className="sai sai-overlay"><Boxes boxes={boxes} outer={still} frame={pictureOf(player, scene)} /></div>, player.el());
};

/** The picture's size: `videoWidth` is 0 before the first play. */
function pictureOf(player: Player, scene: { width: number; height: number }): { width: number; height: number } {
  return player.videoWidth() > 0 ? { width: player.videoWidth(), height: player.videoHeight() } : { width: scene.width, height: scene.height };
}

/** "Identify this frame": boxes over the picture and a line below it that leads to the review. Gone at play or seek. */
const FrameLayer: React.FC<{ look: FrameLook; player: Player; still: { time: number; width: number; height: number } | undefined }> = ({ look, player, still }) => {
  const app = useApp();
  const t = useText();
  const scene = useStore(app.scene);
  const state = useStore(look.session.store);
  const moved = still && Math.abs(still.time - look.time) > TOLERANCE;
  const playing = !player.paused();
  React.useEffect(() => {
    if (!moved && !playing) return;
    look.session.pause();
    app.frame.set(null);
  }, [app, look, moved, playing]);

  const { result, phase } = state;
  const rows = result ? [...result.people, ...result.unknown] : [];
  // What needs an answer or an explanation belongs into the dialog.
  React.useEffect(() => {
    if (phase === "asking" || phase === "failed") openReview(app, look.session.target, scene?.title ?? "");
  }, [app, look, phase, scene?.title]);

  const boxes: NamedBox[] = rows.flatMap((row) => row.boxes.slice(0, 1).map((box) => ({ row, box })));
  const outer = still ?? { width: player.el().clientWidth, height: player.el().clientHeight };
  return (
    <div className="sai sai-overlay">
      {scene && <Boxes boxes={boxes} outer={outer} frame={pictureOf(player, scene)} />}
      <div className="sai-overlay-line" aria-live="polite">
        {phase === "done" || rows.length ? (
          <span>{rows.length ? t.list([...new Set(rows.map((row) => row.name ?? t("unknownPerson")))]) : t("frameNobody")}</span>
        ) : (
          <Waiting text={t("starting")} />
        )}
        {rows.length > 0 && <Button size="sm" onClick={() => openReview(app, look.session.target, scene?.title ?? "")}>{t("reviewAll")}</Button>}
        <Button size="sm" variant="secondary" onClick={() => app.frame.set(null)}>{t("goAway")}</Button>
      </div>
    </div>
  );
};

export const Boxes: React.FC<{ boxes: NamedBox[]; outer: { width: number; height: number }; frame?: { width: number; height: number } }> = ({ boxes, outer, frame }) => {
  const app = useApp();
  const t = useText();
  const pointed = useStore(app.pointed);
  return (
    <>
      {boxes.map(({ row, box }) => {
        const place = placeBox(box, outer, frame);
        const name = row.name ?? t("unknownPerson");
        const sure = row.performer_id && row.probability != null ? ` ${t.percent(row.probability)}` : "";
        const low = place.top + place.height + 26 > outer.height;
        return (
          <div key={row.key} className={`sai-box ${row.performer_id ? "" : "sai-box-unknown"} ${pointed === row.key ? "sai-box-on" : ""}`} style={place}>
            <span className={low ? "sai-box-above" : ""}>{name}{sure && <b>{sure}</b>}</span>
          </div>
        );
      })}
    </>
  );
};
