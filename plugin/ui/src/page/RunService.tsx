/** A service that somebody added, run with its parameters: a job like every other. */
import * as React from "react";
import { Button, Form, Modal } from "react-bootstrap";
import { useApp, useShortcutsPaused, useText, useToast } from "../context";
import type { ServiceRow } from "../types";

function read(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

export const RunService: React.FC<{ service: ServiceRow; onClose(): void }> = ({ service, onClose }) => {
  const app = useApp();
  const t = useText();
  const toast = useToast();
  const [text, setText] = React.useState(JSON.stringify(service.parameters, null, 2));
  useShortcutsPaused(true);
  const params = read(text);
  const run = (event: React.FormEvent) => {
    event.preventDefault();
    if (!params) return;
    void app.ops.runService(service.name, params, service.where !== "local").then(
      () => (toast.success(t("serviceQueued", { name: service.name })), onClose()),
      (error: unknown) => toast.error(error),
    );
  };
  return (
    <Modal show onHide={onClose} dialogClassName="sai" animation={false} aria-labelledby="sai-service">
      <Form onSubmit={run}>
        <Modal.Header><Modal.Title id="sai-service" as="h5">{service.name}</Modal.Title></Modal.Header>
        <Modal.Body>
          <Form.Label htmlFor="sai-service-params">{t("parameters")}</Form.Label>
          <Form.Control autoFocus as="textarea" rows={6} id="sai-service-params" className="text-input" value={text} isInvalid={!params} spellCheck={false} onChange={(event) => setText(event.target.value)} />
        </Modal.Body>
        <Modal.Footer>
          <Button variant="secondary" onClick={onClose}>{t("cancel")}</Button>
          <Button type="submit" disabled={!params}>{t("runService")}</Button>
        </Modal.Footer>
      </Form>
    </Modal>
  );
};
