import * as React from "react";
import { Button, Form, Modal } from "react-bootstrap";
import { useShortcutsPaused, useText } from "../context";

interface Props {
  title: string;
  text: string;
  ask: string;
  word: string;
  button: string;
  onConfirm(word: string): void;
  onClose(): void;
}

/** What cannot be taken back needs a word to be typed. */
export const ConfirmTyped: React.FC<Props> = ({ title, text, ask, word, button, onConfirm, onClose }) => {
  const t = useText();
  const [typed, setTyped] = React.useState("");
  useShortcutsPaused(true);
  const same = typed.trim() === word;
  const confirm = (event: React.FormEvent) => {
    event.preventDefault();
    if (!same) return;
    onConfirm(typed.trim());
    onClose();
  };
  return (
    <Modal show onHide={onClose} dialogClassName="sai" animation={false} aria-labelledby="sai-confirm">
      <Form onSubmit={confirm}>
        <Modal.Header><Modal.Title id="sai-confirm" as="h5">{title}</Modal.Title></Modal.Header>
        <Modal.Body>
          <p>{text}</p>
          <Form.Label htmlFor="sai-confirm-word">{ask}</Form.Label>
          <Form.Control autoFocus id="sai-confirm-word" className="text-input" value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
        </Modal.Body>
        <Modal.Footer>
          <Button variant="secondary" onClick={onClose}>{t("cancel")}</Button>
          <Button variant="danger" type="submit" disabled={!same}>{button}</Button>
        </Modal.Footer>
      </Form>
    </Modal>
  );
};
