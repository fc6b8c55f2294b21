/** The dialog that opens at once and fills: people seen, best first, with what to do about each; one button adds the ticked ones. */
import * as React from "react";
import { Alert, Button, Form, Modal } from "react-bootstrap";
import { targetKey } from "../app";
import type { Review } from "../app";
import { useApp, useFocusBack, useShortcutsPaused, useStore } from "../context";
import { Badge, Bar, Empty, Trouble } from "../parts/basics";
import { useKeyboard } from "./keyboard";
import { useNext } from "./next";
import { PersonRow } from "./PersonRow";
import { SetupProgress, SetupQuestion } from "./Setup";
import { useReview } from "./useReview";
import type { ReviewState } from "./useReview";

const TITLES = { scene: "whoScene", image: "whoImage", gallery: "whoGallery" } as const;

export const ReviewDialog: React.FC = () => {
  const app = useApp();
  const review = useStore(app.review);
  // Another scene starts anew: what was said, warned of or focused belongs to the one before.
  return review ? <Dialog key={targetKey(review.target)} review={review} /> : null;
};

const Dialog: React.FC<{ review: Review }> = ({ review }) => {
  const it = useReview(review);
  const { app, t, session, state } = it;
  const scene = useStore(app.scene);
  const next = useNext(review, it.finished);
  const [searching, setSearching] = React.useState<string | null>(null);
  const keyboard = useKeyboard(it, searching !== null, setSearching);
  useShortcutsPaused(!review.minimized);
  useFocusBack();

  const close = () => {
    session.pause();
    app.review.set(null);
  };
  if (review.minimized) {
    return (
      <Button className="sai-return" variant="primary" onClick={() => app.review.set({ ...review, minimized: false })}>
        {t("back")}
      </Button>
    );
  }
  // A scene of the queue without a title: its page knows the file's name.
  const title = review.title || (scene?.id === review.target.id ? scene.title : "");
  const titleKey = review.target.mode === "frame" ? "whoFrame" : TITLES[review.target.type];
  return (
    <Modal show size="xl" scrollable onHide={close} dialogClassName="sai sai-review" aria-labelledby="sai-review-title" animation={false}>
      <Modal.Header closeButton closeLabel={t("close")}>
        <Modal.Title id="sai-review-title" as="h4">
          {t(titleKey)}
          {title && <small className="sai-soft">{title}</small>}
        </Modal.Title>
        <Progress it={it} />
      </Modal.Header>
      <Modal.Body onKeyDown={keyboard.onKeyDown}>
        {state.phase === "asking" && state.plan && <SetupQuestion plan={state.plan} onAccept={session.acceptSetup} onCancel={close} />}
        {state.phase === "installing" && <SetupProgress setup={state.setup} />}
        {state.phase === "failed" && state.failure && <Trouble error={state.failure} retry={() => session.start()} />}
        {state.phase === "paused" && <Button onClick={() => session.start()}>{t("goOn")}</Button>}
        {it.rows.length === 0 && state.phase === "done" && <Empty text={t("nobody")} hint={t("nobodyHint")} />}
        {it.rows.length === 0 && (state.phase === "working" || state.phase === "starting") && <Placeholders />}
        <ul className="sai-rows" aria-label={t(titleKey)}>
          {it.rows.map((item, index) => (
            <PersonRow
              key={item.row.key}
              ref={keyboard.refOf(index)}
              tabIndex={index === keyboard.active ? 0 : -1}
              onFocus={() => keyboard.setActive(index)}
              item={item}
              actions={it.actionsOf(item)}
              addFrom={it.addFrom}
              job={it.job}
              searching={searching === item.row.key}
              setSearching={(open) => setSearching(open ? item.row.key : null)}
            />
          ))}
        </ul>
      </Modal.Body>
      {(it.rows.length > 0 || !["asking", "installing", "failed"].includes(state.phase)) && <Footer it={it} next={next} onKeyDown={keyboard.onKeyDown} />}
    </Modal>
  );
};

const Placeholders: React.FC = () => (
  <div className="sai-placeholders" aria-hidden="true">
    {[0, 1, 2].map((index) => <div key={index} className="sai-row"><i /><i /><b /></div>)}
  </div>
);

const Progress: React.FC<{ it: ReviewState }> = ({ it }) => {
  const { t, state } = it;
  const { job, result, phase, waiting } = state;
  const working = phase === "working" || phase === "starting";
  const compared = result?.compared;
  const partly = compared && compared.done < compared.total;
  if (phase === "asking" || phase === "installing" || phase === "failed") return null;
  return (
    <div className="sai-progress" aria-live="polite">
      {working && <Bar fraction={job && job.progress > 0 ? job.progress : null} label={t("looking")} />}
      <div className="sai-progress-text sai-soft">
        <span>{working ? (waiting ? t.said(waiting) : t(result ? "looking" : "starting")) : t(phase === "paused" ? "stPaused" : "stCompleted")}</span>
        {result?.provisional && <Badge kind="warn" title={t("firstLookHint")}>{t("firstLook")}</Badge>}
        {partly && <span>{t("said:compared-with", { done: compared.done, total: compared.total })}</span>}
        {result?.note && <span>{result.note}</span>}
        {state.notice && <span>{t.said(state.notice)} {t.said(state.notice) !== state.notice.text && t("hereInstead")}</span>}
      </div>
    </div>
  );
};

const Footer: React.FC<{ it: ReviewState; next: ReturnType<typeof useNext>; onKeyDown: React.KeyboardEventHandler }> = ({ it, next, onKeyDown }) => {
  const { t, names, busy } = it;
  const nobody = names.length === 0;
  const list = names.length > 3 ? [...names.slice(0, 2), `+${names.length - 2}`] : names;
  return (
    <Modal.Footer onKeyDown={onKeyDown}>
      {it.warned && <Alert variant="warning" className="sai-trouble">{t("unsaved")}</Alert>}
      {it.gallery && <WhereTo it={it} />}
      <span className="sai-keys sai-soft" aria-hidden="true">{t("keys")}</span>
      {next && (
        <Button variant="secondary" disabled={busy} onClick={() => (nobody ? next.go() : void it.add(next.go))} title={next.ready ? t("nextReady") : undefined}>
          {nobody ? t("skipToNext") : t("addAndNext")}
          {next.ready && <span className="sai-dot" aria-hidden="true" />}
        </Button>
      )}
      <Button variant={it.warned ? "warning" : "primary"} disabled={busy || nobody} onClick={() => void it.add()} data-sai="add">
        {it.warned ? t("addAnyway") : nobody ? t("addNobody") : t("add", { names: t.list(list) })}
      </Button>
    </Modal.Footer>
  );
};

const WhereTo: React.FC<{ it: ReviewState }> = ({ it }) => {
  const { t, where, setWhere } = it;
  return (
    <fieldset className="sai-where">
      <legend>{t("applyTo")}</legend>
      <Form.Check id="sai-where-gallery" label={t("galleryToo")} checked={where.gallery} onChange={() => setWhere({ ...where, gallery: !where.gallery })} />
      <Form.Check id="sai-where-images" label={t("eachImage")} checked={where.images} onChange={() => setWhere({ ...where, images: !where.images })} />
    </fieldset>
  );
};
