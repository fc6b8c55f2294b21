/** Running and past jobs; a job opens to its items, each with whom it shows or why it failed. */
import * as React from "react";
import { Button } from "react-bootstrap";
import { Link } from "react-router-dom";
import { failureText } from "../api/graphql";
import { openReview } from "../app";
import { useApp, useLoaded, useText, useToast } from "../context";
import type { Key } from "../i18n/translate";
import { Badge, Bar, Empty, Filters, Read } from "../parts/basics";
import type { EntityType, JobItem, JobRow, Status } from "../types";
import { Pager } from "./Pager";

const STATES: Record<JobRow["state"], { text: Key; kind: "soft" | "good" | "warn" | "bad" }> = {
  pending: { text: "stPending", kind: "soft" },
  processing: { text: "stProcessing", kind: "warn" },
  completed: { text: "stCompleted", kind: "good" },
  failed: { text: "stFailed", kind: "bad" },
  cancelled: { text: "stCancelled", kind: "soft" },
  paused: { text: "stPaused", kind: "soft" },
};
const FILTERS = ["processing", "completed", "failed"] as const;
const FOLDERS: Record<EntityType, string> = { scene: "scenes", image: "images", gallery: "galleries" };

export const Jobs: React.FC<{ status: Status | undefined }> = ({ status }) => {
  const app = useApp();
  const t = useText();
  const [page, setPage] = React.useState(1);
  const [state, setState] = React.useState("");
  const running = status?.running ?? [];
  // What ended or began shows in the list; progress of what runs comes with the status.
  const names = running.map((job) => job.id).join();
  const read = useLoaded(() => app.ops.jobs(page, state || undefined), [page, state, names]);
  const live = new Map(running.map((job) => [job.id, job]));
  return (
    <Read of={read}>
      {({ jobs, pages }) => (
        <>
          <Filters options={[["", t("all")], ...FILTERS.map((one) => [one, t(STATES[one].text)] as const)]} value={state} onChange={(one) => (setState(one), setPage(1))} />
          {jobs.length === 0 ? <Empty icon="clock" text={t("noJobs")} /> : (
            <ul className="sai-jobs">{jobs.map((job) => <Job key={job.id} job={live.get(job.id) ?? job} reload={read.reload} />)}</ul>
          )}
          <Pager page={page} pages={pages} onPage={setPage} />
        </>
      )}
    </Read>
  );
};

const Job: React.FC<{ job: JobRow; reload(): void }> = ({ job, reload }) => {
  const app = useApp();
  const t = useText();
  const toast = useToast();
  const [open, setOpen] = React.useState(false);
  const { entity } = job;
  const active = job.state === "processing" || job.state === "pending" || job.state === "paused";
  const act = (work: Promise<unknown>) => void work.then(reload, (error: unknown) => toast.error(error));
  // A click's job goes on in its review, a task's in Stash's queue.
  const goOn = () => (entity ? openReview(app, { type: entity.type, id: entity.id, mode: "auto" }, entity.name) : act(app.ops.retry(job.id)));
  const note = job.said ? t.said(job.said) : "";
  const when = job.ended ?? job.started ?? job.created;
  return (
    <li className="sai-card">
      <div className="sai-job">
        <button type="button" className="sai-job-title" aria-expanded={open} onClick={() => setOpen(!open)}>
          <span className={open ? "sai-caret sai-caret-open" : "sai-caret"} aria-hidden="true">›</span>
          {entity ? <>{t("identify")}<span className="sr-only"> {entity.name}</span></> : job.title}
        </button>
        {entity && <Link className="sai-job-of" to={`/${FOLDERS[entity.type]}/${entity.id}`}>{entity.name}</Link>}
        <Badge kind={STATES[job.state].kind}>{t(STATES[job.state].text)}</Badge>
        {job.total > 1 && <span className="sai-soft">{t("ofItems", { done: job.done, total: job.total })}</span>}
        {job.failed > 0 && <Badge kind="bad">{t("failedItems", { n: job.failed })}</Badge>}
        {when && <time className="sai-soft">{t.date(when)}</time>}
        {job.state === "paused" && <Button size="sm" onClick={goOn}>{t("goOn")}</Button>}
        {active && <Button size="sm" variant="secondary" onClick={() => act(app.ops.cancel(job.id))}>{t("cancel")}</Button>}
        {(job.state === "failed" || job.state === "cancelled" || job.failed > 0) && !active && <Button size="sm" variant="secondary" onClick={() => act(app.ops.retry(job.id))}>{t("retry")}</Button>}
      </div>
      {active && (job.state !== "paused" || job.progress > 0) && <Bar fraction={job.progress} label={job.title} />}
      {job.error ? <p className="sai-error">{failureText(t, job.error)}</p> : note && <p className="sai-soft">{note}</p>}
      {open && <Items job={job} />}
    </li>
  );
};

const Items: React.FC<{ job: JobRow }> = ({ job }) => {
  const app = useApp();
  const t = useText();
  const [page, setPage] = React.useState(1);
  const read = useLoaded(() => app.ops.job(job.id, page), [job.id, page, job.done]);
  return (
    <Read of={read}>
      {({ items, pages }) => items.length === 0 ? <p className="sai-soft">{t("noItems")}</p> : (
        <div className="sai-table">
          <table>
            <tbody>{items.map((item) => <Item key={item.key} item={item} />)}</tbody>
          </table>
          <Pager page={page} pages={pages} onPage={setPage} />
        </div>
      )}
    </Read>
  );
};

const Item: React.FC<{ item: JobItem }> = ({ item }) => {
  const t = useText();
  const error = item.error ? failureText(t, item.error) : "";
  const known = item.state in STATES ? STATES[item.state as JobRow["state"]] : undefined;
  return (
    <tr>
      <td>{item.type && item.id ? <Link to={`/${FOLDERS[item.type]}/${item.id}`}>{item.name || item.key}</Link> : item.name || item.key}</td>
      <td>{error ? <span className="sai-error">{error}</span> : item.people?.length ? t.list(item.people.map((person) => `${person.name} ${t.percent(person.probability)}`)) : <span className="sai-soft">{item.told || "–"}</span>}</td>
      <td><Badge kind={error ? "bad" : known?.kind ?? "good"}>{error ? t("stFailed") : known ? t(known.text) : t("stCompleted")}</Badge></td>
    </tr>
  );
};
