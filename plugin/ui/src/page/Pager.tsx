import * as React from "react";
import { Button } from "react-bootstrap";
import { useText } from "../context";

/** Back and forth between pages; nothing when there is only one. */
export const Pager: React.FC<{ page: number; total: number; perPage: number; onPage(page: number): void }> = ({ page, total, perPage, onPage }) => {
  const t = useText();
  const last = Math.max(1, Math.ceil(total / perPage));
  if (last <= 1) return null;
  return (
    <nav className="sai-pager">
      <Button size="sm" variant="secondary" disabled={page <= 1} aria-label="‹" onClick={() => onPage(page - 1)}>‹</Button>
      <span>{t("ofItems", { done: page, total: last })}</span>
      <Button size="sm" variant="secondary" disabled={page >= last} aria-label="›" onClick={() => onPage(page + 1)}>›</Button>
    </nav>
  );
};
