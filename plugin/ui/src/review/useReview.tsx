/** The state of an open review: the running look, the user's decisions, and what its buttons do. */
import * as React from "react";
import { Button } from "react-bootstrap";
import type { App, Review } from "../app";
import { useApp, useLoaded, useStore, useText, useToast } from "../context";
import { showMoment } from "../host";
import { UNDO_SHOWN, addedText, apply, undoRun, unsavedForm } from "./actions";
import { accepted, decide, namesToAdd, noChoices, reviewRows } from "./choices";
import type { Decision, ReviewRow } from "./choices";
import type { RowActions } from "./PersonRow";

export const ADD_FROM = 0.95;

function useAddFrom(app: App, ready: boolean): number {
  const { data } = useLoaded(() => (ready ? app.ops.settings() : Promise.resolve(null)), [app, ready]);
  return data?.add_from ?? ADD_FROM;
}

export function useReview(review: Review) {
  const app = useApp();
  const t = useText();
  const toast = useToast();
  const session = app.session(review.target);
  const state = useStore(session.store);
  const [choices, dispatch] = React.useReducer(decide, noChoices);
  const [busy, setBusy] = React.useState(false);
  const [warned, setWarned] = React.useState(false);
  const [where, setWhere] = React.useState({ gallery: true, images: false });
  const lastRun = React.useRef<string | null>(null);
  const addFrom = useAddFrom(app, !!state.result);
  const rows = reviewRows(state.result, choices, addFrom);
  const names = namesToAdd(rows);
  const job = state.job?.id ?? null;
  const gallery = review.target.type === "gallery";

  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      toast.error(error);
    } finally {
      setBusy(false);
    }
  };

  const add = (then?: () => void) =>
    attempt(async () => {
      if (!job) return;
      if (unsavedForm() && !warned) return setWarned(true);
      const accept = accepted(rows, gallery && where.images);
      if (accept.length > 0) {
        const applied = await apply(app, job, accept, gallery ? where.gallery : undefined);
        const { run } = applied;
        lastRun.current = run;
        const onUndo = run ? () => void undoRun(app, toast, run) : null;
        toast.toast({ content: <AddedToast text={addedText(app, applied)} undo={t("undo")} onUndo={onUndo} />, delay: UNDO_SHOWN });
      }
      app.forget(review.target);
      then ? then() : app.review.set(null);
    });

  /** Decisions about names are told to the backend, which proposes a rejected name no more. */
  const verdict = (row: ReviewRow, what: "not" | "skip") => {
    dispatch({ kind: "verdict", key: row.row.key, verdict: what });
    if (job) app.ops.decide(job, row.row.key, what, row.row.performer_id ?? undefined).catch((error: unknown) => toast.error(error));
  };

  const takeBack = (row: ReviewRow) => {
    const sure = !!row.row.performer_id && !row.row.tagged && (row.row.probability ?? 0) >= addFrom;
    dispatch({ kind: "tick", key: row.row.key, ticked: sure });
    tellTakenBack(row.row.key);
  };

  const tellTakenBack = (key: string) => {
    const performer = rows.find((one) => one.row.key === key)?.row.performer_id ?? undefined;
    if (job) app.ops.decide(job, key, "none", performer).catch((error: unknown) => toast.error(error));
  };

  const undo = () => {
    const last = choices.history[choices.history.length - 1];
    if (last) {
      if (choices.byRow[last.key]?.verdict && !last.before?.verdict) tellTakenBack(last.key);
      return dispatch({ kind: "undo" });
    }
    const run = lastRun.current;
    lastRun.current = null;
    if (run) void undoRun(app, toast, run);
  };

  const actionsOf = (item: ReviewRow): RowActions => ({
    tick: (ticked) => dispatch({ kind: "tick", key: item.row.key, ticked }),
    choose: (performer) => dispatch({ kind: "choose", key: item.row.key, performer }),
    create: (name) =>
      void attempt(async () => {
        if (!job) return;
        const made = await app.ops.createPerformer(job, item.row.key, name);
        dispatch({ kind: "choose", key: item.row.key, performer: { id: made.performer_id, name } });
      }),
    verdict: (what) => verdict(item, what),
    takeBack: () => takeBack(item),
    seek(time) {
      if (!showMoment(time)) return;
      app.pointed.set(item.row.key);
      app.review.set({ ...review, minimized: true });
    },
  });

  const finished = state.phase === "done" || state.phase === "failed";
  return { app, t, session, state, rows, names, addFrom, busy, warned, where, setWhere, add, undo, actionsOf, job, finished, gallery, dispatch: dispatch as React.Dispatch<Decision> };
}

export type ReviewState = ReturnType<typeof useReview>;

/** Lives among Stash's toasts, outside of our own mounts. */
const AddedToast: React.FC<{ text: string; undo: string; onUndo: (() => void) | null }> = ({ text, undo, onUndo }) => (
  <span className="sai-toast">
    {text}
    {/* A click on a toast's text makes Stash open it in a dialog for errors. */}
    {onUndo && <Button size="sm" variant="link" onClick={(event) => (event.stopPropagation(), onUndo())}>{undo}</Button>}
  </span>
);
