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
          <Form.Control autoFocus className="text-input" value={typed} placeholder={ask} aria-label={ask} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
          <small className="sai-soft">{ask}</small>
        </Modal.Body>
        <Modal.Footer>
          <Button variant="secondary" onClick={onClose}>{t("cancel")}</Button>
          <Button variant="danger" type="submit" disabled={!same}>{button}</Button>
        </Modal.Footer>
      </Form>
    </Modal>
  );
};
