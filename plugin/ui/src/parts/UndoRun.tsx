/** Taking a run back: its name and count are shown before anything is removed. */
import * as React from "react";
import { Button, Modal } from "react-bootstrap";
import { useApp, useShortcutsPaused, useText, useToast } from "../context";
import { undoRun } from "../review/actions";
import type { Undone } from "../types";

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
        <p>{preview.count > 0 ? t("undoAsk", { n: preview.count, name: preview.name }) : t("undoNothing")}</p>
        {preview.skipped.length > 0 && <ul className="sai-soft">{preview.skipped.map((line) => <li key={line}>{line}</li>)}</ul>}
      </Modal.Body>
      <Modal.Footer>
        <Button variant="secondary" onClick={onNo}>{t("cancel")}</Button>
        <Button variant="primary" autoFocus disabled={preview.count === 0} onClick={onYes}>{t("undoRun")}</Button>
      </Modal.Footer>
    </Modal>
  );
};
