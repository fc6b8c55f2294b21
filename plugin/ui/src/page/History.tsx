/** Everything that was written to Stash, run by run, each with a way back. */
import * as React from "react";
import { Button, Modal } from "react-bootstrap";
import { useApp, useLoaded, useText } from "../context";
import { Badge, Empty, Trouble, Waiting } from "../parts/basics";
import { undoRun } from "../review/actions";
import type { Undone } from "../types";

export const History: React.FC = () => {
  const app = useApp();
  const t = useText();
  const toast = window.PluginApi.hooks.useToast();
  const [page, setPage] = React.useState(1);
  const [asking, setAsking] = React.useState<{ run: string; preview: Undone } | null>(null);
  const { data, error, reload } = useLoaded(() => app.ops.runs(page), [page]);
  if (error && !data) return <Trouble error={error} retry={reload} />;
  if (!data) return <Waiting />;
  if (data.length === 0 && page === 1) return <Empty icon="undo" text={t("noRuns")} />;
  const ask = (run: string) => app.ops.undo(run, true).then((preview) => setAsking({ run, preview }), (failure: unknown) => toast.error(failure));
  const undo = async (run: string) => {
    setAsking(null);
    await undoRun(app, toast, run);
    reload();
  };
  return (
    <>
      <ul className="sai-jobs">
        {data.map((run) => (
          <li key={run.run} className="sai-card sai-job">
            <span className="sai-job-title">{run.title}</span>
            <span className="sai-soft">{t("changes", { n: run.count })}</span>
            <time className="sai-soft">{t.date(run.when)}</time>
            {run.undone ? <Badge>{t("wasUndone")}</Badge> : <Button size="sm" variant="secondary" onClick={() => void ask(run.run)}>{t("undoRun")}</Button>}
          </li>
        ))}
      </ul>
      <nav className="sai-pager">
        {page > 1 && <Button size="sm" variant="secondary" aria-label="‹" onClick={() => setPage(page - 1)}>‹</Button>}
        {data.length >= RUNS_A_PAGE && <Button size="sm" variant="secondary" aria-label="›" onClick={() => setPage(page + 1)}>›</Button>}
      </nav>
      {asking && (
        <Modal show onHide={() => setAsking(null)} dialogClassName="sai" animation={false} aria-label={t("undoRun")}>
          <Modal.Body>
            <p>{t("undoAsk", { n: asking.preview.count, name: asking.preview.name })}</p>
            {asking.preview.skipped.length > 0 && <ul className="sai-soft">{asking.preview.skipped.map((line) => <li key={line}>{line}</li>)}</ul>}
          </Modal.Body>
          <Modal.Footer>
            <Button variant="secondary" onClick={() => setAsking(null)}>{t("cancel")}</Button>
            <Button variant="primary" autoFocus onClick={() => void undo(asking.run)}>{t("undoRun")}</Button>
          </Modal.Footer>
        </Modal>
      )}
    </>
  );
};

const RUNS_A_PAGE = 25;
