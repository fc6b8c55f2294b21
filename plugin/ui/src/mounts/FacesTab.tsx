/** What is known about the faces of this scene, image or gallery: a lane a person over the time line; nothing is started by looking. */
import * as React from "react";
import { Button } from "react-bootstrap";
import { openReview } from "../app";
import { useApp, useLoaded, useStore, useText } from "../context";
import { showMoment } from "../host";
import { timeCode } from "../lib/time";
import { Badge, Empty, Face, PerformerLink, Probability, Trouble, Waiting } from "../parts/basics";
import { runTitle, useUndoQuestion } from "../parts/UndoRun";
import { ADD_FROM } from "../review/useReview";
import type { EntityType, Result, Row } from "../types";
import { Timeline } from "./Timeline";

export const FacesTab: React.FC<{ type: EntityType; id: string; title: string }> = ({ type, id, title }) => {
  const app = useApp();
  const t = useText();
  const changes = useStore(app.changes);
  const review = useStore(app.review);
  const { data, error, loading, reload } = useLoaded(() => app.ops.faces(type, id), [type, id, changes, review === null]);
  const look = (again: boolean) => {
    const target = { type, id, mode: "auto" as const };
    if (again) {
      app.forget(target);
      app.session(target).start(true);
    }
    openReview(app, target, title);
  };

  React.useEffect(() => {
    app.overlay.set(data ? { type, id, result: data } : null);
    return () => app.overlay.set(null);
  }, [app, type, id, data]);

  if (error) return <div className="sai"><Trouble error={error} retry={reload} /></div>;
  if (!data) {
    return (
      <div className="sai sai-tab">
        {loading ? <Waiting /> : <Empty text={t("tabEmpty")}><Button onClick={() => look(false)}>{t("identify")}</Button></Empty>}
      </div>
    );
  }
  return (
    <div className="sai sai-tab">
      <Faces result={data} onReview={() => look(false)} onAgain={() => look(true)} />
      <Written type={type} id={id} changes={changes} />
    </div>
  );
};

/** What we wrote here, for good: undo does not end with the toast. */
const Written: React.FC<{ type: EntityType; id: string; changes: number }> = ({ type, id, changes }) => {
  const app = useApp();
  const t = useText();
  const { data, reload } = useLoaded(() => app.ops.runs(1, { type, id }), [type, id, changes]);
  const undo = useUndoQuestion(reload);
  const runs = data?.filter((run) => !run.undone) ?? [];
  if (runs.length === 0) return null;
  return (
    <>
      <h4 className="h6">{t("writtenHere")}</h4>
      <ul className="sai-written">
        {runs.map((run) => (
          <li key={run.run}>
            <span>{runTitle(t, run)}</span>
            <time className="sai-soft">{t.date(run.when)}</time>
            <Button size="sm" variant="secondary" onClick={() => undo.ask(run.run)}>{t("undo")}</Button>
          </li>
        ))}
      </ul>
      {undo.question}
    </>
  );
};

const Faces: React.FC<{ result: Result; onReview(): void; onAgain(): void }> = ({ result, onReview, onAgain }) => {
  const t = useText();
  const rows = [...result.people, ...result.unknown].filter((row) => row.state !== "skipped");
  const open = result.people.filter((row) => !row.tagged && (row.state === "proposed" || row.state === "ticked")).length;
  return (
    <>
      <div className="sai-tab-head">
        {open > 0 && <Button size="sm" onClick={onReview}>{t("reviewHere", { n: open })}</Button>}
        <Button size="sm" variant="secondary" onClick={onAgain}>{t("lookAgain")}</Button>
        {result.provisional && <Badge kind="warn" title={t("firstLookHint")}>{t("firstLook")}</Badge>}
      </div>
      {rows.length === 0 ? (
        <Empty text={t("nobody")} hint={t("nobodyHint")} />
      ) : (
        <>
          <ul className="sai-lanes" aria-label={t("timeline")}>
            {rows.map((row) => <Lane key={row.key} row={row} duration={result.duration ?? 0} />)}
          </ul>
          {!!result.duration && <div className="sai-ends sai-soft"><span>{timeCode(0)}</span><span>{timeCode(result.duration / 2)}</span><span>{timeCode(result.duration)}</span></div>}
        </>
      )}
    </>
  );
};

const Lane: React.FC<{ row: Row; duration: number }> = ({ row, duration }) => {
  const app = useApp();
  const t = useText();
  const pointed = useStore(app.pointed);
  const seek = (time: number) => {
    showMoment(time);
    app.pointed.set(row.key);
  };
  const name = row.name ?? t("unknownPerson");
  return (
    <li className={pointed === row.key ? "sai-lane sai-lane-on" : "sai-lane"} onMouseEnter={() => app.pointed.set(row.key)}>
      <button type="button" className="sai-lane-face" onClick={() => row.best_time != null && seek(row.best_time)} aria-label={name}>
        <Face src={row.crop} label={name} size="s" />
      </button>
      <div>
        <div className="sai-name">
          {row.performer_id ? <PerformerLink id={row.performer_id} name={name} /> : <span className="sai-soft">{name}</span>}
          {row.state === "applied" || row.tagged ? (
            <Badge kind={row.state === "applied" ? "good" : "soft"}>{row.state === "applied" ? t("applied") : t("tagged")}</Badge>
          ) : (
            row.probability != null && row.performer_id && <Probability value={row.probability} addFrom={ADD_FROM} />
          )}
          {row.images?.length ? (
            <small className="sai-soft">{t("inImages", { n: row.images.length })}</small>
          ) : (
            row.times.length > 0 && <small className="sai-soft">{t("inFrames", { n: row.frames })}</small>
          )}
        </div>
        {duration > 0 && <Timeline row={row} duration={duration} label={`${t("seenAt")} ${row.times.map(timeCode).join(", ")}`} onSeek={seek} />}
      </div>
    </li>
  );
};
