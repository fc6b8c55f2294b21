/** Taking a run back: its name and count are shown before anything is removed. */
import * as React from "react";
import { Button, Modal } from "react-bootstrap";
import { useApp, useShortcutsPaused, useText, useToast } from "../context";
import { undoRun } from "../review/actions";
import type { Translator } from "../i18n/translate";
import type { RunRow, Undone } from "../types";

/** What a run wrote, in one line: who was added or made, and where. */
export function runTitle(t: Translator, { names: all = [], created = [], about, title }: RunRow): string {
  // Performers that are gone have no name any more.
  const names = all.filter(Boolean);
  const who = names.length ? t.list(names.slice(0, MOST_NAMES)) + (names.length > MOST_NAMES ? " …" : "") : created.length ? t("newPeople", { names: t.list(created) }) : "";
  return who ? [who, about].filter(Boolean).join(" – ") : title;
}

const MOST_NAMES = 5;

interface Asking {
  run: string;
  preview: Undone;
}

/** `ask(run)` opens the question, which `question` shows; `onDone` is called when it was answered with yes. */
export function useUndoQuestion(onDone: () => void): { ask(run: string): void; question: React.ReactNode } {
  const app = useApp();
  const toast = useToast();
  const [asking, setAsking] = React.useState<Asking | null>(null);
  const ask = (run: string) => void app.ops.undo(run, true).then((preview) => setAsking({ run, preview }), (failure: unknown) => toast.error(failure));
  const undo = async (run: string) => {
    setAsking(null);
    await undoRun(app, toast, run);
    onDone();
  };
  return { ask, question: asking && <Question asking={asking} onNo={() => setAsking(null)} onYes={() => void undo(asking.run)} /> };
}

const Question: React.FC<{ asking: Asking; onNo(): void; onYes(): void }> = ({ asking: { preview }, onNo, onYes }) => {
  const t = useText();
  useShortcutsPaused(true);
  return (
    <Modal show onHide={onNo} dialogClassName="sai" animation={false} aria-label={t("undoRun")}>
      <Modal.Body>
        <p>{preview.count > 0 ? t("undoAsk", { n: preview.count, name: preview.names?.length ? t.list(preview.names) : preview.name }) : t("undoNothing")}</p>
        {preview.stays.length > 0 && <ul className="sai-soft">{preview.stays.map((one) => <li key={one.text}>{t.said(one)}</li>)}</ul>}
      </Modal.Body>
      <Modal.Footer>
        <Button variant="secondary" onClick={onNo}>{t("cancel")}</Button>
        <Button variant="primary" autoFocus disabled={preview.count === 0} onClick={onYes}>{t("undoRun")}</Button>
      </Modal.Footer>
    </Modal>
  );
};
