/** Everything that was written to Stash, run by run, each with a way back. */
import * as React from "react";
import { Button } from "react-bootstrap";
import { useApp, useLoaded, useStore, useText } from "../context";
import { Badge, Empty, Read } from "../parts/basics";
import { runTitle, useUndoQuestion } from "../parts/UndoRun";
import { Turn } from "./Pager";

const RUNS_A_PAGE = 25;

export const History: React.FC = () => {
  const app = useApp();
  const t = useText();
  const [page, setPage] = React.useState(1);
  const changes = useStore(app.changes);
  const read = useLoaded(() => app.ops.runs(page), [page, changes]);
  const undo = useUndoQuestion(read.reload);
  return (
    <Read of={read}>
      {(data) => data.length === 0 && page === 1 ? <Empty icon="undo" text={t("noRuns")} /> : (
        <>
          <ul className="sai-jobs">
            {data.map((run) => (
              <li key={run.run} className="sai-card sai-job">
                <span className="sai-job-title">{runTitle(t, run)}</span>
                <span className="sai-soft">{t("changes", { n: run.count })}</span>
                <time className="sai-soft">{t.date(run.when)}</time>
                {run.undone ? <Badge>{t("wasUndone")}</Badge> : <Button size="sm" variant="secondary" onClick={() => undo.ask(run.run)}>{t("undoRun")}</Button>}
              </li>
            ))}
          </ul>
          <Turn page={page} more={data.length >= RUNS_A_PAGE} onPage={setPage} />
          {undo.question}
        </>
      )}
    </Read>
  );
};
